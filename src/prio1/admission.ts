// Which reports are admitted to a check, and to which query point: the rule is decided here and nowhere else (WIRE.md
// section 5). What was seen before, a record answers (replay-records.ts).
//
// A packet checked at k points gives both servers k − 2 linear equations in the client's bits, and a single one
// determines some 80 bits. So a packet is admitted once. The exception is the same check of the same report after a
// restart, before it was answered. No session admits a packet twice, so none counts anybody twice.

import { kindOf, propertiesOf, reading, requireObject, shown, toHex } from "../core/bytes.js";
import { isServerSecret, type ServerSecret } from "../crypto/server-secret.js";
import { PrioError } from "../errors.js";
import { type Config, requireConfig } from "./config.js";
import {
  checkTag,
  MAX_REPORTS_AT_ONE_POINT,
  QUERY_POINTS,
  type QueryPoints,
  StreamPoints,
  sharesPoint,
} from "./query-points.js";
import {
  type AsyncReplayRecord,
  type AtomicReplayRecord,
  copyOfKeys,
  isMemoryRecord,
  MemoryReplayRecord,
  type ReplayAnswer,
  type ReplayKeys,
  type ReplayRecord,
} from "./replay-records.js";

/** The options of an admission. */
export interface AdmissionOptions {
  /** The secret that both servers share. */
  readonly secret: ServerSecret;
  /**
   * The points at which reports are checked, the same kind at both servers (SECURITY.md, "Query points"). `"report"`,
   * for new deployments, binds each report's point to its id, so that no report disturbs another. `"stream"`, the
   * default, assigns points in order of arrival, which is all that a libprio peer supports: both servers must open
   * the same packets in the same order. `"batch"` checks all reports of a batch at one point, at most 2^20 a session,
   * and so computes only once what depends on the point. Order does not matter there either, but the soundness error
   * is 2^−48 instead of 2^−67. `"first"` does so at the first point of the stream, for a peer that is Mozilla's Spark
   * pipeline; it has the weaknesses of `"stream"`'s proof.
   */
  readonly queryPoints?: QueryPoints;
  /**
   * Remembers packets and report ids for as long as `secret` is in use. By default it is in memory, for this session.
   */
  readonly replays?: ReplayRecord | AtomicReplayRecord | AsyncReplayRecord;
}

/**
 * The permission to check one report once, for {@link Server.verifier}: plain data that crosses threads. Use only
 * what an {@link Admission} returned, and never show it to a client, which could make a false proof hold if it knew
 * its point in advance.
 */
export interface Admitted {
  /** The keys of the admitted report. */
  readonly keys: ReplayKeys;
  /** The kind of its query point. All points but those of `"stream"` are computed where the report is checked. */
  readonly queryPoints: QueryPoints;
  /** The point, with `"stream"`: an integer in [0, p). */
  readonly point?: bigint;
}

/** The refusal of a report that was seen before. */
export interface Replayed {
  /** `"report"` if its id was seen before, otherwise `"packet"`: its packet was seen before. */
  readonly replayed: "report" | "packet";
}

/**
 * A decision on one report. It yields each answer of the record, which may be a promise, and is given the answer
 * back.
 */
type DecisionSteps = Generator<unknown, Admitted | Replayed>;

/**
 * Admits opened reports to their checks, one after the other: the second of a server's three steps. {@link
 * Server.openPacket} and {@link Server.verifier} are pure and may run in any thread, but a single admission must see
 * every report of a session, with `"stream"` in order of arrival. {@link Server.open} does all three steps.
 *
 * @example
 * ```js
 * import { Admission, Client, Config, generateKeyPair, Server, ServerSecret } from "prio";
 *
 * const keys = { A: generateKeyPair(), B: generateKeyPair() };
 * const config = new Config({ fields: 1, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
 * const secret = ServerSecret.generate();
 * const server = new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints: "report" });
 * const admission = new Admission(config, { secret, queryPoints: "report" });
 *
 * const { a } = new Client(config).encode([true]);
 * const opened = server.openPacket(a, "report 1");
 * const answer = await admission.admitAsync(opened.replayKeys);
 * if ("replayed" in answer) throw new Error(`seen before: ${answer.replayed}`);
 * const verifier = server.verifier(opened, answer);
 * console.log(verifier.verify1().length > 0); // true
 *
 * console.log(await admission.admitAsync(opened.replayKeys)); // { replayed: 'report' }
 * ```
 */
export class Admission {
  /** The most reports that one admission admits with query points `"batch"` or `"first"`, where all share one point. */
  static readonly maxReportsAtOnePoint: number = MAX_REPORTS_AT_ONE_POINT;

