// The attack that replay records prevent, carried out, and the sessions' refusals.
//
// A curious server knows the points r_1, r_2, … (it holds the secret). If the other server checks one packet at each of
// them, it learns d_k = f(r_k) − a for every k. f(r_k) is linear in f0 and the bits with known coefficients, so n + 2 such
// numbers are a linear system for f0, a and the n bits.

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { lagrangeCoefficients } from "../../src/core/evaluate.js";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { systemRandom } from "../../src/core/random.js";
import { Client, MemoryReplayRecord, publish, type Server, type Verifier } from "../../src/index.js";
import { queryPointSource } from "../../src/prio1/query-points.js";
import { replayKeys } from "../../src/prio1/replay.js";
import { readVerify1 } from "../../src/prio1/wire.js";
import { codeOf, configFor, errorOf, process, secret, serverA, serverB } from "../support/deployment.js";

const fields = 12;
const config = configFor({ fields });
const bits = [1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0];
const packets = new Client(config).encode(bits);

/** A record that has forgotten everything: the check taken away. */
const forgetful = { add: () => true };

/** Opens one packet as often as the session lets it and gives the points and what B answered, as server A sees them. */
function collect(a: Server, b: Server, times: number): { r: bigint; d: bigint }[] {
  const nextPoint = queryPointSource("stream", config, secret);
  const equations: { r: bigint; d: bigint }[] = [];
  for (let k = 0; k < times; k++) {
    const { r } = nextPoint(undefined).point;
    let answer: Verifier;
    try {
      answer = b.open(packets.b);
    } catch {
      continue;
    }
    const mine = readVerify1(config, a.open(packets.a).verify1(), "A");
    const theirs = readVerify1(config, answer.verify1(), "B");
    equations.push({ r, d: field.add(mine.d, theirs.d) });
  }
  return equations;
}

/** Solves Σ_i x_i·L_i(r_k) + f0·L_0(r_k) − a = d_k for (f0, x_1, …, x_n, a); undefined when the system leaves a choice. */
function solve(equations: { r: bigint; d: bigint }[]): bigint[] | undefined {
  const rows = equations.map(({ r, d }) => {
    const coefficients = lagrangeCoefficients(config.snip.ntt, config.snip.size, r);
    return [...coefficients.slice(0, fields + 1).toBigInts(), field.neg(1n), d];
  });
  const unknowns = fields + 2;
  for (let column = 0; column < unknowns; column++) {
    const pivot = rows.findIndex((row, k) => k >= column && row[column] !== 0n);
    if (pivot < 0) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot] as bigint[], rows[column] as bigint[]];
    const inverse = field.inv((rows[column] as bigint[])[column] as bigint);
    const normal = (rows[column] as bigint[]).map((x) => field.mul(x, inverse));
    rows[column] = normal;
    for (const [k, row] of rows.entries()) {
      if (k !== column)
        rows[k] = row.map((x, j) => field.sub(x, field.mul(row[column] as bigint, normal[j] as bigint)));
    }
  }
  return rows.slice(0, unknowns).map((row) => row.at(-1) as bigint);
}

describe("checking one packet at many points", () => {
  const times = fields + 2;

  it("gives a client's bits away when a session does not refuse replays", () => {
    const equations = collect(serverA(config, { replays: forgetful }), serverB(config, { replays: forgetful }), times);
    expect(equations).toHaveLength(times);
    expect(
      solve(equations)
        ?.slice(1, fields + 1)
        .map(Number),
    ).toEqual(bits);
  });

  it("gives nothing away against a real session: one equation, which every set of bits satisfies", () => {
    const equations = collect(serverA(config, { replays: forgetful }), serverB(config), times);
    expect(equations).toHaveLength(1);
    expect(solve(equations)).toBeUndefined();
    // For any bits and any f0 there is an a that explains the one number seen.
    const [{ r, d }] = equations as [{ r: bigint; d: bigint }];
    const coefficients = lagrangeCoefficients(config.snip.ntt, config.snip.size, r).slice(0, fields + 1);
    for (const other of [bits, bits.map((x) => 1 - x), bits.map(() => 0)]) {
      const f = config.snip.space.fromBigInts([7n, ...other.map(BigInt)]).dot(coefficients);
      const a = field.sub(f, d);
      expect(field.has(a)).toBe(true);
      expect(field.sub(f, a)).toBe(d);
    }
  });

  it("gives nothing away across sessions that share a record, and everything across sessions that do not", () => {
    const record = new MemoryReplayRecord();
    const sharing = () => serverB(config, { replays: record });
    expect(() => sharing().open(packets.b)).not.toThrow();
    for (let k = 0; k < times; k++) expect(codeOf(() => sharing().open(packets.b))).toBe("replay");
    // What SECURITY.md warns of: a record that does not live as long as the secret.
    for (let k = 0; k < times; k++) expect(() => serverB(config).open(packets.b)).not.toThrow();
  });

  it("leaks as much through a second answer to verify2, so there is none", () => {
    const [a, b] = [serverA(config).open(packets.a), serverB(config).open(packets.b)];
    b.verify2(a.verify1(), b.verify1());
    expect(codeOf(() => b.verify2(b.verify1(), b.verify1()))).toBe("wrong-state");
  });
});

