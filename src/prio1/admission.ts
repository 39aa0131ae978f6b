// Which reports are admitted, and to which query point: the only place of the rule (WIRE.md section 5).
//
// A packet checked at k points gives both servers k − 2 linear equations in the client's bits, of which one tells some 80
// bits. So no packet is admitted twice, unless at the point that it was admitted to before; and nobody is counted twice.

import { kindOf, requireObject, toHex } from "../core/bytes.js";
import { ServerSecret } from "../crypto/secret.js";
import { PrioError } from "../errors.js";
import { Config } from "./config.js";
import { MAX_REPORTS_AT_ONE_POINT, pointTag, type QueryPoints, StreamPoints } from "./query-points.js";
import {
  type AsyncReplayRecord,
  type AtomicReplayRecord,
  copyOfKeys,
  MemoryReplayRecord,
  type ReplayAnswer,
  type ReplayKeys,
  type ReplayRecord,
} from "./replay.js";

/** What an admission needs besides the configuration. */
export interface AdmissionOptions {
  /** The secret of both servers. */
  readonly secret: ServerSecret;
  /**
   * Where reports are checked; alike at both servers. `"report"` binds each report's query point to its id, so that no report
   * disturbs another: for new deployments. `"stream"`, the default, takes points in order of arrival, which is all that a
   * libprio peer knows: both servers must open the same packets in the same order. `"batch"` checks all reports of a batch
   * at one point, at most 2^20 a session, and computes what depends on the point once: order does not matter either, and the
   * soundness error is 2^−48 instead of 2^−67 (SECURITY.md, "Query points").
   */
  readonly queryPoints?: QueryPoints;
  /** Remembers packets and report ids, for as long as `secret` is in use; by default in memory, for this session. */
  readonly replays?: ReplayRecord | AtomicReplayRecord | AsyncReplayRecord;
}

/**
 * A report that may be checked, once: plain data that crosses threads, for {@link Server.verifier}. Take it from an
 * {@link Admission} only, and never show it to a client: who knows a query point in advance can make a false proof hold.
 */
export interface Admitted {
  /** The keys of the report that was admitted. */
  readonly keys: ReplayKeys;
  /** The kind of its query point. Points of `"report"` and `"batch"` are computed where the report is checked. */
  readonly queryPoints: QueryPoints;
  /** With `"stream"`, the point: an integer below the field's modulus. */
  readonly point?: bigint;
}

/** A report that may not be checked: its id (`"report"`) or else its packet (`"packet"`) was seen before. */
export interface Replayed {
  /** Which of the two was seen. */
  readonly replayed: "report" | "packet";
}

/** Yields what a record answers, or the promise of it, and is given the answer back. */
type Decision = Generator<unknown, Admitted | Replayed>;

/**
 * Admits opened reports to their checks, one after the other. It is the second of a server's three steps: {@link
 * Server.openPacket} and {@link Server.verifier} are pure and may run in any thread, but one admission must see every report
 * of a session, and with `"stream"` in the order of their arrival.
 */
export class Admission {
  /** The most reports that an admission with query points `"batch"` admits, since all of them share one point. */
  static readonly maxReportsAtOnePoint: number = MAX_REPORTS_AT_ONE_POINT;

  readonly #queryPoints: QueryPoints;
  readonly #stream: StreamPoints | undefined;
  readonly #secret: ServerSecret;
  /** The tag of points that do not depend on the order of reports: made once. */
  #tag: Uint8Array | undefined;
  readonly #replays: Partial<ReplayRecord & AtomicReplayRecord>;
  /** What this admission has admitted; absent with a record that never answers `"again"`. */
  readonly #admitted: MemoryReplayRecord | undefined;
  /** Report ids that the record noted in its first `add`, with a second one that failed. */
  readonly #unused = new Set<string>();
  #count = 0;
  /** Admissions under way. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws `invalid-argument` for an option that is not as {@link AdmissionOptions} says. */
  constructor(config: Config, options: AdmissionOptions) {
    Config.require(config);
    const { secret, queryPoints, replays } = requireAdmissionOptions(options, "admission");
    this.#queryPoints = queryPoints;
    this.#stream = queryPoints === "stream" ? new StreamPoints(config, secret) : undefined;
    this.#secret = secret;
    this.#replays = replays as Partial<ReplayRecord & AtomicReplayRecord>;
    if (this.#replays.addReport !== undefined && !MemoryReplayRecord.is(replays)) {
      this.#admitted = new MemoryReplayRecord();
    }
  }

  /**
   * Admits a report, or says that it is a replay. With `"stream"` a replay takes its query point too, to stay in step with
   * a libprio peer; nothing else changes by it.
   *
   * Throws `invalid-argument` and `wrong-length` for keys that are none, for keys without a report id with `"report"`, and for
   * a record that answers with a promise or anything else that it may not; `out-of-range` past 2^20 reports with `"batch"`;
   * `wrong-state` while another admission is under way. What the record throws passes through. After an error everything
   * is as it was: the same report gets the same point when it is given again.
   */
  admit(keys: ReplayKeys): Admitted | Replayed {
    if (this.#pending > 0) {
      throw new PrioError("wrong-state", "admit: expected the admission before this one to be over");
    }
    const decision = this.#decide(copyOfKeys(keys));
    this.#pending++;
    try {
      let step = decision.next();
      while (step.done !== true) step = decision.next(step.value);
      return step.value;
    } finally {
      this.#pending--;
    }
  }

