// Where a session's reports are checked (WIRE.md section 5). A client that knew the point could make a false proof hold, so
// points come from the servers' secret; a packet that is checked at two points gives its bits away, so a point is drawn once
// a packet (admission.ts).

import { uint32BE, utf8 } from "../core/bytes.js";
import { ServerSecret } from "../crypto/secret.js";
import { sha256 } from "../crypto/stream.js";
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

/**
 * Most reports that a session checks at one point. A client that tries k false reports at a point which it does not know gets
 * one through with probability k·2N/p at most: 2^20·2^19/2^87 = 2^−48.
 */
export const MAX_REPORTS_AT_ONE_POINT: number = 2 ** 20;

const REPORT_LABEL = /* @__PURE__ */ utf8("prio v1 query point", "label");
const BATCH_LABEL = /* @__PURE__ */ utf8("prio v1 query point of a batch", "label");
const TAG_LABEL = /* @__PURE__ */ utf8("prio v1 replay: query point", "label");

/**
 * libprio's points: the draws of one PRG, so that a point depends on how many packets opened before it. libprio checks
 * f·g = h without a weight, which a false triple gets past when n is 2^k − 1 (SECURITY.md, "A hole in libprio's proof").
 */
export class StreamPoints {
  readonly #prg: Prg;
  readonly #offset: bigint;
  readonly #range: bigint;
  #next: bigint | undefined;

  constructor(config: Config, secret: ServerSecret) {
    this.#prg = Prg.fromSeed(config, ServerSecret.bytesOf(secret));
    this.#offset = BigInt(config.fields + 2);
    this.#range = config.snip.space.field.modulus - this.#offset;
  }

  /** The next point; the same one until `advance`. */
  peek(): bigint {
    this.#next ??= this.#offset + this.#prg.below(this.#range);
    return this.#next;
  }

  /** Goes on to the point after the next. */
  advance(): void {
    this.peek();
    this.#next = undefined;
  }
}

/** The check at a point of libprio's stream. */
export function checkAtStreamPoint(config: Config, r: bigint): CheckAt {
  return { point: config.snip.queryPoint(r), weight: 1n };
}

/** The check of a report by its id: bound to secret, batch id and report id alone, so that no report disturbs another. */
export function checkAtReportPoint(config: Config, secret: ServerSecret, reportId: Uint8Array): CheckAt {
  return weightedCheck(config, digest(REPORT_LABEL, ServerSecret.bytesOf(secret), config.batchId, reportId));
}

/** The check at a batch's one point, bound to secret and batch id: keep it, since it computes once what depends on the point. */
export function checkAtBatchPoint(config: Config, secret: ServerSecret): CheckAt {
  return weightedCheck(config, digest(BATCH_LABEL, ServerSecret.bytesOf(secret), config.batchId));
}

/**
 * A digest, 32 bytes, that tells points of one report apart without showing them: by secret and kind, and by the point itself
 * where that depends on the order of reports.
 */
export function pointTag(kind: QueryPoints, secret: ServerSecret, streamPoint: bigint | undefined): Uint8Array {
  const point = streamPoint === undefined ? "" : streamPoint.toString(16);
  return digest(TAG_LABEL, ServerSecret.bytesOf(secret), utf8(kind, "kind"), utf8(point, "point"));
}

/** SHA-256 of the parts, each behind its length in 4 bytes, big-endian. */
function digest(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(...parts.flatMap((part) => [uint32BE(part.length), part]));
}

/**
 * The check at the first draw below p of the PRG whose key is the first half of a digest. A point that is a 2N-th root of unity,
 * where a proof would give a value away, is drawn anew, and so is 0.
 *
 * Both sides are multiplied by r, as the paper has it: r·(f·g − h) has no constant term that a false triple's
 * error c − a·b could cancel.
 */
function weightedCheck(config: Config, key: Uint8Array): CheckAt {
  const { field } = config.snip.space;
  const order = BigInt(2 * config.snip.size);
  const prg = Prg.fromKey(key.subarray(0, SEED_BYTES));
  for (;;) {
    const r = prg.below(field.modulus);
    if (r !== 0n && field.pow(r, order) !== 1n) return { point: config.snip.queryPoint(r), weight: r };
  }
}
