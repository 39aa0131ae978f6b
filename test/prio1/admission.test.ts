// A server's three steps (openPacket, admit, verifier), and the rule of the second: no packet is checked at two
// points, no report is counted twice, and an error changes nothing.

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { FIELD_87 as field } from "../../src/core/fields.js";
import {
  Admission,
  type AdmissionOptions,
  type Admitted,
  type AsyncReplayRecord,
  type AtomicReplayRecord,
  Client,
  type Config,
  MemoryReplayRecord,
  OpenedReport,
  type Packets,
  PrioError,
  publish,
  type QueryPoints,
  type ReplayAnswer,
  type Replayed,
  type ReplayKeys,
  type ReplayRecord,
  type Server,
  ServerSecret,
  type Verifier,
} from "../../src/index.js";
import {
  codeOf,
  configFor,
  errorOf,
  exchange,
  integerConfigFor,
  process,
  secret,
  serverA,
  serverB,
} from "../support/deployment.js";

const modes = ["stream", "first", "report", "batch"] as const satisfies readonly QueryPoints[];
const config = configFor({ fields: 3 });
const client = new Client(config);

/** Reports made once: encoding is the slow part of a test. */
const reports = Array.from({ length: 6 }, (_, i) => client.encode([i & 1, (i >> 1) & 1, 1]));

/** Server A's packet of a report. */
const packetOf = (i: number) => (reports[i] as Packets).a;

const admissionFor = (queryPoints: QueryPoints, options: Partial<AdmissionOptions> = {}, of: Config = config) =>
  new Admission(of, { secret, queryPoints, ...options });

function requireAdmitted(answer: Admitted | Replayed): Admitted {
  if ("replayed" in answer) throw new Error(`expected an admission, got a replay of the ${answer.replayed}`);
  return answer;
}

