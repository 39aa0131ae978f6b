// Rational numbers, so that no noise goes through floating point, whose rounding would give the exact value away.

import { shown } from "../core/bytes.js";
import { PrioError } from "../errors.js";

/** A number from 0 on, as a fraction in lowest terms. */
export interface Rational {
  /** From 0 on. */
  readonly numerator: bigint;
  /** At least 1. */
  readonly denominator: bigint;
}

/** A rational, an integer, or a text such as `"3"`, `"0.25"` or `"1/3"`. */
export type RationalLike = Rational | bigint | number | string;

/** Reads a number from 0 on. Throws `invalid-argument`; a number that is no integer is one: write it as a text. */
export function rational(x: RationalLike, subject: string): Rational {
  if (typeof x === "bigint" || Number.isSafeInteger(x)) return fraction(BigInt(x as bigint | number), 1n, subject, x);
  if (typeof x === "string") {
    const [, whole, decimals = "", , denominator = "1"] =
      /^(\d{1,100})(?:\.(\d{1,100}))?(\/(\d{1,100}))?$/.exec(x) ?? [];
    if (whole !== undefined && !(decimals !== "" && denominator !== "1")) {
      return fraction(BigInt(whole + decimals), BigInt(denominator) * 10n ** BigInt(decimals.length), subject, x);
    }
  } else if (typeof x === "object" && x !== null) {
    const { numerator, denominator } = x;
    if (typeof numerator === "bigint" && typeof denominator === "bigint") {
      return fraction(numerator, denominator, subject, x);
    }
  }
  throw invalid(subject, x);
}

/** The fraction in lowest terms. */
export function fraction(numerator: bigint, denominator: bigint, subject = "rational", given?: unknown): Rational {
  if (numerator < 0n || denominator < 1n) throw invalid(subject, given);
  let [a, b] = [numerator, denominator];
  while (b > 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}

function invalid(subject: string, x: unknown): PrioError {
  const expected = 'an integer, or a text such as "0.25" or "1/3"';
  return new PrioError("invalid-argument", `${subject}: expected ${expected}, from 0 on, got ${shown(x)}`);
}

/** ⌊√x⌋, by Newton's method. */
export function integerSquareRoot(x: bigint): bigint {
  if (x < 2n) return x;
  let root = 1n << BigInt((x.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
