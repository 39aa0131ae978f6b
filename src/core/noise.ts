// What a result and the noise that is added to it know of each other, how noise becomes field elements, and how results
// are read that may have become negative.

import { PrioError } from "../errors.js";
import { kindOf, propertiesOf } from "./bytes.js";
import type { Field } from "./field.js";

/**
 * By how much a result changes when one client sends another measurement instead of its own (the substitution model of
 * differential privacy).
 */
export interface Sensitivity {
  /** The largest possible sum of the absolute changes of all elements. */
  readonly l1: bigint;
  /** The largest possible sum of the squares of the changes. */
  readonly l2Squared: bigint;
}

/** What noise is drawn from. */
export interface Noise {
  /** A fresh draw, below or above 0. */
  sample(): bigint;
}

/** The sensitivity of a result of `length` elements if each of them may change by `max`. */
export function sensitivityOfVector(length: number, max: bigint): Sensitivity {
  const l1 = BigInt(length) * max;
  return { l1, l2Squared: l1 * max };
}

/**
 * As many draws as elements, modulo p. Throws `invalid-argument` for what draws no bigints, and what a draw throws. All
 * draws are made before one is used: if one fails, nothing has noise.
 */
export function drawNoise(noise: Noise, length: number, field: Field): bigint[] {
  const { sample } = propertiesOf<Noise>(noise, "noise", ["sample"]);
  if (typeof sample !== "function") {
    throw new PrioError("invalid-argument", `noise: sample: expected a function, got ${kindOf(sample)}`);
  }
  return Array.from({ length }, () => {
    const x: unknown = sample.call(noise);
    if (typeof x !== "bigint") throw new PrioError("invalid-argument", "noise: expected a bigint from each draw");
    return field.reduce(x);
  });
}

/** The integer nearest to 0 that an element stands for. */
export function signed({ modulus }: Field, x: bigint): bigint {
  return x > modulus / 2n ? x - modulus : x;
}
