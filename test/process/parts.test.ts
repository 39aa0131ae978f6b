// The small parts of a run: digests of sets of reports, permits, waiting, manifests from anywhere.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "../../src/files/failure.js";
import { ServerSecret } from "../../src/index.js";
import { dayAfter, isDay } from "../../src/process/clock.js";
import { formatManifest, isPartName, parseManifest, type StageManifest } from "../../src/process/manifest.js";
import { Permits } from "../../src/process/permits.js";
import { ReportSet } from "../../src/process/report-set.js";
import { Sealer } from "../../src/process/seal.js";
import { NotCome, Waiting } from "../../src/process/waiting.js";
import { StoreError } from "../../src/stores/store.js";
import { hurried } from "./deployment.js";

describe("a set of reports", () => {
  const key = new Uint8Array(32).fill(7);
  const setOf = (ids: readonly Uint8Array[], by = key): ReportSet => {
    const set = new ReportSet(by);
    for (const id of ids) set.add(id);
    return set;
  };
  const id = fc.uint8Array({ minLength: 32, maxLength: 32 });

  test("has a digest that is the sum of the keyed hashes, in any order", () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 20 }), (ids) => {
        const sum = ids.reduce((total, bytes) => {
          const hash = createHash("sha256").update(key).update(bytes).digest().reverse();
          return (total + BigInt(`0x${hash.toString("hex")}`)) % 2n ** 256n;
        }, 0n);
        const digest = setOf(ids).digest();
        // Words of 32 bits, the least significant first.
        const words = digest.match(/.{8}/g)?.reverse().join("") ?? "";
        expect(BigInt(`0x${words}`)).toBe(sum);
        expect(setOf([...ids].reverse()).digest()).toBe(digest);
        expect(setOf(ids).count).toBe(ids.length);
      }),
    );
  });

  test("differs in one report, and by the key", () => {
    const ids = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
    const digests = [setOf(ids), setOf(ids.slice(1)), setOf(ids, new Uint8Array(32))].map((set) => set.digest());
    expect(new Set(digests).size).toBe(3);
  });
});

describe("permits", () => {
  test("are never more than there are, and whoever asks for many is not passed by", async () => {
    const permits = new Permits(3);
    let [used, most] = [0, 0];
    const order: number[] = [];
    const work = (count: number) =>
      permits.with(count, async () => {
        used += count;
        most = Math.max(most, used);
        order.push(count);
        await new Promise((resolve) => setImmediate(resolve));
        used -= count;
      });
    await Promise.all([work(1), work(1), work(3), work(1), work(2)]);
    expect(most).toBe(3);
    expect(order).toEqual([1, 1, 3, 1, 2]);
  });

  test("come back when the work fails", async () => {
    const permits = new Permits(1);
    await expect(permits.with(1, () => Promise.reject(new Error("x")))).rejects.toThrow("x");
    expect(await permits.with(1, () => Promise.resolve(4))).toBe(4);
  });
});

