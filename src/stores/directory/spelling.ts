// File systems that take several names for one: those that ignore case, or tell no Unicode forms apart. There, the
// object "batch_id=a" would be the object "batch_id=A" of another batch.

import type { BigIntStats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unlessMissing } from "./errors.js";

/** Whether the file that was found under a key below `root` may have another name there, and the key is no object. */
export async function isSpelledOtherwise(root: string, key: string, found: BigIntStats): Promise<boolean> {
  return (await isFoundBySpelling(root, key, found)) && (await misspelled(root, key)) !== undefined;
}

/** Whether the file system ignores case where this file is. */
export async function ignoresCase(path: string): Promise<boolean> {
  const found = await lstat(path, { bigint: true });
  return isFoundBySpelling(dirname(path), basename(path), found);
}

/** The first name in a key that is in its directory in another spelling only. */
export async function misspelled(root: string, key: string): Promise<string | undefined> {
  let directory = root;
  for (const name of key.split("/")) {
    const path = join(directory, name);
    const isThere = (await unlessMissing(lstat(path))) !== undefined;
    if (isThere && !(await readdir(directory)).includes(name)) return name;
    directory = path;
  }
  return undefined;
}

/** Whether the same file is found under another spelling of a key: the file system folds names, or it is a link. */
async function isFoundBySpelling(root: string, key: string, found: BigIntStats): Promise<boolean> {
  const spellings = new Set([otherCase(key), key.normalize("NFC"), key.normalize("NFD")]);
  spellings.delete(key);
  for (const spelling of spellings) {
    const other = await unlessMissing(lstat(join(root, spelling), { bigint: true }));
    if (other !== undefined && other.ino === found.ino && other.dev === found.dev) return true;
  }
  return false;
}

function otherCase(text: string): string {
  return Array.from(text, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())).join("");
}
