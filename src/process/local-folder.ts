// A directory of the work directory that is there whole or not at all: a file beside it, `NAME.json`, describes it and
// comes last. Whatever a killed run left without one is made again.

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { syncDirectory, writeAll } from "../files/disk.js";
import { systemCode, systemFailure } from "../files/failure.js";

/** What a folder holds: files, with whatever else is known. */
export interface FolderContent {
  readonly parts: readonly { readonly name: string; readonly size: number }[];
}

/** A folder that files are written into, or read from. */
export interface Folder {
  readonly directory: string;
  pathOf(name: string): string;
  /** Makes the empty directory. */
  create(): void;
}

/** Work is for its owner alone: verification messages are for no client. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

export class LocalFolder<T extends FolderContent> implements Folder {
  readonly directory: string;
  readonly #description: string;

  constructor(directory: string) {
    this.directory = directory;
    this.#description = `${directory}.json`;
  }

  pathOf(name: string): string {
    return join(this.directory, name);
  }

  /** What the folder holds, or undefined when it is not complete. */
  read(): T | undefined {
    try {
      const content = JSON.parse(readFileSync(this.#description, "utf8")) as T;
      const isWhole = content.parts.every(({ name, size }) => statSync(this.pathOf(name)).size === size);
      return isWhole ? content : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || systemCode(error) === "ENOENT") return undefined;
      throw systemFailure(error, `cannot read ${this.directory}`);
    }
  }

  /** What the folder holds; made anew by `work` when it is not complete. */
  async make(work: () => Promise<T>): Promise<T> {
    const before = this.read();
    if (before !== undefined) return before;
    this.remove();
    makePrivate(dirname(this.directory));
    const content = await work();
    this.#write(content);
    return content;
  }

  create(): void {
    makePrivate(this.directory);
  }

  remove(): void {
    try {
      // The description goes first: without it, nothing in the directory counts.
      rmSync(this.#description, { force: true });
      rmSync(this.directory, { recursive: true, force: true });
    } catch (error) {
      throw systemFailure(error, `cannot remove ${this.directory}`);
    }
  }

  /** The files must be on disk. */
  #write(content: T): void {
    try {
      syncDirectory(this.directory);
      const temporary = `${this.#description}.tmp`;
      writeSynced(temporary, Buffer.from(`${JSON.stringify(content)}\n`));
      renameSync(temporary, this.#description);
      syncDirectory(dirname(this.directory));
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#description}`);
    }
  }
}

/** Makes a directory and those above it, for their owner alone. */
export function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
  } catch (error) {
    throw systemFailure(error, `cannot make ${directory}`);
  }
}

function writeSynced(path: string, bytes: Buffer): void {
  const fd = openSync(path, "w", FILE_MODE);
  try {
    writeAll(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a file piece by piece, and puts it on disk. */
export class NewFile {
  readonly #path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#fd = this.#try(() => openSync(path, "w", FILE_MODE));
  }

  write(piece: Buffer): void {
    this.#try(() => writeAll(this.#fd as number, piece));
  }

  complete(): void {
    this.#try(() => fsyncSync(this.#fd as number));
    this.close();
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#path}`);
    }
  }
}
