// The instances of Prio3 (VDAF draft, section 7.4), each a class with its parameters. docs/prio3.md says which one
// answers which question.

import { propertiesOf, shown } from "../core/bytes.js";
import { sensitivityOfVector } from "../core/noise.js";
import { packed64Space } from "../core/packed64.js";
import { packed128Space } from "../core/packed128.js";
import { PrioError } from "../errors.js";
import { optimalChunkLength } from "./chunk-length.js";
import { bitLength } from "./circuits/bits.js";
import { count } from "./circuits/count.js";
import { histogram } from "./circuits/histogram.js";
import { l1BoundSum } from "./circuits/l1-bound-sum.js";
import { multihotCountVec } from "./circuits/multihot-count-vec.js";
import { sum } from "./circuits/sum.js";
import { sumVec } from "./circuits/sum-vec.js";
import { Prio3 } from "./prio3.js";
import { Prio3Steps } from "./steps.js";
import { XOF_HMAC_SHA256_AES_128, XOF_TURBO_SHAKE_128 } from "./xof.js";

/** Elements of an encoded measurement, at most: bounds the memory of one report. */
const MAX_MEASUREMENT_LENGTH = 2 ** 22;
/** The draft has these up to the modulus. */
const MAX_64 = 2n ** 63n - 1n;
const MAX_128 = 2n ** 64n - 1n;
/** With joint randomness, the smaller field needs three proofs (VDAF draft, section 9.7). */
const MIN_PROOFS_64 = 3n;

/** What every instance can be told. */
export interface Prio3Options {
  /** The number of aggregators, 2 to 255; 2 by default. */
  readonly shares?: number;
}

/** Options of instances whose circuit is cut into chunks. */
export interface ChunkedOptions extends Prio3Options {
  /** Elements of an encoded measurement that one gadget call checks, from 1 on; the optimal number by default. */
  readonly chunkLength?: number;
}

/** Options of {@link Prio3Sum}. */
export interface Prio3SumOptions extends Prio3Options {
  /**
   * The largest measurement: 1 to 2^63 − 1. Times the number of reports in a batch, it must stay below the field's
   * modulus, 2^64 − 2^32 + 1.
   */
  readonly maxMeasurement: number | bigint;
}

/** Options of {@link Prio3SumVec}. */
export interface Prio3SumVecOptions extends ChunkedOptions {
  /** The number of integers in a measurement, from 1 on. */
  readonly length: number;
  /** The largest integer: 1 to 2^64 − 1. */
  readonly maxMeasurement: number | bigint;
}

/** Options of {@link Prio3SumVecWithMultiproof}. */
export interface Prio3SumVecWithMultiproofOptions extends Prio3SumVecOptions {
  /** The number of proofs, 3 to 255. With fewer, a client could search for a false report that passes. */
  readonly proofs: number;
  /** The draft's identifier for private use, 0xFFFF0000 to 0xFFFFFFFF, the last one by default. */
  readonly algorithmId?: number;
  /** `"turboshake"`, the draft's, by default; `"hmac-aes"` is libprio-rs's faster one. */
  readonly xof?: "turboshake" | "hmac-aes";
}

/** Options of {@link Prio3Histogram}. */
export interface Prio3HistogramOptions extends ChunkedOptions {
  /** The number of buckets, from 1 on. */
  readonly length: number;
}

/** Options of {@link Prio3MultihotCountVec}. */
export interface Prio3MultihotCountVecOptions extends ChunkedOptions {
  /** The number of booleans in a measurement, from 1 on. */
  readonly length: number;
  /** How many of them may be true, 1 to `length`. */
  readonly maxWeight: number;
}

/** Options of {@link Prio3L1BoundSum}. */
export interface Prio3L1BoundSumOptions extends ChunkedOptions {
  /** The number of integers in a measurement, from 1 on. */
  readonly length: number;
  /** The largest sum of a measurement's integers: 1 to 2^64 − 1. */
  readonly maxValue: number | bigint;
}

