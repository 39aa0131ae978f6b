// Which names objects can have: those that mean the same object in every store. A peer chooses names too, so a key must
// not lead out of a directory, and must not steer a terminal.

import { isTemporaryName } from "../files/temporary-files.js";
import { StoreError } from "./store.js";

/** In bytes of UTF-8, as in S3. */
const MAX_KEY = 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for control characters.
const UNUSABLE = /[\x00-\x1f\x7f\\]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Why a text is no key, or null when it is one. A key is a path of names between slashes, of at most 1024 bytes in
 * UTF-8, without control characters and backslashes. No name is empty, "." or "..", or looks like a temporary file.
 */
export function whyNoKey(key: string): string | null {
  const names = key.split("/");
  if (names.includes("")) return "a name in it is empty";
  return whyNoPrefix(key) ?? (isTemporaryName(names.at(-1) as string) ? "it is a temporary name" : null);
}

/** As `whyNoKey`, for the beginning of a key: it may be empty, and end with a slash. */
function whyNoPrefix(prefix: string): string | null {
  const names = prefix.split("/");
  if (names.slice(0, -1).includes("")) return "a name in it is empty";
  if (names.includes(".") || names.includes("..")) return 'a name in it is "." or ".."';
  if (UNUSABLE.test(prefix)) return "it has a control character or a backslash";
  if (LONE_SURROGATE.test(prefix)) return "it is no text in UTF-8";
  if (Buffer.byteLength(prefix) > MAX_KEY) return `it is longer than ${MAX_KEY} bytes`;
  return null;
}

/** Throws `refused` when a text is no key. `attempt` is what it was for, such as `cannot read`. */
export function requireKey(key: string, attempt: string, store: string): void {
  refuse(key, whyNoKey(key), attempt, store);
}

/** Throws `refused` when a text cannot be the beginning of a key. */
export function requirePrefix(prefix: string, attempt: string, store: string): void {
  refuse(prefix, whyNoPrefix(prefix), attempt, store);
}

function refuse(key: string, reason: string | null, attempt: string, store: string): void {
  if (reason !== null) throw new StoreError("refused", attempt, `no such name is used: ${reason}`, { store, key });
}

/** The order of listings: by the bytes in UTF-8. JavaScript's own order differs for characters beyond U+FFFF. */
export function compareKeys(x: string, y: string): number {
  return Buffer.compare(Buffer.from(x), Buffer.from(y));
}
