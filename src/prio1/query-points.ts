// The points that reports are checked at (WIRE.md section 5). A client that knew its point could make a false proof
// hold, so points are derived from the servers' secret. Which report gets which point, and that no packet gets two,
// is decided in admission.ts.

import { concat, uint32BE, utf8 } from "../core/bytes.js";
import { type ServerSecret, secretBytesOf } from "../crypto/server-secret.js";
import { sha256 } from "../crypto/stream.js";
import { type BatchParameters, batchIdOf, snipOf } from "./parameters.js";
import { Prg, type Range, rangeBelow, SEED_BYTES } from "./prg.js";
import { QueryPoint } from "./snip.js";

/**
 * The kinds of query points. `"stream"` is libprio's: one point after the other, in the order of the packets. `"first"`
 * is that of Mozilla's Spark pipeline: the first point of the stream for every report. `"report"` and `"batch"` are
 * ours: a point bound to the report's id, and one point for a bounded number of reports.
 */
export type QueryPoints = "stream" | "first" | "report" | "batch";

export const QUERY_POINTS: readonly QueryPoints[] = ["stream", "first", "report", "batch"];

/** Whether all reports of a session are checked at one point, which bounds their number. */
export function sharesPoint(kind: QueryPoints): boolean {
  return kind === "batch" || kind === "first";
}

/** The point that a report is checked at, and the weight that both sides of f·g = h are multiplied by. */
export interface WeightedPoint {
  readonly point: QueryPoint;
  readonly weight: bigint;
}

/**
 * The most reports that a session checks at one point. If clients try k false reports at a point that they do not
 * know, one of them passes with a probability of at most k·2N/p: 2^20·2^19/2^87 = 2^−48.
 */
export const MAX_REPORTS_AT_ONE_POINT: number = 2 ** 20;

const REPORT_LABEL = /* @__PURE__ */ utf8("prio v1 query point", "label");
const BATCH_LABEL = /* @__PURE__ */ utf8("prio v1 query point of a batch", "label");
const TAG_LABEL = /* @__PURE__ */ utf8("prio v1 replay: check", "label");

/** libprio's points: the draws of one PRG, so that a point depends on how many packets opened before. */
export class StreamPoints {
  readonly #prg: Prg;
  readonly #offset: bigint;
  readonly #range: Range;
  #next: bigint | undefined;

  constructor(config: BatchParameters, secret: ServerSecret) {
    this.#prg = Prg.fromSeed(config, secretBytesOf(secret));
    this.#offset = BigInt(config.fields + 2);
    this.#range = rangeBelow(snipOf(config).space.field.modulus - this.#offset);
  }

  /** The next point. It stays the same until `advance`. */
  peek(): bigint {
    this.#next ??= this.#offset + this.#prg.below(this.#range);
    return this.#next;
  }

  /** Moves on to the point after that. */
  advance(): void {
    this.peek();
    this.#next = undefined;
  }
}

/**
 * A point of the stream, for one check. libprio checks f·g = h without a weight, and a false triple passes if n is 2^k
 * − 1 (SECURITY.md, "A hole in libprio's proof").
 */
export function pointOfStream(config: BatchParameters, r: bigint): WeightedPoint {
  return { point: new QueryPoint(snipOf(config), r), weight: 1n };
}

/** The first point of the stream. Keep it for all reports, as a batch's point. */
export function firstPoint(config: BatchParameters, secret: ServerSecret): WeightedPoint {
  return pointOfStream(config, new StreamPoints(config, secret).peek());
}

/** The reports' own points. They depend on secret, batch id and report id alone, so no report disturbs another. */
export class ReportPoints {
  readonly #config: BatchParameters;
  /** What the digest of every point begins with. */
  readonly #prefix: Uint8Array;

  constructor(config: BatchParameters, secret: ServerSecret) {
    this.#config = config;
    this.#prefix = prefixed(REPORT_LABEL, secretBytesOf(secret), batchIdOf(config));
  }

  /** The point of a report. */
  pointOf(reportId: Uint8Array): WeightedPoint {
    return weightedPoint(this.#config, sha256(this.#prefix, uint32BE(reportId.length), reportId));
  }
}

/**
 * A batch's one point, which depends on secret and batch id alone. Keep it for all reports: what depends
 * on the point is then computed once.
 */
export function pointOfBatch(config: BatchParameters, secret: ServerSecret): WeightedPoint {
  return weightedPoint(config, digest(BATCH_LABEL, secretBytesOf(secret), batchIdOf(config)));
}

/**
 * A digest of 32 bytes that tells a packet's possible checks apart and shows no point. It covers all that a server's
 * first message depends on besides the packet and the report's id: the secret, the batch id, the kind and, with
 * `"stream"`, the point itself, which there depends on the order of the reports; and the number of fields and the PRG
 * key, because B's packet is a seed, from which other values of either grow other shares. At one point, the message
 * with n − 1 fields minus that with n is a multiple of B's share of the last value.
 */
export function checkTag(
  config: BatchParameters,
  kind: QueryPoints,
  secret: ServerSecret,
  streamPoint: bigint | undefined,
): Uint8Array {
  const point = streamPoint === undefined ? "" : streamPoint.toString(16);
  const names = [kind, point, config.prgKey].map((name) => utf8(name, "check"));
  return digest(TAG_LABEL, secretBytesOf(secret), batchIdOf(config), uint32BE(config.fields), ...names);
}

/** SHA-256 of the parts, each after its length in 4 bytes, big-endian. */
export function digest(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(prefixed(...parts));
}

/** The parts, each after its length in 4 bytes, big-endian. */
function prefixed(...parts: readonly Uint8Array[]): Uint8Array {
  return concat(...parts.flatMap((part) => [uint32BE(part.length), part]));
}

/**
 * The first draw below p of the PRG whose key is the first half of a digest. Zero is drawn again, and so
 * is a 2N-th root of unity, where the check would reveal a value.
 *
 * Both sides are multiplied by r, as in the paper: r·(f·g − h) has no constant term that the error c − a·b of a false
 * triple could cancel.
 */
function weightedPoint(config: BatchParameters, key: Uint8Array): WeightedPoint {
  const { field } = snipOf(config).space;
  const order = BigInt(2 * snipOf(config).size);
  const prg = Prg.fromKey(key.subarray(0, SEED_BYTES));
  const elements = rangeBelow(field.modulus);
  for (;;) {
    const r = prg.below(elements);
    if (r !== 0n && field.pow(r, order) !== 1n) return { point: new QueryPoint(snipOf(config), r), weight: r };
  }
}