/**
 * Counts: each measurement is `true`, `false`, 0 or 1, and the result is how many were true.
 *
 * @example
 * ```js
 * import { Prio3Count } from "prio/prio3";
 *
 * const vdaf = new Prio3Count();
 * const ctx = new TextEncoder().encode("example");
 * const verifyKey = crypto.getRandomValues(new Uint8Array(vdaf.verifyKeySize)); // shared by both, unknown to clients
 * const totals = [vdaf.aggregateInit(), vdaf.aggregateInit()];
 *
 * for (const answer of [true, false, true]) {
 *   const nonce = crypto.getRandomValues(new Uint8Array(vdaf.nonceSize));
 *   const { publicShare, inputShares } = vdaf.shard(ctx, answer, nonce);
 *   const verifications = inputShares.map((share, id) =>
 *     vdaf.verifyInit(verifyKey, ctx, id, nonce, publicShare, share),
 *   );
 *   const message = vdaf.verifierSharesToMessage(ctx, verifications.map(({ verifierShare }) => verifierShare));
 *   if (message === null) continue; // the proof does not hold
 *   for (const [id, { state }] of verifications.entries()) {
 *     const output = vdaf.verifyNext(ctx, state, message);
 *     if (output !== null) totals[id]?.add(output);
 *   }
 * }
 * console.log(vdaf.unshard(totals.map((total) => total.toBytes()), 3)); // 2n
 * ```
 */
export class Prio3Count extends Prio3<boolean | number, bigint> {
  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio3Options = {}) {
    const { shares } = optionsOf(options, ["shares"]);
    super(
      new Prio3Steps({
        algorithmId: 1,
        space: packed64Space(),
        circuit: count(),
        xof: XOF_TURBO_SHAKE_128,
        proofs: 1,
        shares: sharesOf(shares),
        maxOutput: 1n,
      }),
      { l1: 1n, l2Squared: 1n },
    );
  }
}

/** Sums: each measurement is an integer in [0, maxMeasurement], and the result is their sum. */
export class Prio3Sum extends Prio3<number | bigint, bigint> {
  /** The largest measurement. */
  readonly maxMeasurement: bigint;

  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio3SumOptions) {
    const { shares, maxMeasurement } = optionsOf(options, ["shares", "maxMeasurement"]);
    const max = integerOf(maxMeasurement, 1n, MAX_64, "maxMeasurement");
    super(
      new Prio3Steps({
        algorithmId: 2,
        space: packed64Space(),
        circuit: sum(max),
        xof: XOF_TURBO_SHAKE_128,
        proofs: 1,
        shares: sharesOf(shares),
        maxOutput: max,
      }),
      { l1: max, l2Squared: max * max },
    );
    this.maxMeasurement = max;
  }
}

/**
 * Sums of vectors: each measurement is a list of integers in [0, maxMeasurement], and the result has the sum of each.
 */
export class Prio3SumVec extends Prio3<ArrayLike<number | bigint>, bigint[]> {
  /** The number of integers in a measurement. */
  readonly length: number;
  /** The largest integer. */
  readonly maxMeasurement: bigint;
  /** Elements that one gadget call checks. */
  readonly chunkLength: number;

  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio3SumVecOptions) {
    const given = optionsOf(options, ["shares", "length", "maxMeasurement", "chunkLength"]);
    const parameters = vectorParametersOf(given);
    super(
      new Prio3Steps({
        algorithmId: 3,
        space: packed128Space(),
        circuit: sumVec(parameters.length, parameters.max, parameters.chunkLength),
        xof: XOF_TURBO_SHAKE_128,
        proofs: 1,
        shares: sharesOf(given.shares),
        maxOutput: parameters.max,
      }),
      sensitivityOfVector(parameters.length, parameters.max),
    );
    this.length = parameters.length;
    this.maxMeasurement = parameters.max;
    this.chunkLength = parameters.chunkLength;
  }
}

