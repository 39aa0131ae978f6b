// Sessions refuse what they have seen, by the packet's seal and by the report's id; and the record in memory.

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { systemRandom } from "../../src/core/random.js";
import { Client, MemoryReplayRecord, publish } from "../../src/index.js";
import { replayKeys } from "../../src/prio1/replay-records.js";
import { codeOf, configFor, errorOf, process, serverA, serverB } from "../support/deployment.js";

/** A record that has forgotten everything: the rule taken away. */
const forgetful = { add: () => true };

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
    for (const queryPoints of ["stream", "first", "report"] as const) {
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
    for (const queryPoints of ["stream", "first", "report", "batch"] as const) {
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

  it("forgets nothing when it cannot grow", () => {
    const record = new MemoryReplayRecord();
    const keys: Uint8Array[] = [];
    const original = globalThis.Uint32Array;
    let failed = 0;
    globalThis.Uint32Array = new Proxy(original, {
      construct(target, args, newTarget) {
        if (typeof args[0] === "number" && failed++ === 0) {
          throw new RangeError("Array buffer allocation failed");
        }
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
    try {
      for (let i = 0; i < 3000; i++) {
        const key = systemRandom(32);
        try {
          record.add(key);
          keys.push(key);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    } finally {
      globalThis.Uint32Array = original;
    }
    expect([failed > 0, keys.length]).toEqual([true, 2999]);
    expect(keys.filter((key) => record.add(key))).toEqual([]);
  });

  it("answers true to a first key of zeros, and with a PrioError to what is no key", () => {
    const record = new MemoryReplayRecord();
    expect(codeOf(() => record.add(new Uint8Array(3)))).toBe("wrong-length");
    expect(codeOf(() => record.add("key" as unknown as Uint8Array))).toBe("invalid-argument");
    expect(record.add(new Uint8Array(32))).toBe(true);
  });

  it("records both keys of a report or neither, and says which was there", () => {
    const record = new MemoryReplayRecord();
    const keys = (packet: number, report?: number) =>
      report === undefined ? { packet: key(packet) } : { packet: key(packet), report: key(0, report) };
    expect(record.addReport(keys(1, 1))).toBe("new");
    expect(record.addReport(keys(1, 1))).toBe("report");
    expect(record.addReport(keys(2, 1))).toBe("report");
    expect(record.addReport(keys(1, 2))).toBe("packet");
    expect(record.addReport(keys(1))).toBe("packet");
    // Of what was refused nothing is recorded.
    expect(record.addReport(keys(2, 2))).toBe("new");
    expect(record.addReport(keys(3))).toBe("new");
    // One record serves both ways to ask.
    expect([record.add(key(3)), record.add(key(0, 2)), record.add(key(4))]).toEqual([false, false, true]);
    expect(record.addReport(keys(4))).toBe("packet");
    expect(codeOf(() => record.addReport({ packet: key(5), report: new Uint8Array(31) }))).toBe("wrong-length");
    expect(record.addReport(keys(5))).toBe("new");
  });

  it("leaves neither key behind when there is no memory for both", () => {
    const record = new MemoryReplayRecord();
    const keysOf = () => ({ packet: systemRandom(32), report: systemRandom(32) });
    const original = globalThis.Uint32Array;
    let [asked, failed] = [0, 0];
    const lost: ReturnType<typeof keysOf>[] = [];
    for (let i = 0; i < 3000; i++) {
      const keys = keysOf();
      // Words of a key are allocated too; tables are larger.
      globalThis.Uint32Array = new Proxy(original, {
        construct(target, args, newTarget) {
          if (typeof args[0] === "number" && args[0] > 4 && asked++ % 3 === 2) throw new RangeError("no memory");
          return Reflect.construct(target, args, newTarget) as object;
        },
      });
      try {
        expect(record.addReport(keys)).toBe("new");
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        failed++;
        lost.push(keys);
      } finally {
        globalThis.Uint32Array = original;
      }
    }
    expect(failed).toBeGreaterThan(0);
    for (const keys of lost) expect(record.addReport(keys)).toBe("new");
  });
});
