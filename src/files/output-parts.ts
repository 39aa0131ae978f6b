// What a run writes for an input of one file or of many parts: one file, or a directory with a file for each part,
// which appears whole, with `_SUCCESS` in it. The files are written one after the other, so that only one is open.

import { accessSync, constants, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { trySyncDirectory } from "./disk.js";
import { Failure, systemCode, systemFailure } from "./failure.js";
import { canonicalPath } from "./file-identity.js";
import { type Output, type OutputStreams, openNewOutput, openOutput, type PendingOutput } from "./output.js";
import { MARKER, mark, OutputDirectory } from "./output-directory.js";
import { Queue, withRejectionHandled } from "./queue.js";
import { isTemporaryName } from "./temporary-files.js";

/** Takes ASCII text for each part, the parts in order. */
export interface PartedOutput extends PendingOutput {
  write(part: number, text: string): Promise<void>;
  /** How many bytes it has so far, compressed if it is. */
  readonly bytesWritten: number;
}

/** One file, or standard output, for all parts. */
export class SingleOutput implements PartedOutput {
  readonly #output: Output;
  readonly #endsLines: boolean;

  /** With `endsLines`, each text that does not end with a newline gets one. */
  constructor(output: Output, endsLines = false) {
    this.#output = output;
    this.#endsLines = endsLines;
  }

  get bytesWritten(): number {
    return this.#output.bytesWritten;
  }

  write(_part: number, text: string): Promise<void> {
    return this.#output.write(this.#endsLines && !text.endsWith("\n") ? `${text}\n` : text);
  }

  complete(): Promise<void> {
    return this.#output.complete();
  }

  appear(canTakeBack: boolean): void {
    this.#output.appear(canTakeBack);
  }

  takeBack(): void {
    this.#output.takeBack();
  }

  settle(changed: Set<string>): void {
    this.#output.settle(changed);
  }

  discard(): void {
    this.#output.discard();
  }
}

/** The files of a run over parts. */
export interface PartFiles {
  readonly directory: string;
  /** A name for each part. They differ. */
  readonly names: readonly string[];
  /** Permissions of the files, before the umask. */
  readonly mode?: number;
  /** Whether the parts are written in any order: then all files are open at once. */
  readonly anyOrder?: boolean;
}

/**
 * A directory with a file for each part. It may be missing or empty, or have the files of an earlier run over the same
 * parts, which it replaces. Where a directory can take the place of another, it appears whole; where it cannot, as at a
 * mount point, its files do one after the other, `_SUCCESS` last. Throws a Failure when it cannot be written, or holds
 * anything else, which would be lost or be taken for a part.
 */
export function openParts(files: PartFiles, streams: OutputStreams): PartedOutput {
  try {
    const path = canonicalPath(files.directory);
    if (canBeReplaced(path)) return new WholeDirectory(path, files);
    requireNothingElse(path, files, (name) => /^[._]/.test(name));
    return new FilesInPlace(path, files, streams);
  } catch (error) {
    throw systemFailure(error, `cannot write ${files.directory}`);
  }
}

/** Files that are on their way to disk at once. */
const MAX_COMPLETING = 8;

/** Opens the file of a part when its turn comes, and completes the one before while it is written. */
class PartWriter {
  readonly outputs: Output[] = [];
  readonly #count: number;
  readonly #open: (part: number) => Output;
  readonly #anyOrder: boolean;
  readonly #completing = new Queue<Promise<void>>(MAX_COMPLETING, (completion) => completion);

  constructor({ names, anyOrder = false }: PartFiles, open: (part: number) => Output) {
    this.#count = names.length;
    this.#anyOrder = anyOrder;
    this.#open = open;
  }

  get bytesWritten(): number {
    return this.outputs.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }

  async write(part: number, text: string): Promise<void> {
    await this.#goTo(part);
    await this.outputs[part]?.write(text);
  }

  /** Also makes the files of parts without a row. */
  async complete(): Promise<void> {
    await this.#goTo(this.#count - 1);
    if (this.#anyOrder) for (const output of this.outputs) await output.complete();
    else await this.#completeLast();
    await this.#completing.drain();
  }

  discard(): void {
    for (const output of this.outputs) output.discard();
  }

  async #goTo(part: number): Promise<void> {
    while (this.outputs.length <= part) {
      if (!this.#anyOrder) await this.#completeLast();
      this.outputs.push(this.#open(this.outputs.length));
    }
  }

  async #completeLast(): Promise<void> {
    const last = this.outputs.at(-1);
    if (last !== undefined) await this.#completing.push(withRejectionHandled(last.complete()));
  }
}

/** The directory takes its place in one piece. */
class WholeDirectory implements PartedOutput {
  readonly #path: string;
  readonly #files: PartFiles;
  readonly #directory: OutputDirectory;
  readonly #writer: PartWriter;

  constructor(path: string, files: PartFiles) {
    this.#path = path;
    this.#files = files;
    this.#requireReplaceable();
    this.#directory = new OutputDirectory(path, "inside");
    const { temporary } = this.#directory;
    const { directory, names, mode } = files;
    this.#writer = new PartWriter(files, (part) => {
      const name = names[part] as string;
      return openNewOutput(join(temporary, name), join(directory, name), mode);
    });
  }

  get bytesWritten(): number {
    return this.#writer.bytesWritten;
  }

  write(part: number, text: string): Promise<void> {
    return this.#writer.write(part, text);
  }

  async complete(): Promise<void> {
    await this.#writer.complete();
    await this.#directory.complete();
  }

  appear(): void {
    // Something may have come since the run began.
    this.#requireReplaceable();
    this.#directory.appear();
  }

  takeBack(): void {
    this.#directory.takeBack();
  }

  settle(): void {
    this.#directory.settle();
  }

  discard(): void {
    this.#writer.discard();
    this.#directory.discard();
  }

  #requireReplaceable(): void {
    // Hadoop writes a checksum beside each file.
    const marks = new Set([MARKER, ...this.#files.names].map((name) => `.${name}.crc`).concat(MARKER));
    const isUnfinished = (name: string) => isTemporaryName(name) && name.endsWith(".tmp");
    requireNothingElse(this.#path, this.#files, (name) => marks.has(name) || isUnfinished(name));
  }
}

/** The files appear in a directory that stays. */
class FilesInPlace implements PartedOutput {
  readonly #path: string;
  readonly #marker: string;
  readonly #writer: PartWriter;
  #hadMarker = false;
  #there: Output[] = [];

  constructor(path: string, files: PartFiles, streams: OutputStreams) {
    const { names, mode } = files;
    this.#path = path;
    this.#marker = join(path, MARKER);
    this.#writer = new PartWriter(files, (part) => openOutput(join(path, names[part] as string), streams, mode));
  }

  get bytesWritten(): number {
    return this.#writer.bytesWritten;
  }

  write(part: number, text: string): Promise<void> {
    return this.#writer.write(part, text);
  }

  complete(): Promise<void> {
    return this.#writer.complete();
  }

  appear(): void {
    this.#hadMarker = statSync(this.#marker, { throwIfNoEntry: false }) !== undefined;
    this.#try(() => rmSync(this.#marker, { force: true }));
    try {
      for (const output of this.#writer.outputs) {
        output.appear(true);
        this.#there.push(output);
      }
    } catch (error) {
      this.takeBack();
      throw error;
    }
  }

  takeBack(): void {
    for (const output of this.#there.reverse()) output.takeBack();
    this.#there = [];
    if (this.#hadMarker) this.#try(() => mark(this.#marker));
  }

  settle(changed: Set<string>): void {
    for (const output of this.#writer.outputs) output.settle(changed);
    trySyncDirectory(this.#path);
    this.#try(() => mark(this.#marker));
  }

  discard(): void {
    this.#writer.discard();
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#marker}`);
    }
  }
}

/** Throws a Failure when the directory holds anything but parts of these names and what `mayBeThere` allows. */
function requireNothingElse(
  path: string,
  { directory, names }: PartFiles,
  mayBeThere: (name: string) => boolean,
): void {
  const own = new Set(names);
  let foreign: string | undefined;
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    foreign = entries.find((entry) => !(entry.isFile() && (own.has(entry.name) || mayBeThere(entry.name))))?.name;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw error;
  }
  if (foreign === undefined) return;
  throw new Failure(
    `cannot write the parts to ${directory}: it holds ${foreign}, which is none of them`,
    "give the parts of a batch a directory of their own",
  );
}

/** Whether the directory can give its name to another: not at a mount point, nor above where this process works. */
function canBeReplaced(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  const parent = dirname(path);
  const working = realpathSync.native(".");
  if (stat.dev !== statSync(parent).dev || working === path || working.startsWith(`${path}/`)) return false;
  try {
    accessSync(parent, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
