// What a server keeps on disk, so that a broker may forget a message as soon as it is acknowledged: a checkpoint, which
// is replaced as a whole, and a journal of what came after it. A process that is killed at any moment loses nothing
// that `append` or `checkpoint` returned for.

import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** @typedef {{ [name: string]: unknown }} Content What JSON can hold. */

export class State {
  #directory;
  /** The journal's number: each checkpoint names the journal that follows it. */
  #number = 0;
  /** @type {number | undefined} */
  #journal;
  /** @type {unknown} the last checkpoint, or undefined */
  content;
  /** @type {Content[]} what was appended after it */
  entries = [];

  /** @param {string} directory is made if it is missing */
  constructor(directory) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const checkpoint = join(directory, "checkpoint.json");
    if (existsSync(checkpoint)) {
      const { journal, content } = JSON.parse(readFileSync(checkpoint, "utf8"));
      this.#number = journal;
      this.content = content;
    }
    // What a killed process left behind: a checkpoint that was not complete, or the journal of the one before.
    const expected = ["checkpoint.json", this.#journalName];
    for (const name of readdirSync(directory)) if (!expected.includes(name)) rmSync(join(directory, name));
    this.#readJournal();
  }

  get #journalName() {
    return `journal-${this.#number}.ndjson`;
  }

  /** Takes the complete lines. The last one may be cut: its messages were not acknowledged, and come again. */
  #readJournal() {
    const path = join(this.#directory, this.#journalName);
    const isNew = !existsSync(path);
    this.#journal = openSync(path, "a+", 0o600);
    if (isNew) return syncDirectory(this.#directory);
    const text = readFileSync(path);
    const end = text.lastIndexOf("\n") + 1;
    if (end < text.length) ftruncateSync(this.#journal, end);
    const lines = text.subarray(0, end).toString().split("\n").slice(0, -1);
    this.entries = lines.flatMap((line) => JSON.parse(line));
  }

  /**
   * Adds entries to the journal: all or none of them. When this returns, they are on disk.
   *
   * @param {Content[]} entries
   */
  append(entries) {
    if (entries.length === 0) return;
    const journal = /** @type {number} */ (this.#journal);
    writeAll(journal, `${JSON.stringify(entries)}\n`);
    fsyncSync(journal);
  }

  /** Replaces the checkpoint, and begins an empty journal. @param {Content} content */
  checkpoint(content) {
    const path = join(this.#directory, "checkpoint.json");
    const temporary = openSync(`${path}.tmp`, "w", 0o600);
    writeAll(temporary, JSON.stringify({ journal: this.#number + 1, content }));
    fsyncSync(temporary);
    closeSync(temporary);
    renameSync(`${path}.tmp`, path);
    syncDirectory(this.#directory);
    this.close();
    rmSync(join(this.#directory, this.#journalName));
    this.#number++;
    this.#readJournal();
  }

  close() {
    if (this.#journal !== undefined) closeSync(this.#journal);
    this.#journal = undefined;
  }
}

/** @param {number} file @param {string} text */
function writeAll(file, text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** A new or renamed file survives a crash of the machine once its directory is on disk. @param {string} path */
function syncDirectory(path) {
  const directory = openSync(path, "r");
  fsyncSync(directory);
  closeSync(directory);
}