/**
 * {@link Prio3SumVec} over the smaller field, with several proofs instead: reports are shorter. It is no instance of
 * the draft's registry, so both sides must agree on `proofs`, `algorithmId` and `xof` too.
 */
export class Prio3SumVecWithMultiproof extends Prio3<ArrayLike<number | bigint>, bigint[]> {
  /** The number of integers in a measurement. */
  readonly length: number;
  /** The largest integer. */
  readonly maxMeasurement: bigint;
  /** Elements that one gadget call checks. */
  readonly chunkLength: number;
  /** The number of proofs. */
  readonly proofs: number;
  /** The XOF: the draft's `"turboshake"`, or libprio-rs's `"hmac-aes"`. */
  readonly xof: "turboshake" | "hmac-aes";

  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio3SumVecWithMultiproofOptions) {
    const given = optionsOf(options, [
      ...(["shares", "length", "maxMeasurement", "chunkLength"] as const),
      ...(["proofs", "algorithmId", "xof"] as const),
    ]);
    const parameters = vectorParametersOf(given, MAX_64);
    const { xof = "turboshake", algorithmId = 0xffffffff } = given;
    if (xof !== "turboshake" && xof !== "hmac-aes") {
      throw new PrioError("invalid-argument", `xof: expected "turboshake" or "hmac-aes", got ${shown(xof)}`);
    }
    const proofs = Number(integerOf(given.proofs, MIN_PROOFS_64, 255n, "proofs"));
    super(
      new Prio3Steps({
        algorithmId: Number(integerOf(algorithmId, 0xffff0000n, 0xffffffffn, "algorithmId")),
        space: packed64Space(),
        circuit: sumVec(parameters.length, parameters.max, parameters.chunkLength),
        xof: xof === "hmac-aes" ? XOF_HMAC_SHA256_AES_128 : XOF_TURBO_SHAKE_128,
        proofs,
        shares: sharesOf(given.shares),
        maxOutput: parameters.max,
      }),
      sensitivityOfVector(parameters.length, parameters.max),
    );
    this.length = parameters.length;
    this.maxMeasurement = parameters.max;
    this.chunkLength = parameters.chunkLength;
    this.proofs = proofs;
    this.xof = xof;
  }
}

/** Histograms: each measurement is the number of a bucket, from 0, and the result counts each bucket. */
export class Prio3Histogram extends Prio3<number | bigint, bigint[]> {
  /** The number of buckets. */
  readonly length: number;
  /** Elements that one gadget call checks. */
  readonly chunkLength: number;

  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio3HistogramOptions) {
    const given = optionsOf(options, ["shares", "length", "chunkLength"]);
    const length = lengthOf(given.length, 1);
    const chunkLength = chunkLengthOf(given.chunkLength, length);
    super(
      new Prio3Steps({
        algorithmId: 4,
        space: packed128Space(),
        circuit: histogram(length, chunkLength),
        xof: XOF_TURBO_SHAKE_128,
        proofs: 1,
        shares: sharesOf(given.shares),
        maxOutput: 1n,
      }),
      { l1: length === 1 ? 0n : 2n, l2Squared: length === 1 ? 0n : 2n },
    );
    this.length = length;
    this.chunkLength = chunkLength;
  }
}

/** Counts of vectors: each measurement is a list of booleans, at most `maxWeight` of them true. */
export class Prio3MultihotCountVec extends Prio3<ArrayLike<boolean | number>, bigint[]> {
  /** The number of booleans in a measurement. */
  readonly length: number;
  /** How many of them may be true. */
  readonly maxWeight: number;
  /** Elements that one gadget call checks. */
  readonly chunkLength: number;

  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio3MultihotCountVecOptions) {
    const given = optionsOf(options, ["shares", "length", "maxWeight", "chunkLength"]);
    const length = lengthOf(given.length, 1);
    const maxWeight = Number(integerOf(given.maxWeight, 1n, BigInt(length), "maxWeight"));
    const chunkLength = chunkLengthOf(given.chunkLength, length + bitLength(BigInt(maxWeight)));
    super(
      new Prio3Steps({
        algorithmId: 5,
        space: packed128Space(),
        circuit: multihotCountVec(length, maxWeight, chunkLength),
        xof: XOF_TURBO_SHAKE_128,
        proofs: 1,
        shares: sharesOf(given.shares),
        maxOutput: 1n,
      }),
      sensitivityOfVector(Math.min(length, 2 * maxWeight), 1n),
    );
    this.length = length;
    this.maxWeight = maxWeight;
    this.chunkLength = chunkLength;
  }
}