  readonly #config: Config;
  readonly #queryPoints: QueryPoints;
  readonly #stream: StreamPoints | undefined;
  readonly #secret: ServerSecret;
  /** The tag of checks that do not depend on the order of the reports. It is made once. */
  #tag: Uint8Array | undefined;
  /** The record, by how it is asked: one in memory, which ignores points and never answers `"again"`, or another. */
  readonly #memory: MemoryReplayRecord | undefined;
  readonly #atomic: AtomicReplayRecord | undefined;
  readonly #keyByKey: ReplayRecord | undefined;
  /** The packets admitted here, if the record may answer `"again"`. */
  readonly #admitted: MemoryReplayRecord | undefined;
  /** Report ids that the record's first `add` recorded for a report whose second `add` failed. */
  readonly #unused = new Set<string>();
  /** The key of a report id between its report's two calls of `add`; left here when the second one fails. */
  #halfRecorded: Uint8Array | undefined;
  #count = 0;
  /** The number of admissions in progress. */
  #pending = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** Throws `invalid-argument` for an option that is not as {@link AdmissionOptions} says. */
  constructor(config: Config, options: AdmissionOptions) {
    this.#config = requireConfig(config);
    const { secret, queryPoints, replays } = requireAdmissionOptions(options, "admission");
    this.#queryPoints = queryPoints;
    this.#stream = queryPoints === "stream" ? new StreamPoints(config, secret) : undefined;
    this.#secret = secret;
    if (isMemoryRecord(replays)) {
      this.#memory = replays;
    } else if (isAtomic(replays)) {
      this.#atomic = replays;
      this.#admitted = new MemoryReplayRecord();
    } else {
      this.#keyByKey = replays as ReplayRecord;
    }
  }