/** What a call gives, errors of the library included. */
function outcomeOf(f: () => Verifier): string {
  try {
    return toHex(f().verify1());
  } catch (error) {
    if (error instanceof PrioError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** `Server.open` by its three steps, with all that is plain data sent as to another thread. */
function openInSteps(server: Server, admission: Admission, packet: Uint8Array, id: string): Verifier {
  const opened = server.openPacket(packet, id);
  const answer = structuredClone(admission.admit(structuredClone(opened.replayKeys)));
  if ("replayed" in answer) {
    const seen = { report: "its report id was seen before", packet: "it was opened before" }[answer.replayed];
    throw new PrioError("replay", `cannot open packet: ${seen}`);
  }
  return server.verifier(opened, answer);
}

/** A record that outlives the processes of a server, with what its owner tells it of answers. */
class LastingRecord implements AtomicReplayRecord {
  readonly #byReport = new Map<string, { packet: string; point: string; isAnswered: boolean }>();
  readonly #packets = new Set<string>();

  addReport({ packet, report }: ReplayKeys, point: Uint8Array): ReplayAnswer {
    // A packet that has no id stands for itself.
    const key = toHex(report ?? packet);
    const entry = { packet: toHex(packet), point: toHex(point), isAnswered: false };
    const known = this.#byReport.get(key);
    if (known !== undefined) {
      const isSame = known.packet === entry.packet && known.point === entry.point;
      if (isSame && !known.isAnswered) return "again";
      return report === undefined ? "packet" : "report";
    }
    if (this.#packets.has(entry.packet)) return "packet";
    this.#byReport.set(key, entry);
    this.#packets.add(entry.packet);
    return "new";
  }

  answered({ packet, report }: ReplayKeys): void {
    const known = this.#byReport.get(toHex(report ?? packet));
    if (known === undefined) throw new Error("an answer to a report that was not recorded");
    known.isAnswered = true;
  }
}

describe.each(modes)("with query points %s, the three steps", (queryPoints) => {
  it("do what Server.open does: same messages, same refusals, same totals", () => {
    const event = fc.record({
      report: fc.nat(reports.length - 1),
      id: fc.nat(reports.length - 1),
      kind: fc.constantFrom("packet", "packet", "packet", "the other server's packet", "junk"),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const [whole, inSteps] = [serverA(config, { queryPoints }), serverA(config, { queryPoints })];
        const admission = admissionFor(queryPoints);
        for (const { report, id, kind } of events) {
          const { a, b } = reports[report] as Packets;
          const packet = kind === "packet" ? a : kind === "junk" ? new Uint8Array(99) : b;
          const expected = outcomeOf(() => whole.open(packet, `report ${id}`));
          expect(outcomeOf(() => openInSteps(inSteps, admission, packet, `report ${id}`))).toBe(expected);
        }
      }),
    );
  });

  it("count reports as Server.open does, opened in another order than they are admitted in", () => {
    const [a, b] = [serverA(config, { queryPoints }), serverB(config, { queryPoints })];
    const admission = admissionFor(queryPoints);
    // The last is opened first and gets its verifier first; the first is admitted first.
    const opened = reports.map((_, i) => a.openPacket(packetOf(reports.length - 1 - i), `${reports.length - 1 - i}`));
    opened.reverse();
    const admitted = opened.map(({ replayKeys }) => requireAdmitted(structuredClone(admission.admit(replayKeys))));
    const verifiers: Verifier[] = [];
    for (let i = reports.length - 1; i >= 0; i--) {
      verifiers[i] = a.verifier(opened[i] as OpenedReport, admitted[i] as Admitted);
    }
    for (const [i, { b: packet }] of reports.entries()) {
      const checked = exchange(verifiers[i] as Verifier, b.open(packet, `${i}`));
      if (checked.a === null || checked.b === null) throw new Error("an honest report was refused");
      a.aggregate(checked.a);
      b.aggregate(checked.b);
    }
    expect(publish(config, a.totalShare(), b.totalShare())).toEqual([3n, 2n, 6n]);
  });

  it("tell a seen id from a seen packet", () => {
    const server = serverA(config, { queryPoints });
    const admission = admissionFor(queryPoints);
    const admit = (i: number, id: string) => admission.admit(server.openPacket(packetOf(i), id).replayKeys);
    requireAdmitted(admit(0, "x"));
    expect(admit(0, "x")).toEqual({ replayed: "report" });
    expect(admit(1, "x")).toEqual({ replayed: "report" });
    expect(admit(0, "y")).toEqual({ replayed: "packet" });
    // The replayed packet did not use up the id that it came under.
    requireAdmitted(admit(1, "y"));
  });
});

describe("openPacket", () => {
  it("touches nothing of the session: it may be called again, and takes no point", () => {
    const [a, b] = [serverA(config), serverB(config)];
    const [first] = reports as [Packets];
    for (let k = 0; k < 3; k++) a.openPacket(first.a);
    expect(process(a, b, first)).toBe(true);
  });

  it("gives copies of its keys: 32 bytes each, of the id only where there is one", () => {
    const opened = serverA(config).openPacket(packetOf(0), "id");
    const keys = opened.replayKeys;
    expect([keys.packet.length, keys.report?.length]).toEqual([32, 32]);
    keys.packet.fill(0);
    keys.report?.fill(0);
    expect(opened.replayKeys).not.toEqual(keys);
    expect(serverA(config).openPacket(packetOf(0)).replayKeys).not.toHaveProperty("report");
  });
});

describe("a verifier", () => {
  const open = (server: Server, i = 0, id = "id") => server.openPacket(packetOf(i), id);

  it("is made once of an opened report", () => {
    const server = serverA(config);
    const opened = open(server);
    const admitted = requireAdmitted(admissionFor("stream").admit(opened.replayKeys));
    server.verifier(opened, admitted).verify1();
    expect(codeOf(() => server.verifier(opened, admitted))).toBe("wrong-state");
  });

  it.each(modes)("is made once with an admission, however often the packet was opened: %s", (queryPoints) => {
    const [server, other] = [serverA(config, { queryPoints }), serverA(config, { queryPoints })];
    const openings = [open(server), open(server), open(other)] as const;
    const admitted = requireAdmitted(admissionFor(queryPoints).admit(openings[0].replayKeys));
    server.verifier(openings[0], admitted).verify1();
    expect(codeOf(() => server.verifier(openings[1], admitted))).toBe("wrong-state");
    expect(codeOf(() => other.verifier(openings[2], admitted))).toBe("wrong-state");
  });

  it("is not made with the admission of another packet, nor of the same packet under another id", () => {
    for (const queryPoints of modes) {
      const server = serverA(config, { queryPoints });
      const opened = open(server);
      const others = [open(server, 1), open(server, 0, "other id"), open(server, 1, "other id")];
      for (const other of others) {
        const admitted = requireAdmitted(admissionFor(queryPoints).admit(other.replayKeys));
        expect(codeOf(() => server.verifier(opened, admitted))).toBe("mismatch");
      }
      // A refused admission leaves the share where it was.
      server.verifier(opened, requireAdmitted(admissionFor(queryPoints).admit(opened.replayKeys))).verify1();
    }
    const server = serverA(config);
    const opened = open(server);
    const anonymous = server.openPacket(packetOf(0));
    const admitted = requireAdmitted(admissionFor("stream").admit(anonymous.replayKeys));
    expect(codeOf(() => server.verifier(opened, admitted))).toBe("mismatch");
  });

  it("is not made with an admission to another kind of points", () => {
    for (const mine of modes) {
      for (const theirs of modes.filter((mode) => mode !== mine)) {
        const server = serverA(config, { queryPoints: mine });
        const opened = open(server);
        const admitted = requireAdmitted(admissionFor(theirs).admit(opened.replayKeys));
        expect(codeOf(() => server.verifier(opened, admitted))).toBe("mismatch");
        // Said to be of the right kind it has no point, or one too many. Points of the other kinds are not in it.
        if (mine !== "stream" && theirs !== "stream") continue;
        expect(codeOf(() => server.verifier(opened, { ...admitted, queryPoints: mine }))).toBe("invalid-argument");
      }
    }
  });

  it("is not made of another session's report", () => {
    const opened = open(serverA(config));
    const admitted = requireAdmitted(admissionFor("stream").admit(opened.replayKeys));
    expect(codeOf(() => serverA(config).verifier(opened, admitted))).toBe("wrong-state");
  });

  it("is not made of what is no opened report, or with what is no admission", () => {
    const server = serverA(config);
    const opened = open(server);
    const admitted = requireAdmitted(admissionFor("stream").admit(opened.replayKeys));
    const noReports = [undefined, null, {}, 1, opened.replayKeys, Object.create(OpenedReport.prototype), server];
    for (const x of noReports) {
      expect(codeOf(() => server.verifier(x as OpenedReport, admitted))).toBe("invalid-argument");
    }
    const { keys } = admitted;
    const noAdmissions = [
      undefined,
      null,
      "admitted",
      { ...admitted, keys: undefined },
      { ...admitted, keys: { packet: toHex(keys.packet) } },
      { ...admitted, point: undefined },
      { ...admitted, point: 5 },
      { ...admitted, point: -1n },
      { ...admitted, point: field.modulus },
    ];
    for (const x of noAdmissions) {
      expect(codeOf(() => server.verifier(opened, x as Admitted))).toBe("invalid-argument");
    }
    for (const x of [{ replayed: "packet" }, { ...admitted, queryPoints: "Stream" }, {}]) {
      expect(codeOf(() => server.verifier(opened, x as unknown as Admitted))).toBe("mismatch");
    }
    const short = { ...admitted, keys: { packet: keys.packet.subarray(1) } };
    expect(codeOf(() => server.verifier(opened, short))).toBe("wrong-length");
    server.verifier(opened, admitted).verify1();
  });
});

describe("an admission's options and keys", () => {
  const key = new Uint8Array(32);

  it("are checked", () => {
    const wrong: [keyof AdmissionOptions, unknown[]][] = [
      ["secret", [undefined, null, secret.toBytes(), secret.toBase64(), {}, Object.create(ServerSecret.prototype)]],
      ["queryPoints", ["Stream", "", null, 1]],
      ["replays", [null, 7, () => true, {}, { add: true }, { addReport: 1 }, { add: () => true, addReport: 1 }]],
    ];
    for (const [name, values] of wrong) {
      for (const value of values) {
        const error = errorOf(() => new Admission(config, { secret, [name]: value }));
        expect([error.code, error.message.split(":").slice(0, 2)]).toEqual([
          "invalid-argument",
          ["admission", ` ${name}`],
        ]);
      }
    }
    expect(codeOf(() => new Admission({} as Config, { secret }))).toBe("invalid-argument");
    expect(codeOf(() => new Admission(config, undefined as unknown as AdmissionOptions))).toBe("invalid-argument");
  });

  it("must be keys, by both forms of admit, and with a report's where points come from it", async () => {
    const wrong: [unknown, string][] = [
      [undefined, "invalid-argument"],
      [null, "invalid-argument"],
      [{}, "invalid-argument"],
      [{ packet: "key" }, "invalid-argument"],
      [{ packet: new Uint8Array(31) }, "wrong-length"],
      [{ packet: key, report: new Uint8Array(33) }, "wrong-length"],
      [{ packet: key, report: null }, "invalid-argument"],
    ];
    for (const queryPoints of modes) {
      const admission = admissionFor(queryPoints);
      for (const [keys, code] of wrong) {
        expect(codeOf(() => admission.admit(keys as ReplayKeys))).toBe(code);
        await expect(admission.admitAsync(keys as ReplayKeys)).rejects.toMatchObject({ name: "PrioError", code });
      }
      if (queryPoints === "report") expect(codeOf(() => admission.admit({ packet: key }))).toBe("invalid-argument");
      requireAdmitted(admission.admit({ packet: key, report: key }));
    }
  });

  it("may change later without effect", () => {
    const keys = { packet: key.slice(), report: key.slice() };
    const { keys: admitted } = requireAdmitted(admissionFor("stream").admit(keys));
    keys.packet.fill(1);
    keys.report.fill(1);
    expect(admitted).toEqual({ packet: key, report: key });
  });
});

describe("a record's answer that is none", () => {
  const keys = { packet: new Uint8Array(32), report: new Uint8Array(32).fill(1) };
  const wrong = [undefined, null, 0, 1, "", "yes", "NEW", {}, new Map(), () => true];

  it("is refused, and changes nothing", async () => {
    for (const answer of [...wrong, "new", Promise.resolve(true)]) {
      const add = vi.fn<(key: Uint8Array) => unknown>(() => answer);
      const admission = admissionFor("stream", { replays: { add } as unknown as ReplayRecord });
      expect(codeOf(() => admission.admit(keys))).toBe("invalid-argument");
      add.mockReturnValue(true);
      expect(admission.admit(keys)).toEqual(admissionFor("stream").admit(keys));
    }
    for (const answer of [...wrong, true, false, Promise.resolve("new")]) {
      const addReport = vi.fn<() => unknown>(() => answer);
      const replays = { addReport } as unknown as AtomicReplayRecord;
      const admission = admissionFor("stream", { replays });
      expect(codeOf(() => admission.admit(keys))).toBe("invalid-argument");
      addReport.mockReturnValue("new");
      expect(admission.admit(keys)).toEqual(admissionFor("stream").admit(keys));
    }
    for (const answer of wrong) {
      const replays = { addReport: () => Promise.resolve(answer) } as unknown as AsyncReplayRecord;
      await expect(admissionFor("stream", { replays }).admitAsync(keys)).rejects.toMatchObject({
        code: "invalid-argument",
      });
    }
  });

  it("when it is a promise that fails, nothing but the PrioError comes of it", async () => {
    const [report] = reports as [Packets];
    const fails = async () => await Promise.reject(new Error("no database"));
    for (const replays of [{ add: fails }, { addReport: fails }]) {
      const server = serverA(config, { replays: replays as unknown as ReplayRecord });
      expect(codeOf(() => server.open(report.a, "id"))).toBe("invalid-argument");
    }
    // An unhandled rejection fails the test run by the next turn.
    await new Promise((resolve) => setTimeout(resolve));
  });

  it("when it is a promise, the error names the way out", () => {
    const [report] = reports as [Packets];
    for (const replays of [{ add: async () => await true }, { addReport: async () => await ("new" as const) }]) {
      const server = serverA(config, { replays: replays as unknown as ReplayRecord });
      const error = errorOf(() => server.open(report.a, "id"));
      expect([error.code, error.message]).toEqual(["invalid-argument", expect.stringContaining("admitAsync")]);
    }
  });
});

/**
 * Records in all the forms that a record can have, over one in memory; `fails` says of each question whether it
 * throws.
 */
const forms: Record<string, (fails: () => boolean) => Required<AdmissionOptions>["replays"]> = {
  "a record of keys": (fails) => {
    const record = new MemoryReplayRecord();
    return { add: (key) => failing(fails, () => record.add(key)) };
  },
  "a record of reports": (fails) => {
    const record = new MemoryReplayRecord();
    return { addReport: (keys) => failing(fails, () => record.addReport(keys)) };
  },
  "a record of keys that answers later": (fails) => {
    const record = new MemoryReplayRecord();
    return { add: async (key) => await later(() => failing(fails, () => record.add(key))) };
  },
  "a record of reports that answers later": (fails) => {
    const record = new MemoryReplayRecord();
    return { addReport: async (keys) => await later(() => failing(fails, () => record.addReport(keys))) };
  },
};

class Away extends Error {}

function failing<T>(fails: () => boolean, f: () => T): T {
  if (fails()) throw new Away("the database is away");
  return f();
}

/** After some turns of the event loop, not always as many. */
let turns = 0;
async function later<T>(f: () => T): Promise<T> {
  turns = (turns + 1) % 3;
  for (let k = 0; k <= turns; k++) await Promise.resolve();
  return f();
}

describe.each(Object.entries(forms))("an error of %s", (_form, make) => {
  it.each(modes)(
    "burns neither point nor id nor packet with query points %s: what is tried again passes",
    async (queryPoints) => {
      const plan = fc.array(fc.boolean(), { minLength: 0, maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(plan, fc.boolean(), async (failures, isTriedLater) => {
          const answers = failures.slice();
          const admission = admissionFor(queryPoints, { replays: make(() => answers.shift() ?? false) });
          const [a, b] = [serverA(config, { queryPoints }), serverB(config, { queryPoints })];
          // In stream mode the order counts, so there a report is tried again at once.
          const waiting = reports.slice(0, 4).map((packets, i) => ({ packets, id: `report ${i}` }));
          const done: string[] = [];
          while (waiting.length > 0) {
            const next = waiting.shift() as (typeof waiting)[number];
            const opened = a.openPacket(next.packets.a, next.id);
            try {
              const admitted = requireAdmitted(await admission.admitAsync(opened.replayKeys));
              const checked = exchange(a.verifier(opened, admitted), b.open(next.packets.b, next.id));
              expect(checked.a).not.toBeNull();
              done.push(next.id);
            } catch (error) {
              expect(error).toBeInstanceOf(Away);
              if (isTriedLater && queryPoints !== "stream") waiting.push(next);
              else waiting.unshift(next);
            }
          }
          expect(done.sort()).toEqual(["report 0", "report 1", "report 2", "report 3"]);
        }),
      );
    },
  );

  it("lets the id go to another packet", async () => {
    for (const at of [0, 1]) {
      let [asked, isAway] = [0, true];
      const admission = admissionFor("report", { replays: make(() => isAway && asked++ === at) });
      const server = serverA(config, { queryPoints: "report" });
      const keysOf = (i: number, id: string) => server.openPacket(packetOf(i), id).replayKeys;
      const first = await admission.admitAsync(keysOf(0, "x")).catch((error: unknown) => error);
      isAway = false;
      if (first instanceof Away) requireAdmitted(await admission.admitAsync(keysOf(1, "x")));
      // Whichever of the two has the id now, there is no third.
      expect(await admission.admitAsync(keysOf(2, "x"))).toEqual({ replayed: "report" });
    }
  });
});

describe("Server.open", () => {
  it("passes a record's error through and leaves everything as it was, in every mode", () => {
    for (const queryPoints of modes) {
      for (const failsAt of [1, 2]) {
        let asked = 0;
        const record = new MemoryReplayRecord();
        const replays = {
          add: (key: Uint8Array) =>
            failing(
              () => ++asked === failsAt,
              () => record.add(key),
            ),
        };
        const [a, b] = [serverA(config, { queryPoints, replays }), serverB(config, { queryPoints })];
        const [first, ...others] = reports as [Packets, ...Packets[]];
        expect(() => a.open(first.a, "first")).toThrow(Away);
        expect(process(a, b, first, "first")).toBe(true);
        for (const [i, report] of others.entries()) expect(process(a, b, report, `${i}`)).toBe(true);
        expect(codeOf(() => a.open(first.a, "first"))).toBe("replay");
        expect(codeOf(() => a.open(first.a, "another id"))).toBe("replay");
      }
    }
  });
});

describe("the limit of a batch's one point", () => {
  it("is asked before the record is, and not used up by replays or errors", async () => {
    // No fake of vitest's, which would keep a million calls.
    let [asked, isAway, isNew] = [0, false, true];
    const replays = {
      add: () =>
        failing(
          () => isAway,
          () => ++asked > 0 && isNew,
        ),
    };
    const admission = admissionFor("batch", { replays });
    const keys = { packet: new Uint8Array(32) };
    for (let i = 1; i < Admission.maxReportsAtOnePoint; i++) requireAdmitted(admission.admit(keys));
    isNew = false;
    for (let i = 0; i < 10; i++) expect(admission.admit(keys)).toEqual({ replayed: "packet" });
    [isNew, isAway] = [true, true];
    for (let i = 0; i < 10; i++) expect(() => admission.admit(keys)).toThrow(Away);
    isAway = false;
    requireAdmitted(await admission.admitAsync(keys));
    expect(asked).toBe(2 ** 20 + 10);
    expect(codeOf(() => admission.admit(keys))).toBe("out-of-range");
    await expect(admission.admitAsync(keys)).rejects.toMatchObject({ code: "out-of-range" });
    expect(asked).toBe(2 ** 20 + 10);
  });
});

describe("a server that stops between opening a report and counting it", () => {
  const [x, y] = reports as [Packets, Packets];

  it.each(modes)("opens it again after the restart, at the same point, and loses nothing with %s", (queryPoints) => {
    const replays = new LastingRecord();
    const restarted = () => serverA(config, { queryPoints, replays });
    const before = [restarted().open(x.a, "x")].map((verifier) => toHex(verifier.verify1()));
    const [a, b] = [restarted(), serverB(config, { queryPoints })];
    const again = a.open(x.a, "x");
    expect([toHex(again.verify1())]).toEqual(before);
    const checked = exchange(again, b.open(x.b, "x"));
    if (checked.a === null || checked.b === null) throw new Error("an honest report was refused");
    a.aggregate(checked.a);
    b.aggregate(checked.b);
    expect(process(a, b, y, "y")).toBe(true);
    expect(publish(config, a.totalShare(), b.totalShare())).toEqual([1n, 0n, 2n]);
  });

  it("does not open it at another point, under another id, with another packet or after its answer", () => {
    for (const queryPoints of modes) {
      const replays = new LastingRecord();
      const session = () => serverA(config, { queryPoints, replays });
      session().open(x.a, "x");
      expect(errorOf(() => session().open(x.a, "y")).message).toMatch(/it was opened before/);
      expect(errorOf(() => session().open(y.a, "x")).message).toMatch(/its report id was seen before/);
      for (const other of modes.filter((mode) => mode !== queryPoints)) {
        expect(codeOf(() => serverA(config, { queryPoints: other, replays }).open(x.a, "x"))).toBe("replay");
      }
      const rotated = serverA(config, { queryPoints, replays, secret: ServerSecret.generate() });
      expect(codeOf(() => rotated.open(x.a, "x"))).toBe("replay");
      session().open(x.a, "x");
      replays.answered(serverA(config).openPacket(x.a, "x").replayKeys);
      expect(codeOf(() => session().open(x.a, "x"))).toBe("replay");
    }
    // In stream mode the second packet's point is another one than the first's.
    const replays = new LastingRecord();
    serverA(config, { replays }).open(x.a);
    const next = serverA(config, { replays });
    next.open(y.a);
    expect(codeOf(() => next.open(x.a))).toBe("replay");
  });

  it("counts it once, however often the record says that it may be opened again", () => {
    for (const queryPoints of modes) {
      for (const answer of ["new", "again"] as const) {
        const a = serverA(config, { queryPoints, replays: { addReport: () => answer } });
        const b = serverB(config, { queryPoints });
        expect(process(a, b, x, "x")).toBe(true);
        const error = errorOf(() => a.open(x.a, "x"));
        expect([error.code, error.message.includes("report id")]).toEqual(["replay", answer === "again"]);
        expect(a.reports).toBe(1);
      }
    }
  });
});

describe("a record made from the one in memory", () => {
  const keys = { packet: new Uint8Array(32), report: new Uint8Array(32).fill(1) };

  it("is asked through the method that it has of its own", () => {
    const asked: string[] = [];
    class KeyByKey extends MemoryReplayRecord {
      override add(key: Uint8Array): boolean {
        asked.push("add");
        return super.add(key);
      }
    }
    class Atomic extends MemoryReplayRecord {
      override addReport(report: ReplayKeys): "new" | "report" | "packet" {
        asked.push("addReport");
        return super.addReport(report);
      }
    }
    const replaced = new MemoryReplayRecord();
    replaced.add = () => {
      asked.push("replaced add");
      return false;
    };
    requireAdmitted(admissionFor("stream", { replays: new KeyByKey() }).admit(keys));
    requireAdmitted(admissionFor("stream", { replays: new Atomic() }).admit(keys));
    expect(admissionFor("stream", { replays: replaced }).admit(keys)).toEqual({ replayed: "report" });
    expect(asked).toEqual(["add", "add", "addReport", "replaced add"]);
  });

  it("is believed no other answer when a method is replaced while a session runs", () => {
    const replays = new MemoryReplayRecord();
    const admission = admissionFor("stream", { replays });
    replays.addReport = (() => Promise.resolve("new")) as never;
    expect(codeOf(() => admission.admit(keys))).toBe("invalid-argument");
  });
});

describe("a record that overwrites what it is given", () => {
  const seen: string[] = [];
  const overwrite = (...given: (Uint8Array | undefined)[]) => {
    seen.push(given.map((bytes) => bytes && toHex(bytes)).join());
    for (const bytes of given) bytes?.fill(0);
    return true;
  };
  const records: Record<string, ReplayRecord | AtomicReplayRecord> = {
    "key by key": { add: (key) => overwrite(key) },
    "whole reports": { addReport: ({ packet, report }, tag) => (overwrite(packet, report, tag) ? "new" : "packet") },
  };

  it.each(Object.entries(records))("%s: changes neither the admission nor later tags", (_name, replays) => {
    seen.length = 0;
    const server = serverA(config, { queryPoints: "report" });
    const admission = admissionFor("report", { replays });
    for (let i = 0; i < 2; i++) {
      const opened = server.openPacket(packetOf(i), "id");
      server.verifier(opened, requireAdmitted(admission.admit(opened.replayKeys))).verify1();
    }
    expect(new Set(seen.map((given) => given.split(",").at(-1))).size).toBe("add" in replays ? 3 : 1);
    expect(seen.join()).not.toContain("0".repeat(64));
  });
});

describe("the tag of a check", () => {
  /** The tags that a record is given for the first `count` reports. */
  function tagsOf(options: Partial<AdmissionOptions>, count = 1, of: Config = config): string[] {
    const tags: string[] = [];
    const replays: AtomicReplayRecord = {
      addReport: (_keys, point) => {
        expect(point.length).toBe(32);
        tags.push(toHex(point));
        return "new";
      },
    };
    const admission = new Admission(of, { secret, ...options, replays });
    for (let i = 0; i < count; i++) {
      requireAdmitted(admission.admit({ packet: new Uint8Array(32).fill(i), report: new Uint8Array(32).fill(i) }));
    }
    return tags;
  }

  it("is the same for the same point, and another for another secret, kind or point of the stream", () => {
    for (const queryPoints of modes) expect(tagsOf({ queryPoints }, 5)).toEqual(tagsOf({ queryPoints }, 5));
    expect(new Set(tagsOf({ queryPoints: "report" }, 5)).size).toBe(1);
    const other = ServerSecret.generate();
    const all = modes.flatMap((queryPoints) => [...tagsOf({ queryPoints }), ...tagsOf({ queryPoints, secret: other })]);
    expect(new Set([...all, ...tagsOf({}, 5)]).size).toBe(2 * modes.length + 4);
  });

  it.each(modes)("is another for another number of fields, PRG key or batch: %s", (queryPoints) => {
    const others = [{}, { fields: 2 }, { fields: 4 }, { prgKey: "seed" as const }, { batchId: "another batch" }];
    const tags = others.flatMap((other) => tagsOf({ queryPoints }, 1, configFor({ fields: 3, ...other })));
    expect(new Set(tags).size).toBe(others.length);
    // Integers are checked as their bits are.
    expect(tagsOf({ queryPoints }, 1, integerConfigFor({ count: 1, precision: 3 }))).toEqual(tags.slice(0, 1));
  });

  it.each([modes[1], modes[2], modes[3]])(
    "keeps B's packet from a check with a field less, which would show the last value: %s",
    (queryPoints) => {
      const replays = new LastingRecord();
      const { b } = client.encode([1, 0, 1]);
      const open = (fields: number) => serverB(configFor({ fields }), { queryPoints, replays }).open(b, "id");
      open(2).verify1();
      expect(codeOf(() => open(3))).toBe("replay");
      open(2).verify1();
    },
  );
});

describe("asynchronous admissions", () => {
  const keys = (i: number) => ({ packet: new Uint8Array(32).fill(i), report: new Uint8Array(32).fill(i) });

  it("are decided one after the other, in the order of the calls", async () => {
    const expected = admissionFor("stream");
    const order: number[] = [];
    let underWay = 0;
    const replays: AsyncReplayRecord = {
      addReport: async ({ packet }) => {
        expect(++underWay).toBe(1);
        const answer = await later(() => {
          order.push(packet[0] as number);
          return (packet[0] as number) % 4 === 3 ? ("packet" as const) : ("new" as const);
        });
        underWay--;
        return answer;
      },
    };
    const admission = admissionFor("stream", { replays });
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => admission.admitAsync(keys(i))));
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
    // A replay takes its point too.
    for (const [i, answer] of all.entries()) {
      const point = requireAdmitted(expected.admit(keys(i)));
      expect(answer).toEqual(i % 4 === 3 ? { replayed: "packet" } : point);
    }
  });

  it("keep a synchronous one from coming between", async () => {
    const admission = admissionFor("stream", { replays: { addReport: async () => await later(() => "new" as const) } });
    const first = admission.admitAsync(keys(1));
    expect(codeOf(() => admission.admit(keys(2)))).toBe("wrong-state");
    expect(await first).toEqual(admissionFor("stream").admit(keys(1)));
    // Now it is the record that does not fit.
    expect(codeOf(() => admission.admit(keys(2)))).toBe("invalid-argument");
  });

  it("do not let a record admit from within its answer", () => {
    let inner: unknown;
    const admission: Admission = admissionFor("stream", {
      replays: {
        add: (key) => {
          inner ??= codeOf(() => admission.admit({ packet: key }));
          return true;
        },
      },
    });
    requireAdmitted(admission.admit(keys(1)));
    expect(inner).toBe("wrong-state");
  });

  it("go on after one that failed", async () => {
    let asked = 0;
    const replays = {
      addReport: async () =>
        await later(() =>
          failing(
            () => ++asked === 2,
            () => "new" as const,
          ),
        ),
    };
    const admission = admissionFor("stream", { replays });
    const settled = await Promise.allSettled([1, 2, 3].map((i) => admission.admitAsync(keys(i))));
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    // The third got the point that the second did not take.
    const expected = admissionFor("stream");
    expected.admit(keys(1));
    expect(settled[2]).toMatchObject({ value: expected.admit(keys(3)) });
  });
});