describe("waiting", () => {
  const busy = new StoreError("unavailable", "cannot read", "503", { store: "s3://x" });
  const waitingFor = (limit: number | undefined, deadline: number) => {
    const clock = hurried();
    const retry = { delay: 2, exponent: 2, limit };
    return { clock, waiting: new Waiting({ clock, retry, deadline, signal: new AbortController().signal }) };
  };

  test("doubles up to a minute, and ends at the deadline", async () => {
    const { clock, waiting } = waitingFor(undefined, 200_000);
    const looks: number[] = [];
    const look = () => {
      looks.push(clock.now() / 1000);
      return Promise.resolve(undefined);
    };
    await expect(waiting.until("it", "there", look)).rejects.toThrow("it did not come until the deadline");
    expect(looks).toEqual([0, 2, 6, 14, 30, 62, 122, 182, 200]);
  });

  test("ends after so many looks, as prio-processor does", async () => {
    const { clock, waiting } = waitingFor(3, Number.POSITIVE_INFINITY);
    await expect(waiting.until("it", "there", () => Promise.resolve(undefined))).rejects.toThrow(NotCome);
    expect(clock.now()).toBe(14_000);
  });

  test("goes on when a store does not answer, and says so at the end", async () => {
    const { waiting } = waitingFor(3, Number.POSITIVE_INFINITY);
    let looks = 0;
    expect(await waiting.until("it", "there", () => (++looks < 3 ? Promise.reject(busy) : Promise.resolve(5)))).toBe(5);
    await expect(waiting.until("it", "there", () => Promise.reject(busy))).rejects.toThrow(
      /^it did not come .*: cannot read s3:\/\/x: 503$/,
    );
  });

  test("work is done again when a store does not answer, until the deadline", async () => {
    const { waiting } = waitingFor(0, 100_000);
    const told: string[] = [];
    let tries = 0;
    const work = () => (++tries < 4 ? Promise.reject(busy) : Promise.resolve(tries));
    expect(await waiting.untilStoresAnswer(work, (message) => told.push(message))).toBe(4);
    expect(told).toHaveLength(3);
    await expect(
      waiting.untilStoresAnswer(
        () => Promise.reject(busy),
        () => undefined,
      ),
    ).rejects.toBe(busy);
    const other = new StoreError("forbidden", "cannot read", "403", { store: "s3://x" });
    await expect(
      waiting.untilStoresAnswer(
        () => Promise.reject(other),
        () => undefined,
      ),
    ).rejects.toBe(other);
  });
});

describe("a manifest", () => {
  const sealer = new Sealer(ServerSecret.generate().toBase64());
  const manifest: StageManifest = {
    kind: "verify1",
    app: "survey",
    date: "2026-03-01",
    batchId: "visits",
    server: "B",
    rows: 3,
    leftOut: 1,
    reports: 2,
    ids: "ab".repeat(32),
    parts: [{ name: "part-00000.json", size: 12, sha256: "cd".repeat(32) }],
  };
  const parse = (bytes: Buffer) => parseManifest(bytes, "verify1", "x", sealer);

  test("is read as it was written, and its seal fits", () => {
    const bytes = Buffer.from(formatManifest(manifest, sealer));
    expect(parse(bytes)).toEqual({ manifest, isSealed: true });
    expect(parseManifest(bytes, "verify1", "x", new Sealer(ServerSecret.generate().toBase64())).isSealed).toBe(false);
  });

  test("changed in any byte does not have its seal, or is none", () => {
    const bytes = Buffer.from(formatManifest(manifest, sealer));
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      let isSealed = false;
      try {
        isSealed = parse(changed).isSealed;
      } catch (error) {
        expect(error).toBeInstanceOf(Failure);
      }
      expect(isSealed, `byte ${at}`).toBe(false);
    }
  });

  test("of any bytes or any JSON is read or is a Failure", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json().map((json) => `${json}\n"x"\n`),
      fc
        .record({
          format: fc.constant("prio manifest 1"),
          kind: fc.constant("verify1"),
          parts: fc.jsonValue(),
          rows: fc.jsonValue(),
        })
        .map((json) => `${JSON.stringify({ ...manifest, ...json })}\n"x"\n`),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          parse(Buffer.from(given));
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each(["", ".", "..", "a/b", "../x", ".x", "_x", "a\nb", "a\\b", "x".repeat(256), "\x1b[2J"])(
    "%j names no part",
    (name) => {
      expect(isPartName(name)).toBe(false);
    },
  );

  test.each(["part-00000.json", "part-0-6adba759.c000.json.gz", "größe"])("%j names a part", (name) => {
    expect(isPartName(name)).toBe(true);
  });
});

test("days", () => {
  expect(["2026-02-28", "2024-02-29"].map(isDay)).toEqual([true, true]);
  expect(["2026-02-29", "2026-2-1", "x", "2026-13-01", ""].map(isDay)).toEqual([false, false, false, false, false]);
  expect([dayAfter("2026-02-28", 1), dayAfter("2026-01-01", -1)]).toEqual(["2026-03-01", "2025-12-31"]);
});