  /**
   * Admits a report, or refuses it as a replay. With `"stream"` a replay uses up a query point too, to stay in step
   * with a libprio peer, which does not know replays. Otherwise a replay changes nothing.
   *
   * Throws `invalid-argument` or `wrong-length` for keys that are not keys, `invalid-argument` for keys without a
   * report id with `"report"` and for a record that answers with a promise or anything else that is not its answer,
   * `out-of-range` after 2^20 reports with `"batch"` or `"first"`, and `wrong-state` while another admission is in
   * progress.
   * Errors of the record pass through. An error changes nothing: the same report, given again, is admitted to the
   * same point.
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
   * Does the same with any record, synchronous or not. Reports are admitted in the order of the calls, one after the
   * other. Rejects with the errors that `admit` throws.
   */
  async admitAsync(keys: ReplayKeys): Promise<Admitted | Replayed> {
    const decision = this.#decide(copyOfKeys(keys));
    this.#pending++;
    const answer = this.#last.then(() => settle(decision)).finally(() => this.#pending--);
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  /** Decides on one report. */
  *#decide(keys: ReplayKeys): DecisionSteps {
    if (this.#queryPoints === "report" && keys.report === undefined) {
      throw new PrioError("invalid-argument", 'admit: expected keys with a report id, since query points are "report"');
    }
    if (sharesPoint(this.#queryPoints) && this.#count === MAX_REPORTS_AT_ONE_POINT) {
      throw new PrioError(
        "out-of-range",
        `query points: expected at most ${MAX_REPORTS_AT_ONE_POINT} reports at one point`,
      );
    }
    const point = this.#stream?.peek();
    const answer = yield* this.#ask(keys, point);
    const replayed = this.#isReplay(keys, answer);
    // A replay takes a point too: a libprio peer does not know replays and checks it.
    this.#stream?.advance();
    if (replayed !== null) return { replayed };
    this.#count++;
    const admitted = { keys, queryPoints: this.#queryPoints };
    return point === undefined ? admitted : { ...admitted, point };
  }

  /** Asks the record about both keys at once or, if it has only `add`, first about the id and then about the packet. */
  *#ask(keys: ReplayKeys, point: bigint | undefined): Generator<unknown, ReplayAnswer> {
    if (this.#memory !== undefined) return requireAnswer(this.#memory.addReport(keys));
    // A record gets copies: it may send them away, or overwrite them.
    if (this.#atomic !== undefined) {
      return requireAnswer(yield this.#atomic.addReport(copyOfKeys(keys), this.#tagOf(point).slice()));
    }
    const { packet, report } = keys;
    // The id comes first. A replayed packet thus uses up a new id, as its sender could with any packet of its own.
    // The other order would lose an honest packet that came under a wrong id.
    if (this.#halfRecorded !== undefined) this.#unused.add(toHex(this.#halfRecorded));
    this.#halfRecorded = undefined;
    if (report !== undefined) {
      const isRecorded = this.#unused.size > 0 && this.#unused.delete(toHex(report));
      if (!isRecorded && !requireBoolean(yield this.#keyByKey?.add(report.slice()))) return "report";
      this.#halfRecorded = report;
    }
    const isNew = requireBoolean(yield this.#keyByKey?.add(packet.slice()));
    this.#halfRecorded = undefined;
    return isNew ? "new" : "packet";
  }

  #tagOf(point: bigint | undefined): Uint8Array {
    if (point !== undefined) return checkTag(this.#config, this.#queryPoints, this.#secret, point);
    this.#tag ??= checkTag(this.#config, this.#queryPoints, this.#secret, undefined);
    return this.#tag;
  }

  /** Which key was seen before, or null if the report is admitted. */
  #isReplay({ packet, report }: ReplayKeys, answer: ReplayAnswer): Replayed["replayed"] | null {
    if (answer === "report" || answer === "packet") return answer;
    // Whatever the record says, a packet is admitted once here: "again" is for what an earlier session admitted.
    if (this.#admitted?.add(packet) !== false) return null;
    return answer === "again" && report !== undefined ? "report" : "packet";
  }
}

/** Whether a record is to be asked through `addReport`: not if all that it has of its own is another `add`. */
function isAtomic(record: object): record is AtomicReplayRecord {
  const addReport = reading("replays", () => (record as Partial<AtomicReplayRecord>).addReport);
  return addReport !== undefined && addReport !== MemoryReplayRecord.prototype.addReport;
}

/** Completes a decision, awaiting the record's answers. */
async function settle(decision: DecisionSteps): Promise<Admitted | Replayed> {
  let step = decision.next();
  while (step.done !== true) step = decision.next(await step.value);
  return step.value;
}

/** The names of all options of a session. An admission is made with those of its server, or with some of them. */
const SESSION_OPTIONS = ["id", "privateKey", "secret", "queryPoints", "replays", "onWarning"];

/** Returns the checked options with their defaults. `subject` opens the error's sentence. */
export function requireAdmissionOptions(options: AdmissionOptions, subject: string): Required<AdmissionOptions> {
  const {
    secret,
    queryPoints = "stream",
    replays = new MemoryReplayRecord(),
  } = propertiesOf<AdmissionOptions>(options, subject, ["secret", "queryPoints", "replays"], SESSION_OPTIONS);
  const invalid = (option: string, expected: string, got: unknown) =>
    new PrioError("invalid-argument", `${subject}: ${option}: expected ${expected}, got ${kindOf(got)}`);
  if (!isServerSecret(secret)) throw invalid("secret", "a ServerSecret", secret);
  if (!QUERY_POINTS.includes(queryPoints as QueryPoints)) {
    const kinds = QUERY_POINTS.map((kind) => `"${kind}"`).join(" or ");
    throw new PrioError("invalid-argument", `${subject}: queryPoints: expected ${kinds}, got ${shown(queryPoints)}`);
  }
  const record = requireObject(replays as ReplayRecord & AtomicReplayRecord, `${subject}: replays`);
  const { add, addReport } = propertiesOf(record, `${subject}: replays`, ["add", "addReport"]);
  if (typeof (addReport ?? add) !== "function") throw invalid("replays", "a record with add() or addReport()", replays);
  return { secret, queryPoints: queryPoints as QueryPoints, replays: record };
}

// Any other answer, such as a promise, is refused: taken for true, it would let every replay through.

function requireBoolean(answer: unknown): boolean {
  if (typeof answer !== "boolean") throw wrongAnswer("add() to return a boolean", answer);
  return answer;
}

function requireAnswer(answer: unknown): ReplayAnswer {
  if (answer === "new" || answer === "again" || answer === "report" || answer === "packet") return answer;
  throw wrongAnswer('addReport() to return "new", "again", "report" or "packet"', answer);
}

function wrongAnswer(expected: string, answer: unknown): PrioError {
  const then = reading("replays", () => (answer as PromiseLike<unknown> | null | undefined)?.then);
  const isPromise = typeof then === "function";
  // Nobody will wait for it, so its error, if it has one, would be an unhandled rejection and end a Node process.
  if (isPromise) Promise.resolve(answer).catch(() => undefined);
  const got = isPromise ? "a promise: an asynchronous record needs admitAsync" : kindOf(answer);
  return new PrioError("invalid-argument", `replays: expected ${expected}, got ${got}`);
}
