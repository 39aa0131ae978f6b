// Small objects of a store in one piece: manifests, locks, notices.

import { Failure } from "../files/failure.js";
import { contentOf } from "../stores/content.js";
import { type Store, StoreError } from "../stores/store.js";

/**
 * The bytes of an object, or undefined when there is none. Throws a Failure for one with more than `maxBytes`, of which
 * no more are read, and the store's errors.
 */
export async function readSmall(store: Store, key: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    const object = await store.stat(key);
    if (object === undefined) return undefined;
    if (object.size > maxBytes) {
      throw new Failure(`${store.name}/${key}: expected at most ${maxBytes} bytes, got ${object.size}`);
    }
    const pieces: Buffer[] = [];
    for await (const piece of store.read(key, object.version)) pieces.push(piece);
    return Buffer.concat(pieces);
  } catch (error) {
    // It went between the two requests, or became another one: whoever waits for it looks again.
    if (error instanceof StoreError && (error.code === "not-found" || error.code === "changed")) return undefined;
    throw error;
  }
}

/** Writes a small object, unless one with the same bytes is there. */
export async function putSmall(store: Store, key: string, text: string): Promise<void> {
  if (!(await isThere(store, key, text))) await store.write(key, contentOf(text));
}

/** Whether an object with just this text is there. */
export async function isThere(store: Store, key: string, text: string): Promise<boolean> {
  const bytes = Buffer.from(text);
  const there = await store.stat(key);
  if (there?.size !== bytes.length) return false;
  return bytes.length === 0 || (await readSmall(store, key, bytes.length))?.equals(bytes) === true;
}
