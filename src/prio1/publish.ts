// Publication: adding both total shares up to the totals.

import { copyOfBytes, listOf } from "../core/bytes.js";
import { FIELD_87 } from "../core/fields.js";
import { signed } from "../core/noise.js";
import { PrioError } from "../errors.js";
import { type Config, requireConfig } from "./config.js";
import type { ServerId } from "./share.js";
import type { Vector } from "./vector.js";
import { readTotalShare } from "./wire.js";

/** libprio's totals are unsigned 64-bit integers. */
const MAX_TOTAL = 2n ** 64n - 1n;

/**
 * Returns the totals of a batch: how often each of the n booleans was true, or the sum of each of the count integers.
 * Two shares do not show whether both servers counted the same reports, so compare their counts first.
 *
 * A server that counted a batch in parts may give a list of total shares, one for each part. The two servers' parts
 * need not be the same. JSON has no bigints: write `totals.map(String)`.
 *
 * Throws `malformed`, `wrong-server` if the shares are not A's and B's in this order, and `overflow` if a total does
 * not fit 64 bits, which means that the shares are of different reports or have noise.
 *
 * @example
 * ```js
 * import { Config, generateKeyPair, publish, Server, ServerSecret } from "prio";
 *
 * const keys = { A: generateKeyPair(), B: generateKeyPair() };
 * const config = new Config({ fields: 2, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
 * const secret = ServerSecret.generate();
 * const a = new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints: "report" });
 * const b = new Server(config, { id: "B", privateKey: keys.B.privateKey, secret, queryPoints: "report" });
 *
 * // After both have counted the reports of the batch; here, none.
 * const totals = publish(config, a.totalShare(), b.totalShare());
 * console.log(JSON.stringify(totals.map(String))); // ["0","0"]
 * ```
 */
export function publish(
  config: Config,
  totalShareA: Uint8Array | readonly Uint8Array[],
  totalShareB: Uint8Array | readonly Uint8Array[],
): bigint[] {
  return requireSmall(totalsOf(config, totalShareA, totalShareB), "have noise");
}

/**
 * The same for shares that a server added noise to: a total may be below 0, and above what the reports can have. They
 * are left as they are: if some were cut off, they would be too large on average.
 *
 * Throws the same errors as `publish`; `overflow` for a total that is not between −2^64 and 2^64.
 *
 * @example
 * ```js
 * import { Config, generateKeyPair, publishNoisy, Server, ServerSecret } from "prio";
 * import { PureBudget } from "prio/dp";
 *
 * const keys = { A: generateKeyPair(), B: generateKeyPair() };
 * const config = new Config({ fields: 2, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
 * const secret = ServerSecret.generate();
 * const a = new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints: "report" });
 * const b = new Server(config, { id: "B", privateKey: keys.B.privateKey, secret, queryPoints: "report" });
 *
 * // After both have counted the reports of the batch; here, none.
 * const noise = new PureBudget(1).noiseFor(config.sensitivity);
 * const totals = publishNoisy(config, a.totalShare({ noise }), b.totalShare({ noise }));
 * console.log(totals.length); // 2
 * ```
 */
export function publishNoisy(
  config: Config,
  totalShareA: Uint8Array | readonly Uint8Array[],
  totalShareB: Uint8Array | readonly Uint8Array[],
): bigint[] {
  const totals = totalsOf(config, totalShareA, totalShareB).map((total) => signed(FIELD_87, total));
  return requireSmall(totals, "have too much noise");
}

function totalsOf(
  config: Config,
  totalShareA: Uint8Array | readonly Uint8Array[],
  totalShareB: Uint8Array | readonly Uint8Array[],
): bigint[] {
  requireConfig(config);
  return sumOf(config, "A", totalShareA)
    .add(sumOf(config, "B", totalShareB))
    .toBigInts();
}

/** Throws `overflow` for a total of more than 64 bits: random elements, as unrelated shares add up to, have 87. */
function requireSmall(totals: bigint[], otherCause: string): bigint[] {
  const wrong = totals.findIndex((total) => total > MAX_TOTAL || total < -MAX_TOTAL);
  if (wrong < 0) return totals;
  throw new PrioError(
    "overflow",
    `publish: total ${wrong} does not fit 64 bits: the shares are not of the same reports, or ${otherCause}`,
  );
}

/** The sum of one server's total shares. */
function sumOf(config: Config, id: ServerId, shares: Uint8Array | readonly Uint8Array[]): Vector {
  const subject = `total share ${id}`;
  const [sum, ...rest] = listOf(shares, subject, (share) => readTotalShare(config, id, copyOfBytes(share, subject)));
  if (sum === undefined) throw new PrioError("invalid-argument", `${subject}: expected one, got an empty list`);
  for (const share of rest) sum.accumulate(share);
  return sum;
}
