// The PRG and the query points: the sampling rule of WIRE.md section 4 written again in the plainest way, on Web
// Crypto.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { ServerSecret } from "../../src/index.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { Prg, rangeBelow } from "../../src/prio1/prg.js";
import { pointOfBatch, pointOfStream, ReportPoints, StreamPoints } from "../../src/prio1/query-points.js";
import { configFor } from "../support/deployment.js";

const { subtle } = globalThis.crypto;

/** Web Crypto's types want to know that no other thread writes to a buffer. */
type Bytes = Uint8Array<ArrayBuffer>;

/** The first `count` draws below `bound` from the key stream, as WIRE.md says. */
async function draws(key: Uint8Array, bound: bigint, count: number): Promise<bigint[]> {
  const length = Math.ceil((bound - 1n).toString(16).length / 2);
  const mask = 2 ** ((bound - 1n).toString(2).length - 8 * (length - 1)) - 1;
  // An attempt fails half the time at most, so this many fall short about once in 2^200 calls, and then the test says
  // so.
  const attempts = 3 * count + 200;
  const cipher = await subtle.importKey("raw", key as Bytes, "AES-CTR", false, ["encrypt"]);
  const zeros = new Uint8Array(attempts * (length + 1));
  const algorithm = { name: "AES-CTR", counter: new Uint8Array(16), length: 128 };
  const stream = new Uint8Array(await subtle.encrypt(algorithm, cipher, zeros));
  const drawn: bigint[] = [];
  for (let start = 0; drawn.length < count; start += length + 1) {
    if (start === stream.length) throw new Error("the key stream of the test is too short");
    const bytes = stream.slice(start, start + length);
    bytes[0] = (stream[start + length] as number) & mask;
    const x = bytes.reduce((sum, byte) => 256n * sum + BigInt(byte), 0n);
    if (x < bound) drawn.push(x);
  }
  return drawn;
}

const seed = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** The first 16 bytes of SHA-256 over all parts. */
async function hashKey(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const hash = await subtle.digest("SHA-256", Uint8Array.from(parts.flatMap((part) => Array.from(part))));
  return new Uint8Array(hash).subarray(0, 16);
}

const text = (ascii: string): Uint8Array => Uint8Array.from(ascii, (character) => character.charCodeAt(0));

describe("the PRG", () => {
  it("draws the elements that the rule draws, in either key variant, over vectors of any length", async () => {
    await fc.assert(
      fc.asyncProperty(
        seed,
        fc.constantFrom("seed" as const, "batch" as const),
        fc.array(fc.nat(40)),
        async (bytes, prgKey, lengths) => {
          const config = configFor({ fields: 1, prgKey });
          const prg = Prg.fromSeed(config, bytes);
          const key = prgKey === "seed" ? bytes : await hashKey(bytes, text("test batch"));
          const total = lengths.reduce((sum, length) => sum + length, 0);
          const expected = await draws(key, field.modulus, total);
          for (const length of lengths) {
            const vector = snipOf(config).space.zeros(length);
            prg.fill(vector);
            expect(vector.toBigInts()).toEqual(expected.splice(0, length));
          }
        },
      ),
    );
  });

  it("draws the same over a vector longer than a piece of the stream", async () => {
    const key = Uint8Array.from({ length: 16 }, (_, i) => i);
    const vector = snipOf(configFor({ fields: 1 })).space.zeros(10_000);
    Prg.fromKey(key).fill(vector);
    expect(vector.toBigInts()).toEqual(await draws(key, field.modulus, 10_000));
  });

  it("draws integers below any bound", async () => {
    const bounds = fc.oneof(
      fc.constantFrom(2n, 255n, 256n, 257n, 2n ** 64n, field.modulus - 3n),
      fc.bigInt({ min: 2n, max: 2n ** 100n }),
    );
    await fc.assert(
      fc.asyncProperty(seed, fc.array(bounds, { maxLength: 5 }), async (key, list) => {
        for (const bound of list) {
          const prg = Prg.fromKey(key);
          expect(Array.from({ length: 20 }, () => prg.below(rangeBelow(bound)))).toEqual(await draws(key, bound, 20));
        }
      }),
    );
  });
});

describe("query points", () => {
  const secret = ServerSecret.fromBytes(Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 1));

  it("of a stream lie above n + 1 and follow the rule", async () => {
    for (const fields of [1, 20, 262143]) {
      const offset = BigInt(fields + 2);
      const stream = new StreamPoints(configFor({ fields }), secret);
      const key = await hashKey(secret.toBytes(), text("test batch"));
      const expected = await draws(key, field.modulus - offset, 50);
      const points = expected.map(() => {
        const seen = [stream.peek(), stream.peek()];
        stream.advance();
        return seen;
      });
      expect(points).toEqual(expected.map((x) => [x + offset, x + offset]));
      expect(pointOfStream(configFor({ fields }), 7n)).toMatchObject({ point: { r: 7n }, weight: 1n });
    }
  });

  it("of a report are the rule's first draw under the hash of its id", async () => {
    const id = text("report 7");
    // Every part behind its length in 4 bytes, big-endian; all are shorter than 256 bytes here.
    const parts = [text("prio v1 query point"), secret.toBytes(), text("test batch"), id];
    const key = await hashKey(...parts.flatMap((part) => [Uint8Array.of(0, 0, 0, part.length), part]));
    const [r] = await draws(key, field.modulus, 1);
    const { point, weight } = new ReportPoints(configFor({ fields: 5 }), secret).pointOf(id);
    expect([point.r, weight]).toEqual([r, r]);
  });

  it("of a report depend on secret, batch and report id, and on nothing else", () => {
    const point = (batchId: string, from: ServerSecret, id: string, prgKey: "batch" | "seed" = "batch") =>
      new ReportPoints(configFor({ fields: 5, batchId, prgKey }), from).pointOf(text(id)).point.r;
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

  it("of a batch is one, bound to secret and batch id", () => {
    const config = configFor({ fields: 5 });
    const first = pointOfBatch(config, secret);
    expect(first.weight).toBe(first.point.r);
    const others = [
      pointOfBatch(configFor({ fields: 5, batchId: "other" }), secret),
      pointOfBatch(config, ServerSecret.generate()),
      new ReportPoints(config, secret).pointOf(new Uint8Array(0)),
    ];
    expect(new Set([first, ...others].map(({ point }) => point.r)).size).toBe(4);
    expect(pointOfBatch(config, secret).point.r).toBe(first.point.r);
  });
});
