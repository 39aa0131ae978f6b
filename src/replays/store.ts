// Where a replay record keeps its entries: those of the run in memory up to a bound, then in segments
// (segments.ts), of which a few grow by being merged (merge.ts). What is written becomes part of the
// record when a commit names it in the manifest (manifest.ts); files that no manifest names are what a killed
// run left, and the next run removes them.

import { mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DirectoryInUse, DirectoryLock, isLock } from "../files/directory-lock.js";
import { syncDirectory } from "../files/disk.js";
import { systemCode } from "../files/failure.js";
import { isTemporaryName } from "../files/temporary-files.js";
import { PrioError } from "../index.js";
import { ENTRY_WORDS, EntryTable } from "./entries.js";
import { type Manifest, type ReplayOwner, readManifest, TEMPORARY_MANIFEST, writeManifest } from "./manifest.js";
import { mergeSegments, segmentsToMerge } from "./merge.js";
import { ReplayRecordError, withSystem } from "./record-error.js";
import { DIRECTORY_MODE } from "./record-modes.js";
import { Segment, type SegmentWriter, segmentNumber } from "./segments.js";

interface StoreOptions {
  /** Entries that are kept in memory before they are written. */
  readonly entriesInMemory: number;
  /** Makes the owner of a record that begins. */
  readonly newOwner: () => ReplayOwner;
  /** Throws when a record that is there has another owner. */
  readonly requireOwner: (owner: ReplayOwner) => void;
}

/** The open store of one record. It is closed to every other process meanwhile. */
export class EntryStore {
  /** Whether the record began with this run. */
  readonly isNew: boolean;
  /** The number of this run: one more than that of the last run before it that committed something. */
  readonly run: number;
  readonly #directory: string;
  readonly #lock: DirectoryLock;
  readonly #entriesInMemory: number;
  readonly #recent = new EntryTable();
  /** What is on disk. */
  #manifest: Manifest;
  #nextSegment: number;
  /** Oldest first; those that the manifest does not name are of this run. */
  #segments: Segment[];
  /** Segments that the manifest names, though others hold their entries now. */
  #replaced: Segment[] = [];
  /** The first error: since then, what is in memory may lack something. */
  #failure: { readonly error: unknown } | undefined;
  #isClosed = false;

  private constructor(
    directory: string,
    lock: DirectoryLock,
    manifest: Manifest,
    segments: Segment[],
    options: StoreOptions,
  ) {
    this.isNew = manifest.run === 0;
    this.run = manifest.run + 1;
    this.#directory = directory;
    this.#lock = lock;
    this.#entriesInMemory = options.entriesInMemory;
    this.#manifest = manifest;
    this.#nextSegment = manifest.nextSegment;
    this.#segments = segments;
  }

  /** Opens the record in a directory, or begins one if it is missing or empty. Throws any ReplayRecordError. */
  static open(directory: string, options: StoreOptions): EntryStore {
    makeDirectory(directory);
    const lock = lockDirectory(directory);
    const segments: Segment[] = [];
    try {
      const manifest = readManifest(directory) ?? beginRecord(directory, options.newOwner());
      options.requireOwner(manifest.owner);
      removeLeftovers(directory, manifest);
      for (const description of manifest.segments) segments.push(Segment.open(directory, description));
      return new EntryStore(directory, lock, manifest, segments, options);
    } catch (error) {
      for (const segment of segments) segment.close();
      lock.release();
      throw error;
    }
  }

  /** Whose record it is. */
  get owner(): ReplayOwner {
    return this.#manifest.owner;
  }

