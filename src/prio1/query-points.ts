// Where a session's reports are checked (WIRE.md section 5). A client that knew the point could make a false proof hold, so
// points come from the servers' secret; a packet that is checked at two points gives its bits away, so a point is drawn once
// a packet and replay.ts refuses the second time.

import { concat, uint32BE, utf8 } from "../core/bytes.js";
import { ServerSecret } from "../crypto/secret.js";
import { sha256 } from "../crypto/stream.js";
import { PrioError } from "../errors.js";
import type { Config } from "./config.js";
import { Prg, SEED_BYTES } from "./prg.js";
import type { QueryPoint } from "./snip.js";

/**
 * `"stream"`: libprio's, one after the other; `"report"`: ours, bound to the report id; `"batch"`: ours, one point for a bounded
 * number of reports.
 */
export type QueryPoints = "stream" | "report" | "batch";

/** Where a report is checked, and what both sides of f·g = h are multiplied by there. */
export interface CheckAt {
  readonly point: QueryPoint;
  readonly weight: bigint;
}

/** Gives the point of the next report. */
export type QueryPointSource = (reportId: Uint8Array | undefined) => CheckAt;

/**
 * Most reports that a session checks at one point. A client that tries k false reports at a point which it does not know gets
 * one through with probability k·2N/p at most: 2^20·2^19/2^87 = 2^−48.
 */
export const MAX_REPORTS_AT_ONE_POINT: number = 2 ** 20;

const REPORT_LABEL = /* @__PURE__ */ utf8("prio v1 query point", "label");
const BATCH_LABEL = /* @__PURE__ */ utf8("prio v1 query point of a batch", "label");

/** The source of points of this kind. */
export function queryPointSource(kind: QueryPoints, config: Config, secret: ServerSecret): QueryPointSource {
  if (kind === "stream") return streamPoints(config, secret);
  return kind === "report" ? reportPoints(config, secret) : batchPoint(config, secret);
}

/**
 * libprio's points: the draws of one PRG, so that a point depends on how many packets opened before it. libprio checks
 * f·g = h without a weight, which a false triple gets past when n is 2^k − 1 (SECURITY.md, "A hole in libprio's proof").
 */
function streamPoints(config: Config, secret: ServerSecret): QueryPointSource {
  const { snip } = config;
  const prg = Prg.fromSeed(config, ServerSecret.bytesOf(secret));
  const offset = BigInt(config.fields + 2);
  const range = snip.space.field.modulus - offset;
  return () => ({ point: snip.queryPoint(offset + prg.below(range)), weight: 1n });
}

/** Points bound to secret, batch id and report id alone: order does not matter, and no report can disturb another. */
function reportPoints(config: Config, secret: ServerSecret): QueryPointSource {
  const prefix = concat(...[REPORT_LABEL, ServerSecret.bytesOf(secret), config.batchId].flatMap(prefixed));
  return (reportId) => weightedPoint(config, sha256(prefix, ...prefixed(reportId as Uint8Array)));
}

/** One point bound to secret and batch id: what depends on it alone is computed once (MAX_REPORTS_AT_ONE_POINT). */
function batchPoint(config: Config, secret: ServerSecret): QueryPointSource {
  const parts = [BATCH_LABEL, ServerSecret.bytesOf(secret), config.batchId];
  const at = weightedPoint(config, sha256(...parts.flatMap(prefixed)));
  let reports = 0;
  return () => {
    if (reports === MAX_REPORTS_AT_ONE_POINT) {
      throw new PrioError(
        "out-of-range",
        `query points: expected at most ${MAX_REPORTS_AT_ONE_POINT} reports at one point`,
      );
    }
    reports++;
    return at;
  };
}

/**
 * The first draw below p of the PRG whose key is the first half of `digest`, the SHA-256 of parts that each stand behind their
 * length in 4 bytes. A point that is a 2N-th root of unity, where a proof would give a value away, is drawn anew, and so is 0.
 *
 * Both sides are multiplied by r, as the paper has it: r·(f·g − h) has no constant term that a false triple's
 * error c − a·b could cancel.
 */
function weightedPoint(config: Config, digest: Uint8Array): CheckAt {
  const { field } = config.snip.space;
  const order = BigInt(2 * config.snip.size);
  const prg = Prg.fromKey(digest.subarray(0, SEED_BYTES));
  for (;;) {
    const r = prg.below(field.modulus);
    if (r !== 0n && field.pow(r, order) !== 1n) return { point: config.snip.queryPoint(r), weight: r };
  }
}

function prefixed(part: Uint8Array): Uint8Array[] {
  return [uint32BE(part.length), part];
}