describe("a session", () => {
  const small = configFor({ fields: 3 });
  const client = new Client(small);

  it("refuses a packet that it has opened, and counts the first", () => {
    const [a, b] = [serverA(small), serverB(small)];
    const report = client.encode([1, 0, 1]);
    expect(process(a, b, report)).toBe(true);
    const state = a.toBytes();
    expect(errorOf(() => a.open(report.a)).message).toBe("cannot open packet: it was opened before");
    expect(errorOf(() => b.open(report.b)).code).toBe("replay");
    expect([a.toBytes(), a.reports]).toEqual([state, 1]);
    expect(publish(small, a.totalShare(), b.totalShare())).toEqual([1n, 0n, 1n]);
  });

  it("draws the point of a refused duplicate in stream mode, to stay in step with a libprio peer", () => {
    // The peer knows no replays: it checks the duplicate at the second point and goes on.
    const [a, peer] = [serverA(small), serverB(small, { replays: forgetful })];
    const report = client.encode([1, 0, 1]);
    expect(process(a, peer, report)).toBe(true);
    expect(codeOf(() => a.open(report.a))).toBe("replay");
    peer.open(report.b);
    expect(process(a, peer, client.encode([1, 1, 1]))).toBe(true);
  });

  it("refuses a report id that it has seen, and a packet under a second id", () => {
    for (const queryPoints of ["stream", "report"] as const) {
      const a = serverA(small, { queryPoints });
      const [x, y] = [client.encode([1, 0, 1]), client.encode([1, 0, 1])];
      a.open(x.a, "x");
      expect(errorOf(() => a.open(y.a, "x")).message).toBe("cannot open packet: its report id was seen before");
      expect(codeOf(() => a.open(x.a, "z"))).toBe("replay");
      // The packet that came under a wrong id is not lost.
      expect(() => a.open(y.a, "y")).not.toThrow();
    }
  });

  it("does not let replays use up a batch's one point", () => {
    const a = serverA(small, { queryPoints: "batch" });
    const report = client.encode([1, 0, 1]);
    a.open(report.a);
    for (let k = 0; k < 20; k++) expect(codeOf(() => a.open(report.a))).toBe("replay");
    expect(() => a.open(client.encode([1, 0, 1]).a)).not.toThrow();
  });

  it("notes the packet that it opened, even if the caller's array changes meanwhile", () => {
    const keys: Uint8Array[] = [];
    const packet = client.encode([1, 0, 1]).a;
    const noting = {
      add: (key: Uint8Array) => {
        keys.push(key.slice());
        packet.fill(0);
        return true;
      },
    };
    const copy = packet.slice();
    serverA(small, { replays: noting, queryPoints: "report" }).open(packet, "id");
    expect(keys[1]).toEqual(replayKeys(small, copy, undefined).packet);
  });

  it("notes and opens the bytes themselves, whatever class the caller's array is of", () => {
    class Two extends Uint8Array {
      override get length(): number {
        return 60;
      }
      override subarray(): Uint8Array<ArrayBuffer> {
        return new Uint8Array(60);
      }
      override slice(): Uint8Array<ArrayBuffer> {
        return new Uint8Array(60);
      }
    }
    const { a: packet } = client.encode([1, 0, 1]);
    const a = serverA(small);
    expect(() => a.open(new Two(packet.slice().buffer))).not.toThrow();
    expect(codeOf(() => a.open(packet))).toBe("replay");
  });

  it("knows a packet by its ephemeral key, IV and tag, every bit of them", () => {
    const { a: packet } = client.encode([1, 0, 1]);
    const key = toHex(replayKeys(small, packet, undefined).packet);
    for (let bit = 0; bit < 8 * packet.length; bit++) {
      const i = bit >> 3;
      const changed = packet.slice();
      changed[i] = (changed[i] as number) ^ (1 << (bit & 7));
      if (i < 44 || i >= packet.length - 16) expect(toHex(replayKeys(small, changed, undefined).packet)).not.toBe(key);
      // It would pass for another packet, or for one that was not seen; so it must not open.
      expect(codeOf(() => serverA(small).open(changed))).toBe("cannot-open");
    }
  });

  it("is not even asked about a packet that does not open", () => {
    const add = vi.fn(() => true);
    const report = client.encode([1, 0, 1]);
    for (const queryPoints of ["stream", "report", "batch"] as const) {
      const a = serverA(small, { queryPoints, replays: { add } });
      for (const packet of [new Uint8Array(200), report.b, report.a.slice(1), new Uint8Array(0)]) {
        expect(codeOf(() => a.open(packet, "id"))).toBe("cannot-open");
      }
      expect(add).not.toHaveBeenCalled();
    }
  });

  it("refuses bytes that were transferred away", () => {
    const packet = client.encode([1, 0, 1]).a.slice();
    const id = Uint8Array.of(1);
    structuredClone([packet, id], { transfer: [packet.buffer, id.buffer] });
    const a = serverA(small, { queryPoints: "report" });
    expect(codeOf(() => a.open(packet, "id"))).toBe("invalid-argument");
    expect(codeOf(() => a.open(client.encode([1, 0, 1]).a, id))).toBe("invalid-argument");
  });

  it("notes the id whose point it takes, whatever class the caller's array is of", () => {
    let reads = 0;
    class Growing extends Uint8Array {
      override get length(): number {
        return reads++ === 0 ? 1 : 5;
      }
    }
    const a = serverA(small, { queryPoints: "report" });
    expect(() => a.open(client.encode([1, 0, 1]).a, new Growing([7]))).not.toThrow();
    expect(codeOf(() => a.open(client.encode([1, 0, 1]).a, Uint8Array.of(7)))).toBe("replay");
  });

  it("does not note what it could not open: junk under a client's id spoils nothing", () => {
    const a = serverA(small, { queryPoints: "report" });
    const report = client.encode([1, 0, 1]);
    expect(codeOf(() => a.open(new Uint8Array(200), "id"))).toBe("cannot-open");
    expect(codeOf(() => a.open(report.b, "id"))).toBe("cannot-open");
    expect(() => a.open(report.a, "id")).not.toThrow();
  });

  it("of another batch keeps ids apart in one record", () => {
    const replays = new MemoryReplayRecord();
    const other = configFor({ fields: 3, batchId: "other" });
    serverA(small, { replays }).open(client.encode([1, 0, 1]).a, "id");
    expect(() => serverA(other, { replays }).open(new Client(other).encode([1, 0, 1]).a, "id")).not.toThrow();
  });
});

