// What a collector makes of the sum of aggregate shares: totals that the measurements can have, or totals with noise.

import type { Field } from "../core/field.js";
import { PrioError } from "../errors.js";

/**
 * Returns the totals if `measurements` of at most `max` in each element can have them. Throws `out-of-range` for what
 * is no number of measurements, and `overflow` where they could not, or could reach the modulus.
 */
export function requireTotals(totals: bigint[], max: bigint, measurements: number, { modulus }: Field): bigint[] {
  requireCount(measurements, "unshard: expected the number of measurements");
  const most = max * BigInt(measurements);
  if (most >= modulus) {
    throw new PrioError(
      "overflow",
      `unshard: expected a batch whose largest total is below the modulus, got ${measurements} measurements`,
    );
  }
  if (totals.some((total) => total > most)) {
    throw new PrioError(
      "overflow",
      `unshard: expected totals that ${measurements} measurements can have; the shares are not of the same reports`,
    );
  }
  return totals;
}

/** Throws `out-of-range` for what is no number of reports. */
export function requireCount(count: number, expected: string): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw new PrioError("out-of-range", `${expected}, an integer from 0 on`);
}
