// A store in a directory, which may be on a network file system. An object is a file, and a name in its key a
// directory. Renames stay within one directory, so they never cross devices.

import type { BigIntStats } from "node:fs";
import { constants, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { requireKey, requirePrefix } from "../keys.js";
import type { StoreSettings } from "../settings.js";
import { type Content, type Store, type StoredObject, StoreError, type WriteOptions } from "../store.js";
import { directoryError, withoutStaleHandles } from "./errors.js";
import { ignoresCase, misspelled } from "./spelling.js";
import { type FoundFile, Tree } from "./tree.js";
import { NotWritten, removeFile, writeWholeFile } from "./write.js";

/** Bytes read at once. */
const PIECE = 2 ** 18;

/** The objects are the regular files below a directory. */
export class DirectoryStore implements Store {
  readonly name: string;
  readonly #tree: Tree;
  readonly #signal: AbortSignal | undefined;
  /** Directories that this run has written into before. */
  readonly #swept = new Set<string>();

  /** @param path of a directory that is there by the time of the first request */
  constructor(path: string, { signal }: Pick<StoreSettings, "signal"> = {}) {
    this.name = path;
    this.#tree = new Tree(path);
    this.#signal = signal;
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const attempt = "cannot list";
    requirePrefix(prefix, attempt, this.name);
    try {
      for await (const found of this.#tree.walk(prefix, attempt)) {
        this.#requireTime(attempt, prefix);
        yield described(found.key, found.stats);
      }
    } catch (error) {
      throw directoryError(error, attempt, this.name, prefix);
    }
  }

  stat(key: string): Promise<StoredObject | undefined> {
    return this.#try("cannot look up", key, async (attempt) => {
      const found = await this.#tree.find(key, attempt);
      return found && described(key, found.stats);
    });
  }

  async *read(key: string, version?: string): AsyncGenerator<Buffer> {
    const attempt = "cannot read";
    const file = await this.#try(attempt, key, async () => {
      const found = await this.#found(key, attempt);
      // A pipe that has taken the file's place must not hold us up.
      return open(found.path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    });
    try {
      const before = await file.stat({ bigint: true });
      if (!before.isFile()) throw this.#error("refused", attempt, key, "it is not a regular file");
      if (version !== undefined && versionOf(before) !== version) throw this.#changed(attempt, key);
      let length = 0;
      for (;;) {
        this.#requireTime(attempt, key);
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, null);
        length += bytesRead;
        if (bytesRead === 0) break;
        if (length > before.size) throw this.#changed(attempt, key);
        yield buffer.subarray(0, bytesRead);
      }
      if (versionOf(await file.stat({ bigint: true })) !== versionOf(before)) throw this.#changed(attempt, key);
      if (BigInt(length) !== before.size) {
        throw this.#error("damaged", attempt, key, `expected ${before.size} bytes, got ${length}`);
      }
    } catch (error) {
      throw directoryError(error, attempt, this.name, key);
    } finally {
      await file.close();
    }
  }

  write(key: string, content: Content, { ifAbsent = false }: WriteOptions = {}): Promise<StoredObject> {
    return this.#try("cannot write", key, async (attempt) => {
      const path = await this.#tree.makeWay(key, attempt);
      // Spares the bytes. The link at the end of the write is what decides.
      if (ifAbsent && (await this.#tree.find(key, attempt)) !== undefined) throw new NotWritten("exists");
      const check = (temporary: string) => this.#requireSpelling(temporary, key, attempt);
      const bytes = this.#timed(content.read(), attempt, key);
      const sweeps = !this.#swept.has(dirname(path));
      this.#swept.add(dirname(path));
      return described(key, await writeWholeFile({ path, size: content.size, bytes, ifAbsent, sweeps, check }));
    });
  }

  delete(key: string): Promise<void> {
    return this.#try("cannot delete", key, async (attempt) => {
      if ((await this.#tree.find(key, attempt)) === undefined) return;
      // A link goes, and not the file that it leads to.
      await removeFile(join(await this.#tree.root(attempt), key));
    });
  }

  async #found(key: string, attempt: string): Promise<FoundFile> {
    const found = await this.#tree.find(key, attempt);
    if (found === undefined) throw this.#error("not-found", attempt, key, "there is no such object");
    return found;
  }

  /** Where names that differ in case mean one file, refuses to write over another object, or into its folder. */
  async #requireSpelling(temporary: string, key: string, attempt: string): Promise<void> {
    if (!(await ignoresCase(temporary))) return;
    const name = await misspelled(await this.#tree.root(attempt), key);
    if (name === undefined) return;
    const reason = `the file system takes ${name} for a name that is there in another spelling`;
    throw this.#error("refused", attempt, key, reason);
  }

  async *#timed(bytes: AsyncIterable<Buffer>, attempt: string, key: string): AsyncGenerator<Buffer> {
    for await (const piece of bytes) {
      this.#requireTime(attempt, key);
      yield piece;
    }
  }

  #requireTime(attempt: string, key: string): void {
    if (this.#signal?.aborted === true) throw this.#error("unavailable", attempt, key, "it took too long");
  }

  /** Runs one request on a key. */
  async #try<T>(attempt: string, key: string, work: (attempt: string) => Promise<T>): Promise<T> {
    requireKey(key, attempt, this.name);
    this.#requireTime(attempt, key);
    try {
      return await withoutStaleHandles(() => work(attempt));
    } catch (error) {
      if (error instanceof NotWritten) throw this.#notWritten(error, attempt, key);
      throw directoryError(error, attempt, this.name, key);
    }
  }

  #notWritten({ why }: NotWritten, attempt: string, key: string): StoreError {
    if (why === "exists") return this.#error("exists", attempt, key, "there is such an object already");
    if (why === "wrong-size") return this.#error("damaged", attempt, key, "what was to be written changed meanwhile");
    const hint = "use a directory on another file system for what only one run may write";
    const reason = "the file system has no hard links, so two runs could both write it";
    return new StoreError("refused", attempt, reason, { store: this.name, key, hint });
  }

  #changed(attempt: string, key: string): StoreError {
    return this.#error("changed", attempt, key, "the object is another one now");
  }

  #error(code: StoreError["code"], attempt: string, key: string, reason: string): StoreError {
    return new StoreError(code, attempt, reason, { store: this.name, key });
  }
}

function described(key: string, stats: BigIntStats): StoredObject {
  return { key, size: Number(stats.size), version: versionOf(stats) };
}

/** A network file system can be mounted anew, so the device does not count. */
function versionOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}-${size}-${mtimeNs}`;
}
