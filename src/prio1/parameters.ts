// What the steps of the protocol need to know of a batch: what a report is, the batch's name and its proof system, and
// not who the servers are (WIRE.md section 1). A Config is such a batch; a VDAF makes one for each context.

import { shown } from "../core/bytes.js";
import { Hidden } from "../core/hidden.js";
import { type Sensitivity, sensitivityOfVector } from "../core/noise.js";
import { packed87Space } from "../core/packed87.js";
import { PrioError } from "../errors.js";
import { Snip } from "./snip.js";
import type { VectorSpace } from "./vector.js";

/** How the AES key of a PRG is derived from its 16-byte seed (WIRE.md section 4). */
export type PrgKey = "batch" | "seed";

/** The size of a report: booleans, or integers as bits. */
export interface ReportSize {
  /** The number of bits: for integers, count × precision. */
  readonly fields: number;
  /** The bits of each integer, if there are integers. */
  readonly precision?: number;
  /** The number of integers, if there are some. */
  readonly count?: number;
}

/** A batch. */
export interface BatchParameters extends ReportSize {
  readonly prgKey: PrgKey;
}

/**
 * 2^18 − 1. A proof needs a power of two N above n, for the random value at root 0, and p has roots of order 2N up to
 * 2^19.
 */
export const MAX_FIELDS = 262143;
export const MAX_PRECISION = 42;

/** What a batch holds besides its public properties. */
interface Inside {
  readonly batchId: Uint8Array;
  /** The proof system for this many fields. */
  readonly snip: Snip;
}

/** Under the name by which users know them. */
export const insides: Hidden<Inside> = /* @__PURE__ */ new Hidden("Config");

/** The bytes of the batch id themselves. */
export function batchIdOf(batch: BatchParameters): Uint8Array {
  return insides.of(batch).batchId;
}

/** The proof system for a batch's number of fields. */
export function snipOf(batch: BatchParameters): Snip {
  return insides.of(batch).snip;
}

/** Made for the first batch: importing the library must not need what the vectors need. */
let vectors: VectorSpace | undefined;

/** The proof system for a number of fields. Throws `unsupported` where there is no Float64Array. */
export function snipFor(fields: number): Snip {
  vectors ??= packed87Space();
  return new Snip(vectors, fields);
}

/** A batch of this size and name, with the proof system for it. */
export function batchOf(size: ReportSize, batchId: Uint8Array, snip: Snip): BatchParameters {
  const batch: BatchParameters = Object.freeze({ ...size, prgKey: "batch" });
  insides.set(batch, { batchId, snip });
  return batch;
}

/** By how much one client can change totals: each of n booleans by 1, each of count integers by 2^precision − 1. */
export function sensitivityOf(size: ReportSize): Sensitivity {
  const { fields, count = fields } = size;
  return sensitivityOfVector(count, maxOf(size));
}

/** The largest value: 1, or the largest integer. */
export function maxOf({ precision = 1 }: ReportSize): bigint {
  return 2n ** BigInt(precision) - 1n;
}

/** The size that options say. Throws `out-of-range`, `invalid-argument`; `subject` begins the message. */
export function requireSize(given: { readonly [K in keyof ReportSize]?: unknown }, subject: string): ReportSize {
  if (given.precision === undefined && given.count === undefined) {
    return { fields: requireInteger(given.fields, MAX_FIELDS, `${subject}: fields`) };
  }
  if (given.fields !== undefined) {
    throw new PrioError("invalid-argument", `${subject}: expected fields, or count and precision, not both`);
  }
  const precision = requireInteger(given.precision, MAX_PRECISION, `${subject}: precision`);
  const most = Math.floor(MAX_FIELDS / precision);
  const count = requireInteger(given.count, most, `${subject}: count at precision ${precision}`);
  return { fields: precision * count, precision, count };
}

export function requireInteger(x: unknown, max: number, subject: string): number {
  if (typeof x !== "number") {
    throw new PrioError("invalid-argument", `${subject}: expected a number, got ${shown(x)}`);
  }
  if (!Number.isInteger(x) || x < 1 || x > max) {
    throw new PrioError("out-of-range", `${subject}: expected an integer from 1 to ${max}, got ${x}`);
  }
  return x;
}