describe("the record in memory", () => {
  const key = (...bytes: number[]) => Uint8Array.from({ length: 32 }, (_, i) => bytes[i] ?? 0);

  it("answers as a set does, for any keys in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(255)), { maxLength: 600 }), (pairs) => {
        const [record, set] = [new MemoryReplayRecord(), new Set<string>()];
        for (const [x, y] of pairs) {
          expect(record.add(key(1, x, y))).toBe(!set.has(`${x} ${y}`));
          set.add(`${x} ${y}`);
        }
      }),
    );
  });

  it("tells keys apart that differ in any of their first 16 bytes, and knows them all after growing", () => {
    const record = new MemoryReplayRecord();
    const keys: Uint8Array[] = [];
    for (let i = 0; i < 16; i++)
      for (let byte = 1; byte < 256; byte++) keys.push(key(...new Array<number>(i).fill(0), byte));
    for (let i = 0; i < 30_000; i++) keys.push(systemRandom(32));
    for (const x of keys) expect(record.add(x)).toBe(true);
    for (const x of keys) expect(record.add(x)).toBe(false);
  });

  it("reads keys that are views into larger buffers", () => {
    const record = new MemoryReplayRecord();
    const buffer = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
    expect(record.add(buffer.subarray(7, 39))).toBe(true);
    expect(record.add(buffer.slice(7, 39))).toBe(false);
  });
});
