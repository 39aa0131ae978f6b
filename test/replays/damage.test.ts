// A replay record whose files were changed, cut, lost or put elsewhere: it says so, or answers as before. It never
// takes what it knows for new.

import { hash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { add, filesOf, freshDirectory, keyOf, keysOf, openRecord } from "./support.js";

const reports = Array.from({ length: 5 }, (_, i) => i);

/** A record of two segments: four reports, then one more. */
function prepared(): string {
  const directory = freshDirectory();
  const record = openRecord(directory, { reopensAnswered: true });
  for (const report of reports.slice(0, -1)) add(record, report);
  // Enough for the next segment to stay by itself.
  for (let i = 0; i < 10; i++) record.add(keyOf(`key ${i}`));
  record.answer(keysOf(0, 0), keyOf("answer"));
  record.commit();
  add(record, reports.length - 1);
  record.commit();
  record.close();
  expect(filesOf(directory)).toEqual(["00000001.segment", "00000002.segment", "manifest"]);
  return directory;
}

/** Asks for everything that the record holds. Returns the error's code, or undefined if the answers are right. */
function ask(directory: string): string | undefined {
  try {
    const record = openRecord(directory, { reopensAnswered: true });
    try {
      expect(reports.map((report) => add(record, report))).toEqual(reports.map(() => "again"));
      expect(record.answer(keysOf(0, 0), keyOf("another"))).toBe(false);
      expect(record.addReport(keysOf(0, "another"), Uint8Array.of())).toBe("packet");
    } finally {
      record.close();
    }
    return undefined;
  } catch (error) {
    if ((error as Error).name !== "ReplayRecordError") throw error;
    return (error as { code: string }).code;
  }
}

/** The files of the record, by name. */
function prepare(): ReadonlyMap<string, Buffer> {
  const directory = prepared();
  return new Map(filesOf(directory).map((name) => [name, readFileSync(join(directory, name))]));
}

/** A directory with these files. */
function directoryOf(files: Iterable<readonly [string, Uint8Array | string]>): string {
  const directory = freshDirectory();
  mkdirSync(directory);
  for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes);
  return directory;
}

const original = prepare();
const [first, second] = [...original.values()] as [Buffer, Buffer];
const manifest = (original.get("manifest") as Buffer).toString();
const changed = (name: string, bytes: Uint8Array | string): string => directoryOf([...original, [name, bytes]]);
const without = (name: string): string => directoryOf([...original].filter(([other]) => other !== name));

test("the record answers as long as nothing is changed", () => {
  expect(ask(directoryOf(original))).toBeUndefined();
});

describe.each([...original])("%s", (name, bytes) => {
  test.each<[string, (i: number) => number]>([
    ["one bit", (i) => 1 << (i % 8)],
    ["all its bits", () => 0xff],
  ])("no byte can be changed in %s", (_name, maskAt) => {
    const directory = directoryOf(original);
    for (let i = 0; i < bytes.length; i++) {
      const other = Uint8Array.from(bytes);
      (other[i] as number) ^= maskAt(i);
      writeFileSync(join(directory, name), other);
      expect(ask(directory), `byte ${i}`).toBe("damaged");
    }
    writeFileSync(join(directory, name), bytes);
    expect(ask(directory)).toBeUndefined();
  });

  test("it cannot be cut anywhere, nor go on", () => {
    const directory = directoryOf(original);
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(join(directory, name), bytes.subarray(0, length));
      expect(ask(directory), `${length} bytes`).toBe("damaged");
    }
    expect(ask(changed(name, Buffer.concat([bytes, Buffer.of(10)])))).toBe("damaged");
    expect(ask(changed(name, Buffer.concat([bytes, bytes])))).toBe("damaged");
  });
});

test("segments cannot change places, nor be lost", () => {
  expect(
    ask(
      directoryOf([
        ["00000001.segment", second],
        ["00000002.segment", first],
        ["manifest", manifest],
      ]),
    ),
  ).toBe("damaged");
  expect(ask(changed("00000002.segment", first))).toBe("damaged");
  expect(ask(without("00000001.segment"))).toBe("damaged");
});

test("a record without its manifest does not begin anew", () => {
  const directory = without("manifest");
  expect(ask(directory)).toBe("not-a-record");
  expect(filesOf(directory)).toEqual(["00000001.segment", "00000002.segment"]);
});

test("a directory of other files is left alone", () => {
  const directory = directoryOf([["notes.txt", "mine"]]);
  expect(ask(directory)).toBe("not-a-record");
  expect(filesOf(directory)).toEqual(["notes.txt"]);
});

test("other files beside the record stay, what a killed run left goes", () => {
  const directory = directoryOf([
    ...original,
    ["notes.txt", "mine"],
    ["00000003.segment", "half"],
    ["manifest.tmp", "half"],
  ]);
  expect(ask(directory)).toBeUndefined();
  expect(filesOf(directory)).toEqual([...original.keys(), "notes.txt"]);
});

test.each([
  ["of another version", "prio replay record 1", "prio replay record 2"],
  ["of a machine of another byte order", /"byteOrder":"\w+"/, '"byteOrder":"XE"'],
])("a manifest %s is not this record's", (_name, from, to) => {
  const line = manifest.split("\n")[0]?.replace(from, to) as string;
  expect(ask(changed("manifest", `${line}\n${hash("sha256", line)}\n`))).toBe("not-a-record");
});

test("a block that is damaged while the record is open is noticed", () => {
  const flipped = Uint8Array.from(first);
  (flipped[3] as number) ^= 1;
  const directory = directoryOf(original);
  const record = openRecord(directory);
  writeFileSync(join(directory, "00000001.segment"), flipped);
  expect(() => add(record, 0)).toThrow(expect.objectContaining({ code: "damaged" }));
  expect(() => record.commit()).toThrow(expect.objectContaining({ code: "damaged" }));
  record.close();
});

test("a damaged block is noticed where segments are merged", () => {
  const directory = directoryOf(original);
  const record = openRecord(directory);
  const flipped = Uint8Array.from(first);
  (flipped[3] as number) ^= 1;
  // Entries whose keys are found in memory: what is on disk is read by the merge alone.
  for (let i = 0; i < 100; i++) record.add(keyOf(`more ${i}`));
  writeFileSync(join(directory, "00000001.segment"), flipped);
  expect(() => record.commit()).toThrow(expect.objectContaining({ code: "damaged" }));
  record.close();
  writeFileSync(join(directory, "00000001.segment"), first);
  expect(ask(directory)).toBeUndefined();
});
