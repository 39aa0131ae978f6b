// Copies the parts of a folder between a store and the work directory, in both directions, and takes the digest of each
// on the way.

import { createHash } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { Failure, systemCode, systemFailure } from "../files/failure.js";
import { contentOfFile } from "../stores/content.js";
import type { Store } from "../stores/store.js";
import { type Folder, NewFile } from "./local-folder.js";
import { isPartName, MAX_PARTS, type Part } from "./manifest.js";

/** Parts of one folder that are under way at a time. */
const AT_A_TIME = 4;

/** A part as a store has it. */
export interface StoredPart {
  readonly name: string;
  readonly key: string;
  readonly size: number;
  readonly version: string;
}

/** What is in a folder of a store: its parts, in the order of their names, and the names of all else. */
export interface StoredFolder {
  readonly parts: readonly StoredPart[];
  readonly others: readonly string[];
}

/** Lists a folder. Throws a Failure when it has too many parts, or one with a name that no part can have. */
export async function listFolder(store: Store, folder: string): Promise<StoredFolder> {
  const parts: StoredPart[] = [];
  const others: string[] = [];
  for await (const { key, size, version } of store.list(`${folder}/`)) {
    const name = key.slice(folder.length + 1);
    if (/^[._]/.test(name) || name.includes("/")) others.push(name);
    else if (!isPartName(name))
      throw new Failure(`${store.name}/${folder}: no part can be called ${JSON.stringify(name)}`);
    else parts.push({ name, key, size, version });
    if (parts.length + others.length > 2 * MAX_PARTS) break;
  }
  if (parts.length + others.length > MAX_PARTS) {
    throw new Failure(`${store.name}/${folder}: has more than ${MAX_PARTS} parts`);
  }
  return { parts, others };
}

/** A part that was fetched, and its name in the local folder. */
export interface FetchedPart extends Part {
  readonly localName: string;
}

/**
 * Fetches parts into a local folder that is made for them. Throws the store's errors, among them `changed` when a part
 * is another one than was listed.
 */
export function fetchParts(
  store: Store,
  parts: readonly StoredPart[],
  folder: Folder,
  localName: (part: StoredPart, index: number) => string,
): Promise<FetchedPart[]> {
  folder.create();
  return mapAtATime(parts, async (part, i) => {
    const name = localName(part, i);
    const file = new NewFile(folder.pathOf(name));
    const hash = createHash("sha256");
    try {
      for await (const piece of store.read(part.key, part.version)) {
        hash.update(piece);
        file.write(piece);
      }
      file.complete();
    } finally {
      file.close();
    }
    return { name: part.name, size: part.size, sha256: hash.digest("hex"), localName: name };
  });
}

/**
 * Writes the parts of a local folder into a folder of a store, where they are not yet. A list beside the local folder
 * says which versions this run, or one before it, has written there.
 */
export async function putParts(
  folder: Folder,
  parts: readonly Part[],
  store: Store,
  storeFolder: string,
): Promise<void> {
  const there = await listFolder(store, storeFolder);
  const versions = new Map(there.parts.map(({ name, version }) => [name, version]));
  const list = new WrittenList(`${folder.directory}.written`, `${store.name}/${storeFolder}`);
  const wanted = new Set(parts.map(({ name }) => name));
  // What is none of the parts would be read as one.
  for (const { name, key } of there.parts) if (!wanted.has(name)) await store.delete(key);
  const missing = parts.filter((part) => !list.has(part, versions.get(part.name)));
  await mapAtATime(missing, async (part) => {
    const { version } = await store.write(`${storeFolder}/${part.name}`, contentOfFile(folder.pathOf(part.name)));
    list.add(part, version);
  });
}

/** Which objects were written, as lines of a file. Lines that a crash took are written anew, and so are the objects. */
class WrittenList {
  readonly #path: string;
  readonly #place: string;
  readonly #lines: Set<string>;

  constructor(path: string, place: string) {
    this.#path = path;
    this.#place = place;
    try {
      this.#lines = new Set(readFileSync(path, "utf8").split("\n"));
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw systemFailure(error, `cannot read ${path}`);
      this.#lines = new Set();
    }
  }

  has(part: Part, version: string | undefined): boolean {
    return version !== undefined && this.#lines.has(this.#line(part, version));
  }

  add(part: Part, version: string): void {
    try {
      appendFileSync(this.#path, `${this.#line(part, version)}\n`, { mode: 0o600 });
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#path}`);
    }
  }

  #line({ name, sha256 }: Part, version: string): string {
    return JSON.stringify([this.#place, name, sha256, version]);
  }
}

/** As Promise.all over `work`, a few at a time. After the first that fails no other begins, and those that run end. */
async function mapAtATime<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const errors: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      const i = next++;
      try {
        results[i] = await work(items[i] as T, i);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
  return results;
}
