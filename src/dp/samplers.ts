// Exact samplers of discrete distributions, by Canonne, Kamath and Steinke ("The Discrete Gaussian for Differential
// Privacy", NeurIPS 2020, algorithms 1 to 3). They toss coins whose chances are rational: nothing is rounded. How long
// one takes depends on what it draws, which is no client's secret.

import { bigIntFromBE } from "../core/bytes.js";
import type { RandomSource } from "../core/random.js";
import { fraction, integerSquareRoot, type Rational } from "./rational.js";

/** The bits of a word of randomness; the first word of a number is its lowest, as libprio-rs draws them. */
const WORD_BITS = 32;

/** A uniform integer in [0, bound), bound ≥ 1. */
export function uniformBelow(bound: bigint, random: RandomSource): bigint {
  const bits = bound.toString(2).length;
  const words = Math.ceil(bits / WORD_BITS);
  for (;;) {
    const bytes = random(4 * words);
    // The top word keeps its upper bits.
    const top = bigIntFromBE(bytes.slice(-4).reverse()) >> BigInt(words * WORD_BITS - bits);
    const rest = bigIntFromBE(bytes.slice(0, -4).reverse());
    const x = (top << BigInt((words - 1) * WORD_BITS)) | rest;
    if (x < bound) return x;
  }
}

/** True with the chance `numerator / denominator`, at most 1. */
export function bernoulli({ numerator, denominator }: Rational, random: RandomSource): boolean {
  return uniformBelow(denominator, random) + 1n <= numerator;
}

/** True with the chance e^−γ, for γ in [0, 1]. */
function bernoulliExpUpTo1({ numerator, denominator }: Rational, random: RandomSource): boolean {
  for (let k = 1n; ; k++) if (!bernoulli(fraction(numerator, denominator * k), random)) return k % 2n === 1n;
}

const ONE: Rational = { numerator: 1n, denominator: 1n };
const HALF: Rational = { numerator: 1n, denominator: 2n };

/** True with the chance e^−γ, for γ ≥ 0. */
export function bernoulliExp({ numerator, denominator }: Rational, random: RandomSource): boolean {
  for (let k = numerator / denominator; k > 0n; k--) if (!bernoulliExpUpTo1(ONE, random)) return false;
  return bernoulliExpUpTo1(fraction(numerator % denominator, denominator), random);
}

/** n with a chance that goes down by e^−(s/t) from each n ≥ 0 to the next. */
function geometricExp(s: bigint, t: bigint, random: RandomSource): bigint {
  let u: bigint;
  do u = uniformBelow(t, random);
  while (!bernoulliExpUpTo1(fraction(u, t), random));
  let v = 0n;
  while (bernoulliExpUpTo1(ONE, random)) v++;
  return (u + t * v) / s;
}

/** x with a chance that is proportional to e^−(|x| / scale). */
export function discreteLaplace({ numerator, denominator }: Rational, random: RandomSource): bigint {
  if (numerator === 0n) return 0n;
  for (;;) {
    const isNegative = bernoulli(HALF, random);
    const y = geometricExp(denominator, numerator, random);
    if (!isNegative) return y;
    // Or else 0 would come twice as often.
    if (y !== 0n) return -y;
  }
}

/** x with a chance that is proportional to e^−(x² / 2·variance). */
export function discreteGaussian({ numerator, denominator }: Rational, random: RandomSource): bigint {
  if (numerator === 0n) return 0n;
  // ⌊σ⌋ + 1: ⌊√(a/b)⌋ = ⌊√⌊a/b⌋⌋.
  const t = integerSquareRoot(numerator / denominator) + 1n;
  for (;;) {
    const y = discreteLaplace({ numerator: t, denominator: 1n }, random);
    // γ = (|y| − σ²/t)² / 2σ², over the common denominator b·t.
    const distance = (y < 0n ? -y : y) * denominator * t - numerator;
    const gamma = fraction(distance * distance, 2n * numerator * denominator * t * t);
    if (bernoulliExp(gamma, random)) return y;
  }
}
