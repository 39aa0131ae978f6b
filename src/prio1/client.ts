// The client: it takes booleans or integers and makes two sealed packets (WIRE.md section 2).

import { type Bytes, copyOfBytes, isBytes, kindOf, reading } from "../core/bytes.js";
import { buffered, type RandomSource, randomElements, systemRandom } from "../core/random.js";
import { shareOf, sharesInPlaceOf } from "../core/sharing.js";
import { randomSealing, type SealingRandomness } from "../crypto/ecies.js";
import { PrioError } from "../errors.js";
import { type Config, requireConfig } from "./config.js";
import { writeBits } from "./integers.js";
import { expandSeed, sealPacketA, sealPacketB } from "./packet.js";
import { type BatchParameters, type ReportSize, snipOf } from "./parameters.js";
import { SEED_BYTES } from "./prg.js";
import type { ProofShare, ReportShare, SeededShare } from "./share.js";
import type { Vector } from "./vector.js";

/** A report's two packets: `a` for server A alone, `b` for server B alone. */
export interface Packets {
  /**
   * For server A: about 12 bytes for each of the n fields and each of the N points of the proof (WIRE.md section 3).
   */
  a: Bytes;
  /** For server B: at most 153 bytes and the batch id's own, whatever n is. */
  b: Bytes;
}

/** All the randomness of a report's shares. */
export interface ReportRandomness {
  /** f(ω^0) and g(ω^0), and the factors of the Beaver triple. */
  readonly f0: bigint;
  readonly g0: bigint;
  readonly a: bigint;
  readonly b: bigint;
  /** B's shares of the six scalars. A's shares are the values minus these. */
  readonly proofB: ProofShare;
  /** B's 16-byte seed, which its shares of the data and of h are expanded from. */
  readonly seed: Uint8Array;
}

/**
 * Bytes drawn at once: 220 for the candidates of ten elements, 104 for a seed and two sealings, the rest to make up for
 * rejected candidates.
 */
const RANDOM_BYTES = 512;

/**
 * Encodes reports: it turns a client's values into one packet for each server. Send packet `a` to server A and packet
 * `b` to server B, with the same report id. It encodes one report after the other and keeps nothing of them.
 *
 * @example
 * ```js
 * import { Client, Config, generateKeyPair } from "prio";
 *
 * // In a real client: PublicKey.fromHex, with the keys that the servers' operators printed.
 * const config = new Config({
 *   fields: 3,
 *   batchId: "breakfast 2026-11",
 *   serverA: generateKeyPair().publicKey,
 *   serverB: generateKeyPair().publicKey,
 * });
 * const { a, b } = new Client(config).encode([true, false, true]);
 * console.log(a instanceof Uint8Array, b instanceof Uint8Array); // true true
 * ```
 */
export class Client {
  readonly #config: Config;

  /** Throws `invalid-argument` when `config` is not a Config. */
  constructor(config: Config) {
    this.#config = requireConfig(config);
  }

