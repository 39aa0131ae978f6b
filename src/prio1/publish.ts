// Publication: adding both total shares up to the totals.

import { requireBytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { Config } from "./config.js";
import { readTotalShare } from "./wire.js";

/** libprio's totals are unsigned 64-bit integers. */
const MAX_TOTAL = 2n ** 64n - 1n;

/**
 * Returns the totals of a batch: how often each of the n booleans was true, or the sum of each of the count integers.
 * Two shares do not show whether both servers counted the same reports, so compare their counts first.
 *
 * Throws `malformed`, `wrong-server` if the shares are not A's and B's in this order, and `overflow` if a total does
 * not fit 64 bits, which means that the shares are of different reports.
 */
export function publish(config: Config, totalShareA: Uint8Array, totalShareB: Uint8Array): bigint[] {
  Config.require(config);
  const a = readTotalShare(config, "A", requireBytes(totalShareA, "total share A"));
  const b = readTotalShare(config, "B", requireBytes(totalShareB, "total share B"));
  const totals = a.add(b).toBigInts();
  const wrong = totals.findIndex((total) => total > MAX_TOTAL);
  if (wrong >= 0) {
    throw new PrioError(
      "overflow",
      `publish: total ${wrong} does not fit 64 bits: the shares are not of the same reports`,
    );
  }
  return totals;
}
