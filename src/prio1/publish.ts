// Publication: both total shares make the totals.

import { requireBytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { Config } from "./config.js";
import { readTotalShare } from "./wire.js";

/** libprio's totals are unsigned 64-bit integers. */
const MAX_TOTAL = 2n ** 64n - 1n;

/**
 * The totals of a batch: for each of the n booleans how often it was true, or for each of the count integers its sum.
 * Whether both servers counted the same reports cannot be seen in two shares: compare their counts before.
 *
 * Throws `malformed`, `wrong-server` when the shares are not A's and B's in this order, and `overflow` when a total does not
 * fit 64 bits: then the two shares are not of the same reports.
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