/**
 * Sums of vectors whose sum is bounded: each measurement is a list of integers from 0 on that add up to at most
 * `maxValue` (draft-ietf-ppm-l1-bound-sum).
 */
export class Prio3L1BoundSum extends Prio3<ArrayLike<number | bigint>, bigint[]> {
  /** The number of integers in a measurement. */
  readonly length: number;
  /** The largest sum of a measurement's integers. */
  readonly maxValue: bigint;
  /** Elements that one gadget call checks. */
  readonly chunkLength: number;

  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio3L1BoundSumOptions) {
    const given = optionsOf(options, ["shares", "length", "maxValue", "chunkLength"]);
    const max = integerOf(given.maxValue, 1n, MAX_128, "maxValue");
    const bits = bitLength(max);
    const length = lengthOf(given.length, bits);
    const chunkLength = chunkLengthOf(given.chunkLength, (length + 1) * bits);
    super(
      new Prio3Steps({
        algorithmId: 7,
        space: packed128Space(),
        circuit: l1BoundSum(length, max, chunkLength),
        xof: XOF_TURBO_SHAKE_128,
        proofs: 1,
        shares: sharesOf(given.shares),
        maxOutput: max,
      }),
      { l1: length === 1 ? max : 2n * max, l2Squared: length === 1 ? max * max : 2n * max * max },
    );
    this.length = length;
    this.maxValue = max;
    this.chunkLength = chunkLength;
  }
}

function optionsOf<T extends object, Name extends keyof T & string>(
  options: T,
  names: readonly Name[],
): { readonly [K in Name]?: unknown } {
  return propertiesOf(options, "prio3", names, names);
}

function sharesOf(shares: unknown = 2): number {
  return Number(integerOf(shares, 2n, 255n, "shares"));
}

function lengthOf(length: unknown, bitsOfEach: number): number {
  // One more for the norm or the weight that some circuits add.
  return Number(integerOf(length, 1n, BigInt(Math.floor(MAX_MEASUREMENT_LENGTH / bitsOfEach) - 1), "length"));
}

function chunkLengthOf(chunkLength: unknown, measurementLength: number): number {
  if (chunkLength === undefined) return optimalChunkLength(measurementLength);
  return Number(integerOf(chunkLength, 1n, BigInt(MAX_MEASUREMENT_LENGTH), "chunkLength"));
}

function vectorParametersOf(
  given: { readonly length?: unknown; readonly maxMeasurement?: unknown; readonly chunkLength?: unknown },
  largest: bigint = MAX_128,
): { length: number; max: bigint; chunkLength: number } {
  const max = integerOf(given.maxMeasurement, 1n, largest, "maxMeasurement");
  const length = lengthOf(given.length, bitLength(max));
  return { length, max, chunkLength: chunkLengthOf(given.chunkLength, length * bitLength(max)) };
}

function integerOf(x: unknown, min: bigint, max: bigint, name: string): bigint {
  if (typeof x !== "number" && typeof x !== "bigint") {
    throw new PrioError("invalid-argument", `${name}: expected an integer, got ${shown(x)}`);
  }
  const isInteger = typeof x === "bigint" || Number.isSafeInteger(x);
  if (!isInteger || BigInt(x) < min || BigInt(x) > max) {
    throw new PrioError("out-of-range", `${name}: expected an integer from ${min} to ${max}, got ${x}`);
  }
  return BigInt(x);
}
