// The PRG and the query points: the sampling rule of WIRE.md section 4 written again in the plainest way, on node:crypto.

import { createCipheriv, createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD_PRIO_V1 as field } from "../../src/core/fields.js";
import { ServerSecret } from "../../src/index.js";
import { Prg } from "../../src/prio1/prg.js";
import { reportPoints, streamPoints } from "../../src/prio1/query-points.js";
import { configFor } from "../support/deployment.js";

/** Draws below `bound` from the key stream, as WIRE.md says. */
function* draws(key: Uint8Array, bound: bigint): Generator<bigint, never> {
  const cipher = createCipheriv("aes-128-ctr", key, new Uint8Array(16));
  const length = Math.ceil((bound - 1n).toString(16).length / 2);
  const mask = 2 ** ((bound - 1n).toString(2).length - 8 * (length - 1)) - 1;
  for (;;) {
    const bytes = cipher.update(new Uint8Array(length));
    bytes[0] = (cipher.update(new Uint8Array(1))[0] as number) & mask;
    const x = BigInt(`0x${bytes.toString("hex")}`);
    if (x < bound) yield x;
  }
}

function take<T>(generator: Generator<T, never>, count: number): T[] {
  return Array.from({ length: count }, () => generator.next().value);
}

const seed = fc.uint8Array({ minLength: 16, maxLength: 16 });
const batchKey = (bytes: Uint8Array, batchId: string) =>
  createHash("sha256").update(bytes).update(batchId).digest().subarray(0, 16);

describe("the PRG", () => {
  it("draws the elements that the rule draws, in either key variant, over vectors of any length", () => {
    fc.assert(
      fc.property(
        seed,
        fc.constantFrom("seed" as const, "batch" as const),
        fc.array(fc.nat(40)),
        (bytes, prgKey, lengths) => {
          const config = configFor({ fields: 1, prgKey });
          const prg = Prg.fromSeed(config, bytes);
          const expected = draws(prgKey === "seed" ? bytes : batchKey(bytes, "test batch"), field.modulus);
          for (const length of lengths) {
            const vector = config.snip.space.zeros(length);
            prg.fill(vector);
            expect(vector.toBigInts()).toEqual(take(expected, length));
          }
        },
      ),
    );
  });

  it("draws the same over a vector longer than a piece of the stream", () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const vector = configFor({ fields: 1 }).snip.space.zeros(10_000);
    Prg.fromKey(key).fill(vector);
    expect(vector.toBigInts()).toEqual(take(draws(key, field.modulus), 10_000));
  });

  it("draws integers below any bound", () => {
    const bounds = fc.oneof(
      fc.constantFrom(2n, 255n, 256n, 257n, 2n ** 64n, field.modulus - 3n),
      fc.bigInt({ min: 2n, max: 2n ** 100n }),
    );
    fc.assert(
      fc.property(seed, fc.array(bounds, { maxLength: 5 }), (key, list) => {
        for (const bound of list) {
          const prg = Prg.fromKey(key);
          expect(Array.from({ length: 20 }, () => prg.below(bound))).toEqual(take(draws(key, bound), 20));
        }
      }),
    );
  });
});

describe("query points", () => {
  const secret = ServerSecret.fromBytes(Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 1));

  it("of a stream lie above n + 1 and follow the rule", () => {
    for (const fields of [1, 20, 262143]) {
      const offset = BigInt(fields + 2);
      const next = streamPoints(configFor({ fields }), secret);
      const expected = take(draws(batchKey(secret.toBytes(), "test batch"), field.modulus - offset), 50);
      expect(Array.from({ length: 50 }, () => next(undefined))).toEqual(
        expected.map((x) => ({ r: x + offset, weight: 1n })),
      );
    }
  });

  it("of a report are the rule's first draw under the hash of its id", () => {
    const id = Buffer.from("report 7");
    const part = (bytes: Uint8Array) =>
      Buffer.concat([Buffer.from(Uint32Array.of(bytes.length).buffer).reverse(), bytes]);
    const key = createHash("sha256")
      .update(
        Buffer.concat([
          part(Buffer.from("prio v1 query point")),
          part(secret.toBytes()),
          part(Buffer.from("test batch")),
          part(id),
        ]),
      )
      .digest()
      .subarray(0, 16);
    const r = draws(key, field.modulus).next().value;
    expect(reportPoints(configFor({ fields: 5 }), secret)(id)).toEqual({ r, weight: r });
  });

  it("of a report depend on secret, batch and report id, and on nothing else", () => {
    const point = (batchId: string, from: ServerSecret, id: string, prgKey: "batch" | "seed" = "batch") =>
      reportPoints(configFor({ fields: 5, batchId, prgKey }), from)(Buffer.from(id)).r;
    const r = point("b", secret, "id");
    expect(point("b", secret, "id", "seed")).toBe(r);
    // The boundary between batch id and report id counts.
    const others = [
      point("b", secret, "ie"),
      point("bi", secret, "d"),
      point("b", ServerSecret.generate(), "id"),
      point("", secret, "bid"),
    ];
    expect(new Set([r, ...others]).size).toBe(5);
  });
});
