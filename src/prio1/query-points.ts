// Where a session's reports are checked (WIRE.md section 5). A client that knew the point could make a false proof hold, so
// points come from the servers' secret; a packet that is checked at two points gives its bits away, so a point is drawn once
// a packet and replay.ts refuses the second time.

import { concat, uint32BE, utf8 } from "../core/bytes.js";
import { ServerSecret } from "../crypto/secret.js";
import { sha256 } from "../crypto/stream.js";
import type { Config } from "./config.js";
import { Prg, SEED_BYTES } from "./prg.js";

/** `"stream"`: libprio's, one after the other; `"report"`: ours, bound to the report id. */
export type QueryPoints = "stream" | "report";

/** Where a report is checked, and what both sides of f·g = h are multiplied by there. */
export interface CheckAt {
  readonly r: bigint;
  readonly weight: bigint;
}

/** Gives the point of the next report. */
export type QueryPointSource = (reportId: Uint8Array | undefined) => CheckAt;

const LABEL = utf8("prio v1 query point", "label");

/**
 * libprio's points: the draws of one PRG, so that a point depends on how many packets opened before it. libprio checks
 * f·g = h without a weight, which a false triple gets past when n is 2^k − 1 (SECURITY.md, "A hole in libprio's proof").
 */
export function streamPoints(config: Config, secret: ServerSecret): QueryPointSource {
  const prg = Prg.fromSeed(config, ServerSecret.bytesOf(secret));
  const offset = BigInt(config.fields + 2);
  const range = config.snip.space.field.modulus - offset;
  return () => ({ r: offset + prg.below(range), weight: 1n });
}

/**
 * Points bound to secret, batch id and report id alone: order does not matter, and no report can disturb another. The PRG's
 * key is the first half of SHA-256(label ‖ secret ‖ batch id ‖ report id), each part behind its length in 4 bytes; a point
 * that is a 2N-th root of unity, where a proof would give a value away, is drawn anew, and so is 0.
 *
 * Both sides are multiplied by r, as in the paper (section 4.2): r·(f·g − h) has no constant term that a false triple's
 * error c − a·b could cancel.
 */
export function reportPoints(config: Config, secret: ServerSecret): QueryPointSource {
  const { field } = config.snip.space;
  const order = BigInt(2 * config.snip.size);
  const prefix = concat(...[LABEL, ServerSecret.bytesOf(secret), config.batchId].flatMap(prefixed));
  return (reportId) => {
    const prg = Prg.fromKey(sha256(prefix, ...prefixed(reportId as Uint8Array)).subarray(0, SEED_BYTES));
    for (;;) {
      const r = prg.below(field.modulus);
      if (r !== 0n && field.pow(r, order) !== 1n) return { r, weight: r };
    }
  };
}

function prefixed(part: Uint8Array): Uint8Array[] {
  return [uint32BE(part.length), part];
}