  /**
   * The same for any record, synchronous or not. Reports are admitted in the order of the calls, one after the other. What
   * `admit` throws, this rejects with.
   */
  async admitAsync(keys: ReplayKeys): Promise<Admitted | Replayed> {
    const decision = this.#decide(copyOfKeys(keys));
    this.#pending++;
    const answer = this.#last.then(() => settle(decision)).finally(() => this.#pending--);
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  /** Decides on one report. */
  *#decide(keys: ReplayKeys): Decision {
    if (this.#queryPoints === "report" && keys.report === undefined) {
      throw new PrioError("invalid-argument", 'admit: expected keys with a report id, since query points are "report"');
    }
    if (this.#queryPoints === "batch" && this.#count === MAX_REPORTS_AT_ONE_POINT) {
      throw new PrioError(
        "out-of-range",
        `query points: expected at most ${MAX_REPORTS_AT_ONE_POINT} reports at one point`,
      );
    }
    const point = this.#stream?.peek();
    const answer = yield* this.#ask(keys, point);
    const replayed = this.#isReplay(keys, answer);
    // A replay takes its point too, since a libprio peer knows no replays and checks it.
    this.#stream?.advance();
    if (replayed !== null) return { replayed };
    this.#count++;
    const admitted = { keys, queryPoints: this.#queryPoints };
    return point === undefined ? admitted : { ...admitted, point };
  }

  /** Asks the record: in one question when it can be asked so, else first for the id and then for the packet. */
  *#ask(keys: ReplayKeys, point: bigint | undefined): Generator<unknown, ReplayAnswer> {
    const { packet, report } = keys;
    if (this.#replays.addReport !== undefined) {
      return requireAnswer(yield this.#replays.addReport(keys, this.#tagOf(point)));
    }
    // The id first: a replayed packet under a new id uses up that id, which its sender could do with any packet of its own.
    const id = report === undefined ? undefined : toHex(report);
    if (report !== undefined && id !== undefined && !this.#unused.has(id)) {
      if (!requireBoolean(yield this.#replays.add?.(report))) return "report";
      this.#unused.add(id);
    }
    const isNew = requireBoolean(yield this.#replays.add?.(packet));
    if (id !== undefined) this.#unused.delete(id);
    return isNew ? "new" : "packet";
  }

  #tagOf(point: bigint | undefined): Uint8Array {
    if (point !== undefined) return pointTag(this.#queryPoints, this.#secret, point);
    this.#tag ??= pointTag(this.#queryPoints, this.#secret, undefined);
    return this.#tag;
  }

  /** Which key was seen before, or null when the report is admitted. */
  #isReplay({ packet, report }: ReplayKeys, answer: ReplayAnswer): Replayed["replayed"] | null {
    if (answer === "report" || answer === "packet") return answer;
    // Whatever the record says, one admission admits a packet once: "again" is for what another one admitted, before a restart.
    if (this.#admitted?.add(packet) !== false) return null;
    return answer === "again" && report !== undefined ? "report" : "packet";
  }
}

/** Brings a decision to its end, waiting for the record. */
async function settle(decision: Decision): Promise<Admitted | Replayed> {
  let step = decision.next();
  while (step.done !== true) step = decision.next(await step.value);
  return step.value;
}

/** The options with their defaults, checked. `subject` opens the error's sentence. */
export function requireAdmissionOptions(options: AdmissionOptions, subject: string): Required<AdmissionOptions> {
  const { secret, queryPoints = "stream", replays = new MemoryReplayRecord() } = requireObject(options, subject);
  const invalid = (option: string, expected: string, got: unknown) =>
    new PrioError("invalid-argument", `${subject}: ${option}: expected ${expected}, got ${kindOf(got)}`);
  if (!ServerSecret.is(secret)) throw invalid("secret", "a ServerSecret", secret);
  if (queryPoints !== "stream" && queryPoints !== "report" && queryPoints !== "batch") {
    throw invalid("queryPoints", '"stream", "report" or "batch"', queryPoints);
  }
  const { add, addReport } = requireObject(replays, `${subject}: replays`) as Partial<
    ReplayRecord & AtomicReplayRecord
  >;
  if (typeof (addReport ?? add) !== "function") throw invalid("replays", "a record with add() or addReport()", replays);
  return { secret, queryPoints, replays };
}

// A record that answers with anything else than it should, such as a promise, would let every replay through.

function requireBoolean(answer: unknown): boolean {
  if (typeof answer !== "boolean") throw wrongAnswer("add() to return a boolean", answer);
  return answer;
}

function requireAnswer(answer: unknown): ReplayAnswer {
  if (answer === "new" || answer === "again" || answer === "report" || answer === "packet") return answer;
  throw wrongAnswer('addReport() to return "new", "again", "report" or "packet"', answer);
}

function wrongAnswer(expected: string, answer: unknown): PrioError {
  const isPromise = typeof (answer as PromiseLike<unknown> | null | undefined)?.then === "function";
  const got = isPromise ? "a promise: an asynchronous record needs admitAsync" : kindOf(answer);
  return new PrioError("invalid-argument", `replays: expected ${expected}, got ${got}`);
}