  /** A copy of the newest entry of this key, or undefined. Throws `damaged`, `unavailable`. */
  find(key: Uint32Array): Uint32Array | undefined {
    return this.#attempt(() => {
      let entry = this.#recent.find(key);
      for (let i = this.#segments.length - 1; entry === undefined && i >= 0; i--) entry = this.#segments[i]?.find(key);
      return entry;
    });
  }

  /** Adds entries, in place of those of the same keys. A commit makes them last. Throws `damaged`, `unavailable`. */
  put(...entries: readonly Uint32Array[]): void {
    this.#attempt(() => {
      for (const entry of entries) this.#recent.put(entry);
      if (this.#recent.size >= this.#entriesInMemory) this.#writeRecent();
    });
  }

  /** Makes everything that was put since the last commit last, or nothing of it. Throws `damaged`, `unavailable`. */
  commit(): void {
    this.#attempt(() => {
      if (this.#recent.size > 0) this.#writeRecent();
      const fresh = this.#segments.filter((segment) => !this.#isCommitted(segment));
      if (fresh.length === 0) return;
      for (const segment of fresh) segment.sync();
      const segments = this.#segments.map(({ description }) => description);
      const manifest = { ...this.#manifest, run: this.run, nextSegment: this.#nextSegment, segments };
      writeManifest(this.#directory, manifest);
      this.#manifest = manifest;
      for (const segment of this.#replaced) segment.remove();
      this.#replaced = [];
    });
  }

  /** Forgets what was not committed, and lets other processes open the record. Never throws; may be repeated. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const segment of [...this.#segments, ...this.#replaced]) {
      // After a commit that failed half-way, only the next run, which reads the manifest, knows what it names.
      if (this.#failure === undefined && !this.#isCommitted(segment)) segment.remove();
      else segment.close();
    }
    this.#lock.release();
  }

  /** Writes what is in memory as the newest segment, and merges it with others that are not much larger. */
  #writeRecent(): void {
    const recent = this.#recent.sorted();
    this.#addSegment(recent.length / ENTRY_WORDS, (to) => {
      for (let at = 0; at < recent.length; at += ENTRY_WORDS) to.add(recent, at);
    });
    this.#recent.clear();
    const sizes = this.#segments.map(({ description }) => description.entries);
    const count = segmentsToMerge(sizes);
    if (count === 1) return;
    const parts = this.#segments.slice(-count);
    const sum = sizes.slice(-count).reduce((a, b) => a + b, 0);
    this.#addSegment(sum, (to) => mergeSegments(parts, to));
    this.#segments.splice(-1 - count, count);
    for (const part of parts) {
      if (this.#isCommitted(part)) this.#replaced.push(part);
      else part.remove();
    }
  }

  #addSegment(maxEntries: number, fill: (to: SegmentWriter) => void): void {
    this.#segments.push(Segment.write(this.#directory, this.#nextSegment++, maxEntries, fill));
  }

  #isCommitted({ description }: Segment): boolean {
    return this.#manifest.segments.some(({ number }) => number === description.number);
  }

  #attempt<T>(work: () => T): T {
    if (this.#isClosed) throw new PrioError("wrong-state", "replay record: it is closed");
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return work();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }
}

/** Locks the record. Throws `in-use`, `unavailable`. */
function lockDirectory(directory: string): DirectoryLock {
  try {
    return withSystem(`cannot lock ${directory}`, () => DirectoryLock.take(directory));
  } catch (error) {
    throw error instanceof DirectoryInUse ? new ReplayRecordError("in-use", error.message) : error;
  }
}

/** Makes the directory where it is missing; the one above it must be there. */
function makeDirectory(directory: string): void {
  withSystem(`cannot make ${directory}`, () => {
    try {
      mkdirSync(directory, DIRECTORY_MODE);
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      if (statSync(directory).isDirectory()) return;
      throw new ReplayRecordError("not-a-record", `${directory} is not a directory`);
    }
    syncDirectory(dirname(resolve(directory)));
  });
}

/** The first manifest, in a directory that holds nothing else: a record whose manifest is lost must not begin anew. */
function beginRecord(directory: string, owner: ReplayOwner): Manifest {
  const names = withSystem(`cannot read ${directory}`, () => readdirSync(directory));
  const other = names.find((name) => !isLock(name) && !isTemporaryName(name) && name !== TEMPORARY_MANIFEST);
  if (other !== undefined) {
    const expected = "expected an empty directory or one with a manifest";
    throw new ReplayRecordError("not-a-record", `${directory}: ${expected}, found ${JSON.stringify(other)}`);
  }
  const manifest = { owner, run: 0, nextSegment: 1, segments: [] };
  writeManifest(directory, manifest);
  return manifest;
}

/** Removes what a killed run wrote and did not commit. Other files stay. */
function removeLeftovers(directory: string, { segments }: Manifest): void {
  const kept = new Set(segments.map(({ number }) => number));
  withSystem(`cannot clear ${directory}`, () => {
    for (const name of readdirSync(directory)) {
      const number = segmentNumber(name);
      const isLeft = number === undefined ? name === TEMPORARY_MANIFEST : !kept.has(number);
      if (isLeft) unlinkSync(join(directory, name));
    }
  });
}
