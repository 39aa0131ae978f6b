// What the replay record on disk answers: each rule by itself, and all of them against a list of what was accepted.

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ReplayKeys, ServerSecret } from "../../src/index.js";
import { FileReplayRecord, type FileReplayRecordOptions } from "../../src/replays/record.js";
import { add, filesOf, freshDirectory, keyOf, keysOf, openRecord, pointA, pointB, secret } from "./support.js";

/** Commits, closes and opens a record again: the next run. */
function nextRun(record: FileReplayRecord, directory: string, options?: Partial<FileReplayRecordOptions>) {
  record.commit();
  record.close();
  return openRecord(directory, options);
}

describe("within a run", () => {
  test("a report is new once", () => {
    const record = openRecord(freshDirectory());
    expect(record.addReport(keysOf(1, 1), pointA)).toBe("new");
    expect(record.addReport(keysOf(1, 1), pointA)).toBe("report");
    expect(record.addReport(keysOf(2, 2), pointA)).toBe("new");
  });

  test("an id with another packet, and a packet under another id or none, are told apart", () => {
    const record = openRecord(freshDirectory());
    record.addReport(keysOf(1, 1), pointA);
    expect(record.addReport(keysOf(2, 1), pointA)).toBe("report");
    expect(record.addReport(keysOf(1, 2), pointA)).toBe("packet");
    expect(record.addReport(keysOf(1), pointA)).toBe("packet");
  });

  test("what is refused leaves nothing behind", () => {
    const record = openRecord(freshDirectory());
    record.addReport(keysOf(1, 1), pointA);
    record.addReport(keysOf(2, 1), pointA);
    record.addReport(keysOf(1, 2), pointA);
    expect(record.addReport(keysOf(2, 2), pointA)).toBe("new");
  });

  test("a packet without an id is new once, and then known under any id", () => {
    const record = openRecord(freshDirectory());
    expect(record.addReport(keysOf(1), pointA)).toBe("new");
    expect(record.addReport(keysOf(1), pointA)).toBe("packet");
    expect(record.addReport(keysOf(1, 1), pointA)).toBe("packet");
  });

  test("a key that was added by itself is known as a packet and as an id", () => {
    const record = openRecord(freshDirectory());
    const { packet, report } = keysOf(1, 1) as Required<ReplayKeys>;
    expect(record.add(packet)).toBe(true);
    expect(record.add(packet)).toBe(false);
    expect(record.addReport(keysOf(1, 2), pointA)).toBe("packet");
    expect(record.add(report)).toBe(true);
    expect(record.addReport(keysOf(2, 1), pointA)).toBe("report");
    record.addReport(keysOf(3, 3), pointA);
    expect(record.add(keysOf(3).packet)).toBe(false);
  });
});

describe("in a later run", () => {
  test("the same packet under the same id at the same point may be opened again, once a run", () => {
    const directory = freshDirectory();
    let record = openRecord(directory);
    record.addReport(keysOf(1, 1), pointA);
    record.addReport(keysOf(2), pointA);
    for (let run = 0; run < 3; run++) {
      record = nextRun(record, directory);
      expect(record.addReport(keysOf(1, 1), pointA)).toBe("again");
      expect(record.addReport(keysOf(1, 1), pointA)).toBe("report");
      expect(record.addReport(keysOf(2), pointA)).toBe("again");
      expect(record.addReport(keysOf(2), pointA)).toBe("packet");
    }
  });

  test("another point, another packet and another id are refused", () => {
    const directory = freshDirectory();
    let record = openRecord(directory);
    record.addReport(keysOf(1, 1), pointA);
    record.addReport(keysOf(2), pointA);
    record = nextRun(record, directory);
    expect(record.addReport(keysOf(1, 1), pointB)).toBe("report");
    expect(record.addReport(keysOf(3, 1), pointA)).toBe("report");
    expect(record.addReport(keysOf(1, 3), pointA)).toBe("packet");
    expect(record.addReport(keysOf(2), pointB)).toBe("packet");
    expect(record.addReport(keysOf(1, 1), pointA)).toBe("again");
  });

  test("a key that was added by itself is never opened again", () => {
    const directory = freshDirectory();
    let record = openRecord(directory);
    record.add(keyOf("key"));
    record = nextRun(record, directory);
    expect(record.add(keyOf("key"))).toBe(false);
  });

  test("what was not committed is forgotten, on disk or not", () => {
    const directory = freshDirectory();
    let record = openRecord(directory, { entriesInMemory: 1 });
    add(record, 1);
    record.commit();
    add(record, 2);
    record.close();
    record = openRecord(directory);
    expect(add(record, 1)).toBe("again");
    expect(add(record, 2)).toBe("new");
  });
});

