// The files that a run reads as one input: a single file, or the parts of a batch in the order of their names. As for
// Spark, a directory stands for the files in it, and names that begin with `.` or `_` do not count.

import { readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { Failure, systemFailure } from "./failure.js";
import { Input, inputName } from "./input.js";

/** How the files are read. */
export interface InputPartsOptions {
  /** What "-" stands for; nothing by default. */
  readonly stdin?: Readable;
  /** How far a compressed file may expand, as for {@link Input}. */
  readonly maxExpansion?: number;
}

/** A directory, with the names of the files in it that count. */
interface Listing {
  readonly directory: string;
  readonly names: readonly string[];
}

/**
 * Files to read, one after the other. Their names differ, and so do the files: a part that comes twice, by another
 * name, is an error. A file or a directory that changes before the run has read it all is one, too.
 */
export class InputParts {
  /** What the input is called in messages. */
  readonly name: string;
  readonly inputs: readonly Input[];
  /** The name of each file without its directory, in order. */
  readonly names: readonly string[];
  /** Whether they are parts of something: the files of a directory, or several files. */
  readonly areParts: boolean;
  readonly #listings: readonly Listing[];

  private constructor(paths: readonly string[], options: InputPartsOptions) {
    const { stdin = Readable.from([]), maxExpansion } = options;
    const isDirectory = paths.map(isDirectoryAt);
    this.areParts = paths.length > 1 || isDirectory.includes(true);
    this.name = paths.length > 1 ? `${inputName(paths[0] as string)} and ${paths.length - 1} more` : nameOf(paths);
    this.#listings = paths.filter((_, i) => isDirectory[i]).map(listed);
    const files = paths
      .filter((_, i) => !isDirectory[i])
      .map((path) => ({ path, name: basename(path) }))
      .concat(
        this.#listings.flatMap(({ directory, names }) => names.map((name) => ({ path: join(directory, name), name }))),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    this.names = files.map(({ name }) => name);
    this.inputs = files.map(({ path }) => new Input(path, stdin, maxExpansion));
    if (this.areParts) this.#requireParts();
  }

  /**
   * The files that the paths stand for: files, directories, or "-" alone. Throws a Failure when there are none, when
   * one cannot be read, and when two are one file or have one name.
   */
  static of(paths: readonly string[], options: InputPartsOptions = {}): InputParts {
    return new InputParts(paths, options);
  }

  /** Bytes on disk; undefined when something else than regular files is read. */
  get size(): number | undefined {
    return this.inputs.reduce<number | undefined>(
      (sum, { size }) => (sum === undefined || size === undefined ? undefined : sum + size),
      0,
    );
  }

  /** How many bytes of the files were read so far, before decompression. */
  get bytesRead(): number {
    return this.inputs.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  }

  /**
   * Throws a Failure when a directory has other files than at the start. To be asked when all were read, as each file
   * is asked for itself.
   */
  requireComplete(): void {
    for (const { directory, names } of this.#listings) {
      const [before, now] = [new Set(names), new Set(namesIn(directory))];
      const appeared = [...now].find((name) => !before.has(name));
      const changed = appeared ?? names.find((name) => !now.has(name));
      if (changed === undefined) continue;
      throw new Failure(
        `${directory} has changed since this run began: ${changed} has ${appeared === undefined ? "gone" : "appeared"}`,
        "run again when nothing writes to it any more",
      );
    }
  }

  /** Throws a Failure when a file or a directory is not what it was at the start. */
  requireUnchanged(): void {
    for (const input of this.inputs) input.requireUnchanged();
    this.requireComplete();
  }

  /** Closes what was not read to its end. */
  close(): void {
    for (const input of this.inputs) input.close();
  }

  /** Throws a Failure unless all are regular files, with different names. */
  #requireParts(): void {
    const byIdentity = new Map<string, Input>();
    for (const [i, input] of this.inputs.entries()) {
      const { identity, name } = input;
      if (identity === undefined) {
        throw new Failure(`cannot read ${name} as a part: is not a regular file`, "a pipe or - can only be read alone");
      }
      const [same, before] = [byIdentity.get(identity), this.inputs[i - 1]];
      if (same !== undefined) throw new Failure(`${same.name} and ${name} are one file`, "each part counts once");
      if (before !== undefined && this.names[i - 1] === this.names[i]) {
        throw new Failure(`${before.name} and ${name} have one name`, "the names of parts say which is which");
      }
      byIdentity.set(identity, input);
    }
  }
}

function nameOf([path = ""]: readonly string[]): string {
  return inputName(path);
}

function isDirectoryAt(path: string): boolean {
  if (path === "-") return false;
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}

/** The files in a directory. Throws a Failure when there are none, or when there is a directory among them. */
function listed(directory: string): Listing {
  const names = namesIn(directory);
  if (names.length > 0) return { directory, names };
  const isMarked = statSync(join(directory, "_SUCCESS"), { throwIfNoEntry: false }) !== undefined;
  throw new Failure(
    isMarked ? `${directory} has no parts besides _SUCCESS` : `${directory} has no files`,
    isMarked
      ? "whoever wrote it says that it is complete: were its parts lost?"
      : "names that begin with . or _ do not count",
  );
}

function namesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true }).filter(({ name }) => !/^[._]/.test(name));
    const inner = entries.find(
      (entry) => entry.isDirectory() || (entry.isSymbolicLink() && isDirectoryAt(join(directory, entry.name))),
    );
    if (inner !== undefined) {
      throw new Failure(
        `cannot read ${directory}: it holds a directory, ${inner.name}`,
        "name the directory of one batch",
      );
    }
    return entries.map(({ name }) => name);
  } catch (error) {
    throw systemFailure(error, `cannot read ${directory}`);
  }
}