  /**
   * Encodes exactly `config.fields` values, each `true`, `false`, 0 or 1. Throws `invalid-argument` for what is no
   * list, `wrong-length` for another number of values, and `out-of-range` with the index of a value that is none of
   * these.
   */
  encode(values: ArrayLike<boolean | number>): Packets {
    return encode(this.#config, readBits(values, this.#config));
  }

  /**
   * Encodes exactly `config.count` integers, each in [0, 2^precision). Throws the same errors as `encode`, and
   * `invalid-argument` if the configuration is not for integers.
   */
  encodeIntegers(values: ArrayLike<number | bigint>): Packets {
    return encode(this.#config, readIntegers(values, this.#config));
  }
}

function encode(config: Config, bits: Uint8Array): Packets {
  const random = buffered(systemRandom, RANDOM_BYTES);
  const randomness = drawReportRandomness(config, random);
  const data = snipOf(config).space.fromIntegers(bits);
  return sealReport(config, shareReport(config, data, randomness), randomSealing(random), randomSealing(random));
}

/** Draws the randomness of a report. The ten elements are drawn in the order in which they stand here. */
export function drawReportRandomness(config: BatchParameters, random: RandomSource): ReportRandomness {
  const elements = randomElements(snipOf(config).space.field, 10, random).values();
  const next = () => elements.next().value as bigint;
  return {
    f0: next(),
    g0: next(),
    a: next(),
    b: next(),
    proofB: { a: next(), b: next(), c: next(), f0: next(), g0: next(), h0: next() },
    seed: random(SEED_BYTES),
  };
}

/** Splits the n values of a report into both servers' shares, with the proof. */
export function shareReport(
  config: BatchParameters,
  data: Vector,
  { f0, g0, a, b, proofB, seed }: ReportRandomness,
): { a: ReportShare; b: SeededShare } {
  const snip = snipOf(config);
  const { field } = snip.space;
  const h = snip.prove(data, f0, g0);
  const shareB = {
    a: proofB.a,
    b: proofB.b,
    c: proofB.c,
    f0: proofB.f0,
    g0: proofB.g0,
    h0: proofB.h0,
    seed,
  };
  const grown = expandSeed(config, shareB);
  const shareA = {
    a: shareOf(field, a, proofB.a),
    b: shareOf(field, b, proofB.b),
    c: shareOf(field, field.mul(a, b), proofB.c),
    f0: shareOf(field, f0, proofB.f0),
    g0: shareOf(field, g0, proofB.g0),
    h0: shareOf(field, field.mul(f0, g0), proofB.h0),
    data: sharesInPlaceOf(grown.data, data),
    h: sharesInPlaceOf(grown.h, h),
  };
  return { a: shareA, b: shareB };
}

/** Seals a report's shares to their servers. */
export function sealReport(
  config: Config,
  shares: { a: ReportShare; b: SeededShare },
  sealingA: SealingRandomness,
  sealingB: SealingRandomness,
): Packets {
  return { a: sealPacketA(config, shares.a, sealingA), b: sealPacketB(config, shares.b, sealingB) };
}

// The values are the client's secret, so an error names the index of a bad value and never the value.

/** The bits of booleans. Throws the errors of {@link Client.encode}. */
export function readBits(list: ArrayLike<boolean | number>, { fields }: ReportSize): Uint8Array {
  const values = copyOfList(list, fields);
  const bits = new Uint8Array(fields);
  for (let i = 0; i < fields; i++) {
    const x = values[i];
    if (x !== true && x !== false && x !== 0 && x !== 1) {
      throw new PrioError("out-of-range", `client: expected true, false, 0 or 1 at index ${i}, got another value`);
    }
    bits[i] = Number(x);
  }
  return bits;
}

/** The bits of integers. Throws the errors of {@link Client.encodeIntegers}. */
export function readIntegers(list: ArrayLike<number | bigint>, { count, precision }: ReportSize): Uint8Array {
  if (count === undefined || precision === undefined) {
    throw new PrioError("invalid-argument", "client: expected a configuration for integers, got one for booleans");
  }
  const values = copyOfList(list, count);
  const bits = new Uint8Array(count * precision);
  for (let i = 0; i < count; i++) {
    const x = values[i];
    if ((typeof x !== "bigint" && !Number.isInteger(x)) || !inRange(BigInt(x as bigint | number), precision)) {
      throw new PrioError(
        "out-of-range",
        `client: expected an integer of ${precision} bits at index ${i}, got another value`,
      );
    }
    writeBits(BigInt(x as bigint | number), precision, bits, i * precision);
  }
  return bits;
}

function inRange(x: bigint, precision: number): boolean {
  return x >= 0n && x < 1n << BigInt(precision);
}

/** A copy of `length` values, each read once: a list may answer otherwise the next time. */
function copyOfList(values: ArrayLike<unknown>, length: number): ArrayLike<unknown> {
  if (typeof values !== "object" || values === null) {
    throw new PrioError("invalid-argument", `client: expected a list of values, got ${kindOf(values)}`);
  }
  return reading("client", () => {
    // Bytes may say anything about their length.
    const list: ArrayLike<unknown> = isBytes(values) ? copyOfBytes(values, "client") : values;
    const got: unknown = list.length;
    if (typeof got !== "number") {
      throw new PrioError("invalid-argument", `client: expected a list, got ${kindOf(got)}`);
    }
    if (got !== length) throw new PrioError("wrong-length", `client: expected ${length} values, got ${got}`);
    if (list !== values) return list;
    const copy = new Array<unknown>(length);
    for (let i = 0; i < length; i++) copy[i] = list[i];
    return copy;
  });
}
