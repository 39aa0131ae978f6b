// A simulated collection with Prio3 for the demonstration: clients, some of which cheat, a leader and a helper, each of
// which gets only its own shares and the other's messages. It prints nothing.

import { systemRandom } from "../../core/random.js";
import {
  type AggregateShare,
  type Continued,
  helperInitialize,
  leaderContinue,
  leaderInitialize,
  Prio3Histogram,
  type ReportToVerify,
} from "../../prio3/index.js";
import { cheatOf, type Outcome, outcomeOfNone, tally, timed } from "./outcome.js";

/** How many books a client read: each report says one of these, and none says two. */
export const BUCKETS = ["none", "1 or 2", "3 to 5", "6 to 10", "11 to 20", "21 to 50", "more"] as const;

/** The ways to cheat, and the check that must refuse each. */
export const PRIO3_CHEATS = [
  { name: "two buckets at once", expected: "the proof" },
  { name: "a changed share", expected: "the proof" },
  { name: "shares for the other one", expected: "their length" },
  { name: "an earlier report again", expected: "the nonces seen before" },
] as const;

type Check = (typeof PRIO3_CHEATS)[number]["expected"];

/** What a client sends: a part for both aggregators, and a share for each. */
interface Report {
  readonly nonce: Uint8Array;
  readonly publicShare: Uint8Array;
  readonly leaderShare: Uint8Array;
  readonly helperShare: Uint8Array;
}

/** What both aggregators and all clients agree on. */
const vdaf = new Prio3Histogram({ length: BUCKETS.length });
const ctx = new TextEncoder().encode("prio demo");

/** What either aggregator has: its key, the nonces that it saw, and its share of the totals. */
abstract class Aggregator {
  readonly total: AggregateShare = vdaf.aggregateInit();
  readonly #nonces = new Set<string>();
  protected readonly verifyKey: Uint8Array;

  constructor(verifyKey: Uint8Array) {
    this.verifyKey = verifyKey;
  }

  /** Whether a nonce is new here. A report is verified once: docs/prio3.md says why. */
  protected isNew({ nonce }: ReportToVerify): boolean {
    return this.#nonces.size < this.#nonces.add(nonce.join()).size;
  }
}

class Leader extends Aggregator {
  #pending: Continued | undefined;

  /** The request for the helper, or why there is none. */
  begin(report: ReportToVerify): Uint8Array | Check {
    if (!this.isNew(report)) return "the nonces seen before";
    const turn = leaderInitialize(vdaf, this.verifyKey, report);
    if (turn.status === "rejected") return "their length";
    this.#pending = turn;
    return turn.message;
  }

  /** Takes the helper's response, and counts the report if it holds. */
  finish(response: Uint8Array): Check | undefined {
    const pending = this.#pending as Continued;
    const turn = leaderContinue(vdaf, ctx, pending, response);
    if (turn.status !== "finished") return "the proof";
    this.total.add(turn.output);
    return undefined;
  }
}

class Helper extends Aggregator {
  /** The response to the leader's request, or why there is none. Counts the report if it holds. */
  answer(report: ReportToVerify, request: Uint8Array): Uint8Array | Check {
    if (!this.isNew(report)) return "the nonces seen before";
    const turn = helperInitialize(vdaf, this.verifyKey, report, request);
    if (turn.status !== "finished" || turn.message === undefined) return "the proof";
    this.total.add(turn.output);
    return turn.message;
  }
}

/**
 * Simulates a collection from `clients` clients. Every `cheatEvery`-th of them cheats, in each way in turn. Calls
 * `progress` after each report with the number of reports so far.
 */
export function simulatePrio3(clients: number, cheatEvery: number, progress: (done: number) => void): Outcome {
  const verifyKey = systemRandom(vdaf.verifyKeySize);
  const [leader, helper] = [new Leader(verifyKey), new Helper(verifyKey)];
  const outcome = outcomeOfNone(clients, BUCKETS.length, PRIO3_CHEATS);
  let earlier: Report | undefined;

  for (let i = 0; i < clients; i++) {
    const bucket = drawBucket();
    const row = cheatOf(outcome, i, cheatEvery);
    const report = timed(outcome.time, "clients", () =>
      row === undefined ? encode(bucket) : cheat(row.cheat.name, bucket, earlier),
    );
    const by = exchange(outcome, leader, helper, report);
    if (tally(outcome, row, by)) {
      earlier = report;
      outcome.truth[bucket] = (outcome.truth[bucket] as bigint) + 1n;
    }
    progress(i + 1);
  }

  outcome.counted = { A: leader.total.count, B: helper.total.count };
  const shares = [leader.total.toBytes(), helper.total.toBytes()];
  outcome.published = vdaf.unshard(shares, leader.total.count);
  return outcome;
}

/** Brings one report to both aggregators, and a message each way. Returns what refused it. */
function exchange(outcome: Outcome, leader: Leader, helper: Helper, report: Report): Check | undefined {
  const { time, bytes } = outcome;
  const { nonce, publicShare, leaderShare, helperShare } = report;
  const sizeOfBoth = nonce.length + publicShare.length;
  bytes.toA += sizeOfBoth + leaderShare.length;
  bytes.toB += sizeOfBoth + helperShare.length;

  const common = { ctx, nonce, publicShare };
  const request = timed(time, "A", () => leader.begin({ ...common, inputShare: leaderShare }));
  if (typeof request === "string") return request;
  const response = timed(time, "B", () => helper.answer({ ...common, inputShare: helperShare }, request));
  bytes.between += request.length + (typeof response === "string" ? 0 : response.length);
  if (typeof response === "string") return response;
  return timed(time, "A", () => leader.finish(response));
}

/** The report of an honest client. */
function encode(bucket: number): Report {
  const nonce = systemRandom(vdaf.nonceSize);
  const { publicShare, inputShares } = vdaf.shard(ctx, bucket, nonce);
  const [leaderShare, helperShare] = inputShares as [Uint8Array, Uint8Array];
  return { nonce, publicShare, leaderShare, helperShare };
}

/** The report of a client that cheats. `earlier` is the one of an honest client before it. */
function cheat(name: string, bucket: number, earlier: Report | undefined): Report {
  const report = encode(bucket);
  const { leaderShare, helperShare } = report;
  if (name === "two buckets at once") {
    return { ...report, leaderShare: plusOne(leaderShare, (bucket + 1) % BUCKETS.length) };
  }
  if (name === "a changed share")
    return { ...report, helperShare: helperShare.map((byte, i) => byte ^ Number(i === 0)) };
  if (name === "shares for the other one") return { ...report, leaderShare: helperShare, helperShare: leaderShare };
  if (earlier === undefined) throw new Error("there is no earlier report to send again");
  return earlier;
}

/** The leader's share with 1 added to an element: the client's measurement has that bucket too. */
function plusOne(share: Uint8Array, element: number): Uint8Array {
  const changed = share.slice();
  // An element has 16 bytes, the least significant first, and a byte of 255 carries.
  for (let i = 16 * element, carries = true; carries; i++) {
    const byte = (changed[i] as number) + 1;
    changed[i] = byte;
    carries = byte > 255;
  }
  return changed;
}

/** Draws a client's bucket: those in the middle are likelier. */
function drawBucket(): number {
  const [x, y] = systemRandom(2) as unknown as [number, number];
  return Math.floor(((x + y) * BUCKETS.length) / 511);
}
