// A replay record whose process dies, whose power fails or whose disk is full, at every call that reads or changes a
// file: what is opened afterwards is the record of the commit before or of the one that was under way, as a whole,
// and never anything else.

import type * as fs from "node:fs";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { FileReplayRecord, ReplayRecordError } from "../../src/replays/record.js";
import { add, filesOf, freshDirectory, keyOf, keysOf, pointA, secret } from "./support.js";

/** Counts the calls to the file system, makes some of them fail, and remembers what a power cut would take. */
class Disk {
  calls = 0;
  /** The error of the call with this number, or undefined. */
  errorOf: (call: number) => Error | undefined = () => undefined;
  readonly paths = new Map<number, string>();
  /** Files whose bytes are not on disk yet. */
  readonly unsyncedFiles = new Set<string>();
  /** Names that are not on disk yet. */
  readonly unsyncedNames = new Set<string>();
  /** What stood under a name before a rename that is not on disk yet. */
  readonly renamed = new Map<string, Buffer | undefined>();

  reset(): void {
    this.calls = 0;
    this.errorOf = () => undefined;
    for (const each of [this.unsyncedFiles, this.unsyncedNames, this.renamed]) each.clear();
  }

  call(): void {
    const error = this.errorOf(++this.calls);
    if (error !== undefined) throw error;
  }

  synced(fd: number): void {
    const path = this.paths.get(fd) as string;
    this.unsyncedFiles.delete(path);
    const isIn = (name: string) => name.startsWith(`${path}/`);
    for (const name of [...this.unsyncedNames].filter(isIn)) this.unsyncedNames.delete(name);
    for (const name of [...this.renamed.keys()].filter(isIn)) this.renamed.delete(name);
  }

  /** What was not synced is lost: bytes, new names, and renames if `losesRenames`. */
  cutPower(losesRenames: boolean): void {
    for (const path of this.unsyncedFiles) if (!this.unsyncedNames.has(path)) truncateSync(path, 1);
    for (const path of this.unsyncedNames) rmSync(path, { force: true });
    if (!losesRenames) return;
    for (const [path, before] of this.renamed) {
      if (before === undefined) rmSync(path, { force: true });
      else writeFileSync(path, before);
    }
  }
}
const disk = vi.hoisted(() => ({ current: undefined as Disk | undefined }));

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const on = (): Disk | undefined => disk.current;
  return {
    ...real,
    mkdirSync: (path: string, mode: number) => {
      on()?.call();
      return real.mkdirSync(path, mode);
    },
    readdirSync: (path: string) => {
      on()?.call();
      return real.readdirSync(path);
    },
    openSync: (path: string, flags: string | number, mode?: number) => {
      on()?.call();
      if (String(flags).startsWith("w") && !real.existsSync(path)) on()?.unsyncedNames.add(path);
      const fd = real.openSync(path, flags, mode);
      on()?.paths.set(fd, path);
      return fd;
    },
    readSync: (fd: number, ...rest: [Uint8Array, number, number, number]) => {
      on()?.call();
      return real.readSync(fd, ...rest);
    },
    // At most 300 bytes at a time, so that a file may be cut in its middle.
    writeSync: (fd: number, bytes: Uint8Array, from: number) => {
      on()?.call();
      on()?.unsyncedFiles.add(on()?.paths.get(fd) as string);
      return real.writeSync(fd, bytes, from, Math.min(bytes.length - from, 300));
    },
    fsyncSync: (fd: number) => {
      on()?.call();
      real.fsyncSync(fd);
      on()?.synced(fd);
    },
    renameSync: (from: string, to: string) => {
      on()?.call();
      const before = real.existsSync(to) ? real.readFileSync(to) : undefined;
      real.renameSync(from, to);
      const now = on();
      if (now === undefined) return;
      now.renamed.set(to, before);
      // The bytes go with the name.
      if (now.unsyncedFiles.delete(from)) now.unsyncedFiles.add(to);
      now.unsyncedNames.delete(from);
    },
    unlinkSync: (path: string) => {
      on()?.call();
      real.unlinkSync(path);
      for (const set of [on()?.unsyncedFiles, on()?.unsyncedNames]) set?.delete(path);
    },
  };
});

beforeEach(() => {
  disk.current = undefined;
});

const before = Array.from({ length: 6 }, (_, i) => `before ${i}`);
const during = Array.from({ length: 7 }, (_, i) => `during ${i}`);
const digest = keyOf("answer");
const open = (directory: string) =>
  FileReplayRecord.open(directory, { server: "A", secret, reopensAnswered: true, entriesInMemory: 7 });

/** A record with some reports, of which one is answered. */
function prepared(): string {
  const directory = freshDirectory();
  const record = open(directory);
  for (const report of before) add(record, report);
  record.answer(keysOf("before 0", "before 0"), digest);
  record.commit();
  record.close();
  return directory;
}

/** The run that something happens to: spills, merges with what is committed, answers, and commits. */
function work(directory: string, progress: { committed: boolean }, records: FileReplayRecord[]): void {
  const record = open(directory);
  records.push(record);
  for (const [i, report] of during.entries()) {
    if (add(record, before[i % before.length] as string) === "new") throw new Error("forgotten");
    if (add(record, report) !== "new") throw new Error("made up");
  }
  record.answer(keysOf("before 1", "before 1"), digest);
  record.commit();
  progress.committed = true;
  record.close();
}

