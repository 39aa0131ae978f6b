// The share files of a day, as Mozilla's staging job lays them out: a directory for each server, in it one for each
// batch, in it the parts. The n-th row of a batch has the integer n as its id, at both servers and in parts of the same
// number.

import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { syncDirectory, writeAll } from "../files/disk.js";
import { systemFailure } from "../files/failure.js";
import { partitionName } from "../files/partition-name.js";
import type { Reason } from "./rows.js";

const SERVERS = ["a", "b"] as const;
/** Most batches when nobody says which there are: clients choose the name, and each takes a directory and memory. */
const MAX_BATCHES = 256;
/** Characters of rows that are kept before they are written. */
const MAX_PENDING = 2 ** 24;

/** A file, with the rows that are not written yet. */
interface PartFile {
  readonly path: string;
  pending: string[];
}

/** A batch, and the files of each of its parts: A's and B's. */
interface DayBatch {
  rows: number;
  readonly directories: readonly string[];
  readonly parts: (readonly PartFile[])[];
}

export interface DayFilesSettings {
  /** An empty directory. */
  readonly directory: string;
  /** Files for each batch and server; a batch of fewer rows gets fewer. */
  readonly parts: number;
  /** The batches to take, or undefined for the first 256. */
  readonly batchIds: ReadonlySet<string> | undefined;
}

/** Writes reports into the files of their batches. */
export class DayFiles {
  readonly #settings: DayFilesSettings;
  readonly #batches = new Map<string, DayBatch>();
  #pending = 0;
  #bytesWritten = 0;

  constructor(settings: DayFilesSettings) {
    this.#settings = settings;
  }

  /** How many reports each batch has. */
  get counts(): ReadonlyMap<string, number> {
    return new Map([...this.#batches].map(([batchId, { rows }]) => [batchId, rows]));
  }

  /** How many bytes are in the files so far. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Adds a report, its packets in base64; or says why it is left out. Throws a Failure when the disk is full. */
  add(batchId: string, a: string, b: string): Reason | null {
    const batch = this.#batches.get(batchId) ?? this.#create(batchId);
    if (batch === null) return "unknown-encoding";
    const files = this.#partOf(batch);
    const id = ++batch.rows;
    for (const [i, payload] of [a, b].entries()) {
      // Without blanks, as Spark writes. Standard base64 needs no escapes in JSON but those of line ends.
      const row = `{"id":${id},"payload":${JSON.stringify(payload)}}\n`;
      files[i]?.pending.push(row);
      this.#pending += row.length;
    }
    if (this.#pending > MAX_PENDING) this.#flush();
    return null;
  }

  /** Writes what is kept, and puts all files on disk. */
  complete(): void {
    this.#flush();
    const directories = new Set<string>([this.#settings.directory]);
    for (const batch of this.#batches.values()) {
      for (const directory of batch.directories) directories.add(directory).add(dirname(directory));
      for (const { path } of batch.parts.flat()) withFile(path, "r+", fsyncSync);
    }
    for (const path of directories) written(path, () => syncDirectory(path));
  }

  #create(batchId: string): DayBatch | null {
    const { directory, batchIds } = this.#settings;
    if (batchIds === undefined ? this.#batches.size >= MAX_BATCHES : !batchIds.has(batchId)) return null;
    const name = partitionName("batch_id", batchId);
    if (name === null) return null;
    const directories = SERVERS.map((server) => join(directory, `server_id=${server}`, name));
    for (const path of directories) this.#makeNew(path);
    const batch = { rows: 0, directories, parts: [] };
    this.#batches.set(batchId, batch);
    return batch;
  }

  /** Makes a directory that must not be there: two batches that a file system takes for one must not mix. */
  #makeNew(path: string): void {
    try {
      if (this.#batches.size === 0) mkdirSync(dirname(path), { recursive: true });
      mkdirSync(path);
    } catch (error) {
      throw systemFailure(error, `cannot make the directory ${path}`);
    }
  }

  /** The files of the part whose turn it is. */
  #partOf({ rows, directories, parts }: DayBatch): readonly PartFile[] {
    const number = rows % this.#settings.parts;
    const name = `part-${String(number).padStart(5, "0")}.ndjson`;
    parts[number] ??= directories.map((directory) => ({ path: join(directory, name), pending: [] }));
    return parts[number];
  }

  /** Files are opened for as long as it takes: there may be more of them than a process can keep open. */
  #flush(): void {
    for (const { parts } of this.#batches.values()) {
      for (const file of parts.flat()) {
        if (file.pending.length === 0) continue;
        const bytes = Buffer.from(file.pending.join(""), "latin1");
        file.pending = [];
        withFile(file.path, "a", (fd) => writeAll(fd, bytes));
        this.#bytesWritten += bytes.length;
      }
    }
    this.#pending = 0;
  }
}

function withFile(path: string, flags: string, work: (fd: number) => void): void {
  written(path, () => {
    const fd = openSync(path, flags);
    try {
      work(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** Writes something at `path`. A refusal by the system is a Failure that names it. */
function written(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw systemFailure(error, `cannot write ${path}`);
  }
}
