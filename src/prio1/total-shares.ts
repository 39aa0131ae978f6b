// Total shares of one server added up, without knowing more of their batch than they say themselves.

import { type Bytes, copyOfBytes, listOf } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { describeMessage } from "./describe-message.js";
import { batchOf, MAX_FIELDS, requireInteger, snipFor } from "./parameters.js";
import { readTotalShare, writeTotalShare } from "./wire.js";

/**
 * Adds one server's total shares of the parts of a batch up to the total share of all of them, byte for byte what
 * `totalShare` gives a server that counted the whole batch. Noise in a part is in the sum, too.
 *
 * That they are of one batch, and that each report is in one of them only, is for the caller to know. Throws
 * `malformed` for bytes that are no total share, `wrong-server` if one is the other server's, `malformed` if one has
 * another number of totals, and `invalid-argument` for an empty list.
 *
 * @example
 * ```js
 * import { Config, generateKeyPair, mergeTotalShares, Server, ServerSecret } from "prio";
 *
 * const keys = { A: generateKeyPair(), B: generateKeyPair() };
 * const config = new Config({ fields: 2, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
 * const secret = ServerSecret.generate();
 * const serverA = () =>
 *   new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints: "report" });
 *
 * // Two processes of server A, which have counted different reports; here, none.
 * const parts = [serverA(), serverA()];
 * const total = mergeTotalShares(parts.map((part) => part.totalShare()));
 * console.log(total.length); // 6
 * ```
 */
export function mergeTotalShares(totalShares: readonly Uint8Array[]): Bytes {
  const shares = listOf(totalShares, "total shares", (share) => copyOfBytes(share, "total share"));
  const [first, ...rest] = shares;
  if (first === undefined) throw new PrioError("invalid-argument", "total shares: expected one, got an empty list");
  const { kind, server, fields } = describeMessage(first);
  if (kind !== "totalShare" || server === undefined) {
    throw new PrioError("malformed", "total share: expected a server id and a list of totals, got other bytes");
  }
  const size = { fields: requireInteger(fields, MAX_FIELDS, "total share: totals") };
  const batch = batchOf(size, new Uint8Array(0), snipFor(size.fields));
  const sum = readTotalShare(batch, server, first);
  for (const share of rest) sum.accumulate(readTotalShare(batch, server, share));
  return writeTotalShare(batch, server, sum);
}
