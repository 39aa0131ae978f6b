// What the tests of the replay record share: directories that are removed, and records that are closed.

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { ServerSecret } from "../../src/index.js";
import { FileReplayRecord, type FileReplayRecordOptions } from "../../src/replays/record.js";
import { keysOf, pointA, secretBytes } from "./keys.js";

export { keyOf, keysOf, pointA, pointB } from "./keys.js";

export const secret: ServerSecret = ServerSecret.fromBytes(secretBytes);

/** In memory where the system has that: the tests sync files some ten thousand times. */
const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const scratch: string[] = [];
const opened: FileReplayRecord[] = [];

afterEach(() => {
  for (const record of opened.splice(0)) record.close();
  for (const path of scratch.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A path where nothing is yet, in a directory that is removed after the test. */
export function freshDirectory(): string {
  const path = mkdtempSync(join(base, "prio-replays-"));
  scratch.push(path);
  return join(path, "record");
}

/** Opens a record, which is closed after the test if that was not done before. */
export function openRecord(directory: string, options: Partial<FileReplayRecordOptions> = {}): FileReplayRecord {
  const record = FileReplayRecord.open(directory, { server: "A", secret, ...options });
  opened.push(record);
  return record;
}

export function filesOf(directory: string): string[] {
  return readdirSync(directory).sort();
}

/** Adds a packet under an id of the same name. */
export function add(record: FileReplayRecord, report: number | string): string {
  return record.addReport(keysOf(report, report), pointA);
}