/** What a record holds after the run: everything of before, and of the run everything, or nothing if it may. */
function expectWhole(directory: string, { committed }: { committed: boolean }): void {
  const record = open(directory);
  try {
    expect(before.map((report) => add(record, report))).toEqual(before.map(() => "again"));
    expect(record.answer(keysOf("before 0", "before 0"), keyOf("another"))).toBe(false);
    const isAnswered = !record.answer(keysOf("before 1", "before 1"), keyOf("another"));
    const [first, ...more] = during.map((report) => add(record, report));
    expect(more).toEqual(more.map(() => first));
    expect(first).toBe(isAnswered ? "again" : "new");
    if (committed) expect(isAnswered).toBe(true);
    expect(filesOf(directory).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  } finally {
    record.close();
  }
}

/** Runs `work` on a fresh record with `errorOf`, and then `after` it. Returns the number of calls. */
function happen(
  errorOf: Disk["errorOf"],
  after: (at: {
    directory: string;
    disk: Disk;
    error: unknown;
    progress: { committed: boolean };
    records: readonly FileReplayRecord[];
  }) => void,
): number {
  const directory = prepared();
  const progress = { committed: false };
  const records: FileReplayRecord[] = [];
  const faulty = new Disk();
  faulty.errorOf = errorOf;
  disk.current = faulty;
  let error: unknown;
  try {
    work(directory, progress, records);
  } catch (thrown) {
    error = thrown;
  }
  disk.current = undefined;
  after({ directory, disk: faulty, error, progress, records });
  for (const record of records) record.close();
  return faulty.calls;
}

/** The process that held them, or was about to, is dead. */
function removeLocks(directory: string): void {
  for (const name of filesOf(directory)) if (/^\.?lock/.test(name)) rmSync(join(directory, name));
}

/** As the system's errors are. */
function systemError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: "write" });
}

const calls = happen(
  () => undefined,
  ({ directory, error, progress }) => {
    expect(error).toBeUndefined();
    expect(progress.committed).toBe(true);
    expectWhole(directory, progress);
  },
);
const eachCall = Array.from({ length: calls }, (_, i) => i + 1);

test("the run makes enough calls to be stopped at", () => {
  expect(calls).toBeGreaterThan(60);
});

describe("stopped at any call", () => {
  const stopAt = (stop: number) => (call: number) => (call >= stop ? new Error("stopped") : undefined);

  test.each([
    ["a process that is killed", () => undefined],
    ["a power cut", (cut: Disk) => cut.cutPower(false)],
    ["a power cut that loses the last rename", (cut: Disk) => cut.cutPower(true)],
  ])("%s leaves a whole record", (_name, strike) => {
    for (const stop of eachCall) {
      happen(stopAt(stop), ({ directory, disk, error, progress }) => {
        // What is only tidied up may fail: the next run does it.
        if (error === undefined) expect(progress.committed, `stopped at call ${stop}`).toBe(true);
        else expect(error, `stopped at call ${stop}`).toMatchObject({ message: "stopped" });
        strike(disk);
        removeLocks(directory);
        expectWhole(directory, progress);
      });
    }
  });
});

describe("refused by the system", () => {
  test.each([
    ["any one call", (at: number) => (call: number) => (call === at ? systemError("ENOSPC") : undefined)],
    ["any call and all after it", (at: number) => (call: number) => (call >= at ? systemError("EIO") : undefined)],
  ])("%s: an error, and a whole record", (_name, refuseAt) => {
    for (const at of eachCall) {
      happen(refuseAt(at), ({ directory, error, progress, records }) => {
        if (error === undefined) expect(progress.committed, `refused at call ${at}`).toBe(true);
        else expect(error, `refused at call ${at}`).toMatchObject({ name: "ReplayRecordError", code: "unavailable" });
        // As a program does that goes on; it must not remove what a commit that failed half-way may have made lasting.
        for (const record of records) record.close();
        removeLocks(directory);
        expectWhole(directory, progress);
      });
    }
  });

  test("a record that failed answers nothing more, though the disk is well again", () => {
    const record = open(freshDirectory());
    const faulty = new Disk();
    faulty.errorOf = () => systemError("ENOSPC");
    disk.current = faulty;
    const failing = () => during.map((report) => add(record, report));
    expect(failing).toThrow(ReplayRecordError);
    disk.current = undefined;
    expect(failing).toThrow(ReplayRecordError);
    expect(() => record.addReport(keysOf(1), pointA)).toThrow("no space left on the device");
    expect(() => record.commit()).toThrow("no space left on the device");
    record.close();
  });
});

test("a record that begins is whole or not there, wherever it is stopped", () => {
  let total = Number.POSITIVE_INFINITY;
  for (let stop = 1; stop <= total; stop++) {
    const directory = freshDirectory();
    const faulty = new Disk();
    faulty.errorOf = (call) => (call >= stop ? new Error("stopped") : undefined);
    disk.current = faulty;
    try {
      open(directory).close();
      total = stop;
    } catch (error) {
      expect(error).toMatchObject({ message: "stopped" });
    }
    disk.current = undefined;
    faulty.cutPower(true);
    if (stop > 1) removeLocks(directory);
    const record = open(directory);
    expect(record.isNew).toBe(true);
    expect(add(record, 1)).toBe("new");
    record.close();
  }
  expect(total).toBeGreaterThan(5);
});

test("the mock of the disk loses what is not synced", () => {
  const directory = prepared();
  const path = join(directory, "manifest");
  const text = readFileSync(path);
  const record = open(directory);
  disk.current = new Disk();
  add(record, "another");
  record.commit();
  expect(disk.current.unsyncedFiles.size + disk.current.unsyncedNames.size + disk.current.renamed.size).toBe(0);
  disk.current.renamed.set(path, text);
  disk.current.cutPower(true);
  disk.current = undefined;
  expect(readFileSync(path)).toEqual(text);
  record.close();
});