describe("answers", () => {
  const digest = keyOf("answer");
  const other = keyOf("another answer");

  test("the same may be given again, another never, in this run and in later ones", () => {
    const directory = freshDirectory();
    let record = openRecord(directory);
    add(record, 1);
    expect(record.answer(keysOf(1, 1), digest)).toBe(true);
    for (let run = 0; run < 3; run++) {
      expect(record.answer(keysOf(1, 1), other)).toBe(false);
      expect(record.answer(keysOf(1, 1), digest)).toBe(true);
      record = nextRun(record, directory, { reopensAnswered: true });
      expect(add(record, 1)).toBe("again");
    }
  });

  test("an answered report stays closed, unless the program asks before each answer", () => {
    const directory = freshDirectory();
    let record = openRecord(directory);
    add(record, 1);
    record.answer(keysOf(1, 1), digest);
    record = nextRun(record, directory);
    expect(add(record, 1)).toBe("report");
    record = nextRun(record, directory, { reopensAnswered: true });
    expect(add(record, 1)).toBe("again");
  });

  test.each([
    ["never added", () => undefined],
    ["added by an earlier run alone", (record: FileReplayRecord) => add(record, 1)],
  ])("a report that was %s cannot be answered", (_name, before) => {
    const directory = freshDirectory();
    let record = openRecord(directory);
    before(record);
    record = nextRun(record, directory);
    expect(() => record.answer(keysOf(1, 1), digest)).toThrow(expect.objectContaining({ code: "wrong-state" }));
  });
});

test("whether an answer may be given can be asked beforehand, and records nothing", () => {
  const record = openRecord(freshDirectory());
  add(record, 1);
  const [digest, other] = [keyOf("answer"), keyOf("another answer")];
  expect([record.mayAnswer(keysOf(1, 1), digest), record.mayAnswer(keysOf(1, 1), other)]).toEqual([true, true]);
  record.answer(keysOf(1, 1), digest);
  expect([record.mayAnswer(keysOf(1, 1), digest), record.mayAnswer(keysOf(1, 1), other)]).toEqual([true, false]);
  expect(() => record.mayAnswer(keysOf(2, 2), digest)).toThrow(expect.objectContaining({ code: "wrong-state" }));
});

