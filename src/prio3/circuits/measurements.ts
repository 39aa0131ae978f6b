// Checks of measurements, which come from the caller. They are a client's secret: an error names the index of a bad
// value and never the value.

import { kindOf, reading } from "../../core/bytes.js";
import { PrioError } from "../../errors.js";

const at = (index: number | undefined) => (index === undefined ? "" : ` at index ${index}`);
const isScalar = (x: unknown) => typeof x === "boolean" || typeof x === "number" || typeof x === "bigint";
/** The type of what can be no measurement, such as a string. */
const other = (x: unknown) => (isScalar(x) ? "another value" : kindOf(x));

/** 0 or 1, for `true`, `false`, 0 or 1. Throws `out-of-range`. It asks of a bit only whether it is one. */
export function requireBit(x: unknown, index?: number): number {
  const bit = isScalar(x) ? Number(x) : Number.NaN;
  if (bit * (bit - 1) !== 0) {
    throw new PrioError("out-of-range", `measurement: expected true, false, 0 or 1${at(index)}, got ${other(x)}`);
  }
  return bit;
}

/**
 * An integer in [0, max], as a bigint or a number. Throws `out-of-range`, also for a number past 2^53 − 1, which may be
 * another integer rounded.
 */
export function requireInteger(x: unknown, max: number | bigint, index?: number): number | bigint {
  if ((typeof x === "bigint" || (typeof x === "number" && Number.isSafeInteger(x))) && x >= 0 && x <= max) return x;
  throw new PrioError("out-of-range", `measurement: expected an integer from 0 to ${max}${at(index)}, got ${other(x)}`);
}

/** A list of `length` such integers. Throws as `requireList` too. */
export function requireIntegers(list: unknown, length: number, max: bigint): (number | bigint)[] {
  // Numbers are compared sooner than a number and a bigint.
  const limit = max <= Number.MAX_SAFE_INTEGER ? Number(max) : max;
  return requireList(list, length, (x, i) => requireInteger(x, limit, i));
}

/**
 * What `read` makes of each of the `length` values of a list. Throws `invalid-argument` for what is no list,
 * `wrong-length`, and what `read` throws.
 */
export function requireList<T>(list: unknown, length: number, read: (x: unknown, index: number) => T): T[] {
  return reading("measurement", () => {
    const given = (list as ArrayLike<unknown> | null | undefined)?.length;
    if (typeof list !== "object" || typeof given !== "number") {
      throw new PrioError("invalid-argument", `measurement: expected a list of values, got ${kindOf(list)}`);
    }
    if (given !== length) {
      throw new PrioError("wrong-length", `measurement: expected ${length} values, got ${given}`);
    }
    const values = new Array<T>(length);
    for (let i = 0; i < length; i++) values[i] = read((list as ArrayLike<unknown>)[i], i);
    return values;
  });
}
