// Finds the file of a key below a directory. Links may lead to other files below it, and not out of it: whoever else
// writes there could let us read or write what is not theirs.

import type { BigIntStats, Dirent } from "node:fs";
import { lstat, mkdir, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { trySyncDirectory } from "../../files/disk.js";
import { systemCode } from "../../files/failure.js";
import { isTemporaryName } from "../../files/temporary-files.js";
import { whyNoKey } from "../keys.js";
import { StoreError } from "../store.js";
import { unlessMissing } from "./errors.js";
import { isSpelledOtherwise } from "./spelling.js";

/** A file, by the path that has no links in it. */
export interface FoundFile {
  readonly key: string;
  readonly path: string;
  readonly stats: BigIntStats;
}

/** What a network file system calls a file that was removed while a process has it open. */
const REMOVED = /^\.nfs[0-9a-f]{8,}$/;

/** The directory of a store, and what is below it. */
export class Tree {
  readonly name: string;
  #root: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /**
   * The directory's path without links. Fails with `not-found` when it is not there: it is never made, since it may be
   * the place for a network file system that is not mounted.
   */
  async root(attempt: string): Promise<string> {
    this.#root ??= await unlessMissing(realpath(this.name));
    const stats = this.#root === undefined ? undefined : await unlessMissing(stat(this.#root));
    if (this.#root === undefined || stats?.isDirectory() !== true) {
      const reason = stats === undefined ? "there is no such directory" : "it is not a directory";
      const hint = "it is not made by itself: is the file system mounted?";
      throw new StoreError("not-found", attempt, reason, { store: this.name, hint });
    }
    return this.#root;
  }

  /** The file of a key, or undefined when there is none. */
  async find(key: string, attempt: string): Promise<FoundFile | undefined> {
    const root = await this.root(attempt);
    const path = await unlessMissing(realpath(join(root, key)));
    if (path === undefined) return undefined;
    this.#requireInside(root, path, attempt, key);
    const stats = await unlessMissing(lstat(path, { bigint: true }));
    if (stats === undefined || stats.isDirectory()) return undefined;
    if (!stats.isFile()) throw this.#refused(attempt, key, "it is not a regular file");
    return (await isSpelledOtherwise(root, key, stats)) ? undefined : { key, path, stats };
  }

  /** Makes the directories above a key, and returns the path of its file, which may be there or not. */
  async makeWay(key: string, attempt: string): Promise<string> {
    const root = await this.root(attempt);
    const names = key.split("/");
    const file = names.pop() as string;
    let path = root;
    for (const name of names) {
      const next = join(path, name);
      const stats = (await unlessMissing(lstat(next))) ?? (await makeDirectory(path, next));
      path = stats?.isSymbolicLink() === true ? await realpath(next) : next;
      this.#requireInside(root, path, attempt, key);
    }
    return join(path, file);
  }

  /** All files whose keys begin with `prefix`, in the order of their keys' bytes. */
  async *walk(prefix: string, attempt: string): AsyncGenerator<FoundFile> {
    const root = await this.root(attempt);
    const above = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    const path = await unlessMissing(realpath(join(root, above)));
    if (path === undefined) return;
    if (above !== "") {
      this.#requireInside(root, path, attempt, above);
      const stats = await unlessMissing(lstat(path, { bigint: true }));
      if (stats === undefined || (await isSpelledOtherwise(root, above.slice(0, -1), stats))) return;
    }
    yield* this.#below(path, above, prefix, attempt);
  }

  /**
   * @param path without links
   * @param above its key, with a slash at its end unless it is empty
   */
  async *#below(path: string, above: string, prefix: string, attempt: string): AsyncGenerator<FoundFile> {
    for (const entry of await entriesOf(path)) {
      const name = entry.name.toString();
      const key = above + name;
      if (!key.startsWith(prefix) || isTemporaryName(name) || REMOVED.test(name)) continue;
      const reason = entry.name.equals(Buffer.from(name)) ? whyNoKey(key) : "it is no text in UTF-8";
      if (reason !== null) throw this.#refused(attempt, key, `no such name is used: ${reason}`);
      if (entry.isDirectory()) yield* this.#below(join(path, name), `${key}/`, prefix, attempt);
      else yield* await this.#listed(join(path, name), key, attempt);
    }
  }

  /** The file of a directory's entry, or nothing when it has gone meanwhile. */
  async #listed(path: string, key: string, attempt: string): Promise<FoundFile[]> {
    const stats = await unlessMissing(lstat(path, { bigint: true }));
    if (stats?.isFile() === true) return [{ key, path, stats }];
    const found = await this.find(key, attempt);
    if (found !== undefined) return [found];
    // Such a link could lead in a circle. Its files must not be missed either.
    const target = await unlessMissing(stat(path));
    if (target?.isDirectory() === true) throw this.#refused(attempt, key, "it is a link to a directory");
    return [];
  }

  #requireInside(root: string, path: string, attempt: string, key: string): void {
    if (!path.startsWith(root.endsWith("/") ? root : `${root}/`)) {
      throw this.#refused(attempt, key, "a link leads out of the directory");
    }
  }

  #refused(attempt: string, key: string, reason: string): StoreError {
    return new StoreError("refused", attempt, reason, { store: this.name, key });
  }
}

/** Makes a directory, unless somebody else just did. */
async function makeDirectory(parent: string, path: string): Promise<undefined> {
  try {
    await mkdir(path);
    trySyncDirectory(parent);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
}

/** What is in a directory, in the order of the keys below it; nothing when it has gone. */
async function entriesOf(path: string): Promise<Dirent<Buffer>[]> {
  const entries = (await unlessMissing(readdir(path, { encoding: "buffer", withFileTypes: true }))) ?? [];
  // The file "a.json" comes before the files of the directory "a", whose keys begin with "a/".
  const order = (entry: Dirent<Buffer>): Buffer =>
    entry.isDirectory() ? Buffer.concat([entry.name, Buffer.from("/")]) : entry.name;
  return entries
    .map((entry) => ({ entry, order: order(entry) }))
    .sort((x, y) => Buffer.compare(x.order, y.order))
    .map(({ entry }) => entry);
}