describe("totals", () => {
  /** Counts reports into a total of a run of its own, which is committed when the record lets it be made. */
  function total(directory: string, reports: readonly number[], entriesInMemory = 2): boolean {
    const record = openRecord(directory, { entriesInMemory });
    const isMade =
      reports.every((report) => record.count(keysOf(report, report))) && record.endTotal() !== "other-reports";
    if (isMade) record.commit();
    record.close();
    return isMade;
  }

  test("one is made again of the same reports in any order, and not of some of them, nor of more", () => {
    const directory = freshDirectory();
    for (const reports of [[], [1, 2, 3], [3, 1, 2], [4, 5]]) expect(total(directory, reports)).toBe(true);
    for (const reports of [[1, 2], [2], [1, 2, 3, 4], [6, 1, 2, 3], [1, 2, 3, 6], [5, 6], [1, 2, 3, 4, 5]]) {
      expect(total(directory, reports), `${reports}`).toBe(false);
    }
    for (const reports of [[4, 5], [1, 2, 3], [], [6]]) expect(total(directory, reports)).toBe(true);
  });

  test("any sequence of totals is answered as a list of them is", () => {
    const reports = fc.uniqueArray(fc.nat(6), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(reports, { maxLength: 8 }), (totals) => {
        const directory = freshDirectory();
        const made: string[] = [];
        for (const each of totals) {
          const name = [...each].sort().join();
          const isNew = !made.some((other) => each.some((report) => other.split(",").includes(`${report}`)));
          const expected = each.length === 0 || isNew || made.includes(name);
          expect(total(directory, each)).toBe(expected);
          if (expected) made.push(name);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("one that was not committed leaves nothing", () => {
    const directory = freshDirectory();
    const record = openRecord(directory, { entriesInMemory: 1 });
    for (const report of [1, 2, 3]) record.count(keysOf(report, report));
    record.close();
    expect(total(directory, [1, 2])).toBe(true);
  });

  test("one with noise is made again with the same share alone, and never without", () => {
    const directory = freshDirectory();
    /** What the record says of a total of a run of its own, with this share or without noise. */
    const answer = (reports: readonly number[], share?: string) => {
      const record = openRecord(directory, { entriesInMemory: 2 });
      for (const report of reports) record.count(keysOf(report, report));
      const said = record.endTotal(share === undefined ? undefined : Buffer.from(share));
      record.commit();
      record.close();
      return said;
    };
    expect(answer([1, 2], "noisy")).toBe("new");
    expect(answer([2, 1], "noisy")).toBe("again");
    for (const share of ["another", "", undefined]) expect(answer([1, 2], share)).toBe("other-noise");
    expect(answer([1], "noisy")).toBe("other-reports");

    expect([answer([3]), answer([3])]).toEqual(["new", "again"]);
    expect(answer([3], "noisy")).toBe("without-noise");
    expect([answer([3], "noisy"), answer([3])]).toEqual(["again", "other-noise"]);
    expect([answer([], "noisy"), answer([])]).toEqual(["new", "new"]);
    expect(() => openRecord(directory).endTotal("share" as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });

  test("counting a report does not open it, and a report without an id counts by its packet", () => {
    const record = openRecord(freshDirectory());
    expect(record.count(keysOf(1))).toBe(true);
    expect(record.addReport(keysOf(1), pointA)).toBe("new");
  });
});

test("the directory and its files are their owner's alone", () => {
  const directory = freshDirectory();
  const record = openRecord(directory);
  add(record, 1);
  record.commit();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  // The lock, the manifest and a segment.
  expect(filesOf(directory)).toHaveLength(3);
  for (const name of filesOf(directory)) {
    expect([name, statSync(join(directory, name)).mode & 0o777]).toEqual([name, 0o600]);
  }
});

test("a record says whether anything was ever committed to it", () => {
  const directory = freshDirectory();
  let record = openRecord(directory);
  expect(record.isNew).toBe(true);
  record = nextRun(record, directory);
  expect(record.isNew).toBe(true);
  add(record, 1);
  record = nextRun(record, directory);
  expect(record.isNew).toBe(false);
});

describe("the owner", () => {
  test("another secret is refused, and the other server, and the record stays as it was", () => {
    const directory = freshDirectory();
    const record = openRecord(directory);
    add(record, 1);
    record.commit();
    record.close();
    const before = filesOf(directory);
    for (const other of [{ secret: ServerSecret.fromBytes(new Uint8Array(16)) }, { server: "B" as const }]) {
      expect(() => openRecord(directory, other)).toThrow(expect.objectContaining({ code: "another-owner" }));
    }
    expect(filesOf(directory)).toEqual(before);
    expect(add(openRecord(directory), 1)).toBe("again");
  });

  test("neither the secret nor the beginning of a key is in the files", () => {
    const directory = freshDirectory();
    const record = openRecord(directory);
    add(record, 1);
    record.commit();
    const bytes = Buffer.concat(
      filesOf(directory).flatMap((name) => (name.startsWith("lock") ? [] : readFileSync(join(directory, name)))),
    );
    const { packet, report } = keysOf(1, 1) as Required<ReplayKeys>;
    for (const hidden of [secret.toBytes(), packet.subarray(0, 8), report.subarray(0, 8)].map((x) => Buffer.from(x))) {
      expect(bytes.includes(hidden)).toBe(false);
      expect(bytes.includes(hidden.toString("hex"))).toBe(false);
    }
  });
});

describe("arguments", () => {
  const valid = { server: "A", secret };
  const throws = () => {
    throw new RangeError("from a getter");
  };

  test.each([undefined, null, 1, Symbol("x"), new Uint8Array(3), { toString: throws }])("no path: %#", (directory) => {
    const open = () => FileReplayRecord.open(directory as never, { server: "A", secret });
    expect(open).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("bytes that lie about themselves are recorded by what is there", () => {
    class Overriding extends Uint8Array {
      override get length(): never {
        return throws();
      }
    }
    const odd = (key: Uint8Array) => [
      Object.defineProperty(key.slice(), "length", { value: 0 }),
      Object.defineProperty(key.slice(), "length", { get: throws }),
      new Overriding(key),
    ];
    const record = openRecord(freshDirectory());
    const { packet, report } = keysOf(1, 1) as Required<ReplayKeys>;
    expect(record.addReport({ packet, report }, pointA)).toBe("new");
    for (const key of odd(packet)) {
      expect(record.add(key)).toBe(false);
      expect(record.addReport({ packet: key, report: keyOf("another") }, pointA)).toBe("packet");
    }
    for (const key of odd(report))
      expect(record.addReport({ packet: keyOf("another"), report: key }, pointA)).toBe("report");
    expect(record.answer({ packet, report }, packet)).toBe(true);
    for (const digest of odd(packet)) expect(record.answer({ packet, report }, digest)).toBe(true);
  });

  test.each([
    ["no options", undefined],
    ["no server", { secret }],
    ["a text for the secret", { ...valid, secret: secret.toBase64() }],
    ["an object that looks like a secret", { ...valid, secret: { toBytes: () => secret.toBytes() } }],
    ["a prototype for the secret", { ...valid, secret: Object.create(secret) }],
    [
      "a secret that cannot be read",
      Object.defineProperty({ server: "A" }, "secret", { get: throws, enumerable: true }),
    ],
    ["a word for a flag", { ...valid, reopensAnswered: "no" }],
    ["no entries in memory", { ...valid, entriesInMemory: 0 }],
    ["half an entry in memory", { ...valid, entriesInMemory: 1.5 }],
  ])("%s: refused before anything is made", (_name, options) => {
    const directory = freshDirectory();
    const open = () => FileReplayRecord.open(directory, options as never);
    expect(open).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(statSync(directory, { throwIfNoEntry: false })).toBeUndefined();
  });

  test.each<[string, (record: FileReplayRecord) => unknown, string]>([
    ["no keys", (record) => record.addReport(undefined as never, pointA), "invalid-argument"],
    ["no packet key", (record) => record.addReport({} as never, pointA), "invalid-argument"],
    ["a packet key of 31 bytes", (record) => record.addReport({ packet: new Uint8Array(31) }, pointA), "wrong-length"],
    [
      "a report key of 33 bytes",
      (record) => record.addReport({ packet: keyOf(""), report: new Uint8Array(33) }, pointA),
      "wrong-length",
    ],
    ["no point", (record) => record.addReport(keysOf(1), undefined as never), "invalid-argument"],
    ["a key of 16 bytes", (record) => record.add(new Uint8Array(16)), "wrong-length"],
    ["no digest", (record) => record.answer(keysOf(1, 1), "" as never), "invalid-argument"],
  ])("%s: refused, and the record goes on", (_name, call, code) => {
    const record = openRecord(freshDirectory());
    add(record, 1);
    expect(() => call(record)).toThrow(expect.objectContaining({ code }));
    expect(add(record, 2)).toBe("new");
  });

  test("a closed record answers nothing, and may be closed again", () => {
    const record = openRecord(freshDirectory());
    record.close();
    record.close();
    for (const call of [() => add(record, 1), () => record.add(keyOf("")), () => record.commit()]) {
      expect(call).toThrow(expect.objectContaining({ code: "wrong-state" }));
    }
  });

  test("a file is no place for a record, nor a path below nothing", () => {
    const path = freshDirectory();
    expect(() => openRecord(join(path, "below"))).toThrow(expect.objectContaining({ code: "unavailable" }));
    writeFileSync(path, "");
    expect(() => openRecord(path)).toThrow(expect.objectContaining({ code: "not-a-record" }));
  });
});

// ---- against a list ----

type Step =
  | { do: "report"; id: number | undefined; packet: number; point: Uint8Array }
  | { do: "key"; of: "packet" | "report"; number: number }
  | { do: "answer"; which: number; digest: number }
  | { do: "commit" | "close" };

const small = fc.integer({ min: 0, max: 5 });
/** An id and a packet: mostly those that belong together. */
const pair = fc.oneof(
  { weight: 3, arbitrary: small.map((number) => ({ id: number as number | undefined, packet: number })) },
  { weight: 2, arbitrary: fc.record({ id: fc.option(small, { nil: undefined }), packet: small }) },
);
const point = fc.constantFrom(pointA, pointA, pointB);
const digest = fc.integer({ min: 0, max: 1 });
/** `name` as a literal type, for fast-check. */
const just = <T extends string>(...names: T[]): fc.Arbitrary<T> => fc.constantFrom(...names);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(pair, point).map(([pair, point]) => ({ do: "report" as const, ...pair, point })) },
  { weight: 1, arbitrary: fc.record({ do: just("key"), of: just("packet", "report"), number: small }) },
  { weight: 3, arbitrary: fc.record({ do: just("answer"), which: fc.nat(9), digest }) },
  { weight: 3, arbitrary: fc.record({ do: just("commit", "close") }) },
);

/** What was accepted: a report (one without an id, perhaps), or a key alone, which has no point. */
interface Accepted {
  readonly run: number;
  readonly id?: number | undefined;
  readonly packet?: number;
  readonly point?: Uint8Array;
}

/** The rules as sentences about a list of what was accepted. */
class List {
  accepted: readonly Accepted[] = [];
  answers: ReadonlyMap<string, number> = new Map();
  run = 0;

  addReport(id: number | undefined, packet: number, point: Uint8Array, reopensAnswered: boolean): string {
    const before = this.accepted.filter((x) => (id === undefined ? x.packet === packet : x.id === id));
    const isThisCheck = (x: Accepted) => x.id === id && x.packet === packet && x.point === point;
    if (before.length > 0) {
      const isClosed = this.answers.has(`${id} ${packet}`) && !reopensAnswered;
      const mayOpen = before.every((x) => isThisCheck(x) && x.run < this.run) && !isClosed;
      if (!mayOpen) return id === undefined ? "packet" : "report";
    } else if (this.accepted.some((x) => x.packet === packet)) {
      return "packet";
    }
    this.#accept({ id, packet, point });
    return before.length > 0 ? "again" : "new";
  }

  add(key: Pick<Accepted, "id" | "packet">): boolean {
    const isThere = this.accepted.some((x) => (key.id === undefined ? x.packet === key.packet : x.id === key.id));
    if (!isThere) this.#accept(key);
    return !isThere;
  }

  /** The reports that this run added. */
  ofThisRun(): readonly Accepted[] {
    return this.accepted.filter((x) => x.run === this.run && x.point !== undefined);
  }

  answer({ id, packet }: Accepted, digest: number): boolean {
    const key = `${id} ${packet}`;
    if (!this.answers.has(key)) this.answers = new Map([...this.answers, [key, digest]]);
    return this.answers.get(key) === digest;
  }

  #accept(what: Omit<Accepted, "run">): void {
    this.accepted = [...this.accepted, { run: this.run, ...what }];
  }
}

test.each([1, 2, 7, 1_000])(
  "any steps are answered as a list of them is, with %d entries in memory",
  (entriesInMemory) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.boolean(), (steps, reopensAnswered) => {
        const directory = freshDirectory();
        const options = { entriesInMemory, reopensAnswered };
        let record = openRecord(directory, options);
        const list = new List();
        let committed = { accepted: list.accepted, answers: list.answers };
        for (const each of steps) {
          if (each.do === "report") {
            const { id, packet, point } = each;
            const expected = list.addReport(id, packet, point, reopensAnswered);
            expect(record.addReport(keysOf(packet, id), point)).toBe(expected);
          } else if (each.do === "key") {
            const { of, number } = each;
            const { packet, report } = keysOf(number, number) as Required<ReplayKeys>;
            const expected = list.add(of === "packet" ? { packet: number } : { id: number });
            expect(record.add(of === "packet" ? packet : report)).toBe(expected);
          } else if (each.do === "answer") {
            const reports = list.ofThisRun();
            const report = reports[each.which % reports.length];
            if (report === undefined) continue;
            const answer = record.answer(keysOf(report.packet as number, report.id), keyOf(`${each.digest}`));
            expect(answer).toBe(list.answer(report, each.digest));
          } else if (each.do === "commit") {
            record.commit();
            committed = { accepted: list.accepted, answers: list.answers };
          } else {
            record.close();
            record = openRecord(directory, options);
            Object.assign(list, committed, { run: list.run + 1 });
          }
        }
        record.close();
      }),
      { numRuns: 100 },
    );
  },
);
