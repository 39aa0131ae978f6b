// The ping-pong topology (VDAF draft, section 5.7.1): a leader and a helper verify a report by turns, each until it
// needs the other's message. The leader is aggregator 0, the helper aggregator 1. It drives any VDAF for two.

import { type Bytes, concat, copyOfBytes, kindOf, propertiesOf, uint32BE } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { OutputShare, Vdaf, Verification, VerifyState } from "./vdaf.js";

/** The first byte of a message. */
const INITIALIZE = 0;
const CONTINUE = 1;
const FINISH = 2;

/** A report whose verification waits for the other aggregator. Send `message` to it. */
export interface Continued {
  /** Tells this case from the others. */
  readonly status: "continued";
  /** Kept for this aggregator's next turn. */
  readonly state: VerifyState;
  /** The round that this state is in, from 0. */
  readonly round: number;
  /** For the other aggregator. */
  readonly message: Bytes;
}

/** A verified report. If there is a `message`, the other aggregator still needs it. */
export interface Finished {
  /** Tells this case from the others. */
  readonly status: "finished";
  /** To be counted. */
  readonly output: OutputShare;
  /** For the other aggregator, if it has not finished. */
  readonly message?: Bytes;
}

/** A report that does not hold, or a message that is none. Nothing of the report is counted. */
export interface Rejected {
  /** Tells this case from the others. */
  readonly status: "rejected";
  /**
   * What is wrong with bytes that are malformed: a share of another length, such as that of the other aggregator, or a
   * message out of turn. Without it, the proof does not hold. For the aggregator's log, and not for the client.
   */
  readonly error?: PrioError;
}

/** What an aggregator has of a report after its turn. */
export type PingPongState = Continued | Finished | Rejected;

/** What both aggregators know of a report, and this aggregator's input share. */
export interface ReportToVerify {
  /** Names the application. */
  readonly ctx: Uint8Array;
  /** The report's. */
  readonly nonce: Uint8Array;
  /** The report's. */
  readonly publicShare: Uint8Array;
  /** This aggregator's own. */
  readonly inputShare: Uint8Array;
}

/** What the turns use of a VDAF, and of a report. */
const STEPS = ["verifyInit", "verifierSharesToMessage", "verifyNext"] as const;
const OF_A_REPORT = ["ctx", "nonce", "publicShare", "inputShare"] as const;

type Unchecked<T> = { readonly [K in keyof T]?: unknown };

const REJECTED: Rejected = { status: "rejected" };

/**
 * The leader's first turn. A report whose bytes are malformed is `rejected`. Throws `wrong-length`, `out-of-range` and
 * `invalid-argument` for a key, a nonce or a context that is none, and `out-of-range` unless the VDAF is for two.
 */
export function leaderInitialize(
  vdaf: Vdaf<never, unknown>,
  verifyKey: Uint8Array,
  report: ReportToVerify,
): Continued | Rejected {
  requireTwo(vdaf);
  return orRejected(() => {
    const { state, verifierShare } = initialize(vdaf, verifyKey, 0, propertiesOf(report, "report", OF_A_REPORT));
    return { status: "continued", state, round: 0, message: encode(INITIALIZE, verifierShare) };
  });
}

/**
 * The helper's first turn, with the leader's message. Throws as `leaderInitialize` does, and `invalid-argument` for a
 * message that is no Uint8Array.
 */
export function helperInitialize(
  vdaf: Vdaf<never, unknown>,
  verifyKey: Uint8Array,
  report: ReportToVerify,
  inbound: Uint8Array,
): PingPongState {
  requireTwo(vdaf);
  return orRejected(() => {
    const own = propertiesOf(report, "report", OF_A_REPORT);
    const { state, verifierShare } = initialize(vdaf, verifyKey, 1, own);
    const { type, parts } = decode(inbound);
    if (type !== INITIALIZE) return outOfTurn(INITIALIZE, type);
    return transition(vdaf, own.ctx as Uint8Array, [parts[0] as Uint8Array, verifierShare], state, 0);
  });
}

/**
 * The leader's next turn, with the helper's message. Throws `wrong-state` for a state that was used, `invalid-argument`
 * for what is no state of this VDAF or no Uint8Array, and `out-of-range` for another round or number of aggregators.
 */
export function leaderContinue(
  vdaf: Vdaf<never, unknown>,
  ctx: Uint8Array,
  own: Pick<Continued, "state" | "round">,
  inbound: Uint8Array,
): PingPongState {
  return proceed(vdaf, true, ctx, own, inbound);
}

/** The helper's next turn, with the leader's message. Throws as `leaderContinue` does. */
export function helperContinue(
  vdaf: Vdaf<never, unknown>,
  ctx: Uint8Array,
  own: Pick<Continued, "state" | "round">,
  inbound: Uint8Array,
): PingPongState {
  return proceed(vdaf, false, ctx, own, inbound);
}

function initialize(
  vdaf: Vdaf<never, unknown>,
  verifyKey: Uint8Array,
  id: 0 | 1,
  { ctx, nonce, publicShare, inputShare }: Unchecked<ReportToVerify>,
): Verification {
  return vdaf.verifyInit(
    verifyKey,
    ctx as Uint8Array,
    id,
    nonce as Uint8Array,
    publicShare as Uint8Array,
    inputShare as Uint8Array,
  );
}

function proceed(
  vdaf: Vdaf<never, unknown>,
  isLeader: boolean,
  ctx: Uint8Array,
  own: Pick<Continued, "state" | "round">,
  inbound: Uint8Array,
): PingPongState {
  requireTwo(vdaf);
  const { state, round } = propertiesOf(own, "state", ["state", "round"]);
  if (typeof round !== "number" || !Number.isInteger(round) || round < 0 || round >= vdaf.rounds) {
    throw new PrioError("out-of-range", `ping-pong: expected a round from 0 to ${vdaf.rounds - 1}`);
  }
  return orRejected(() => {
    const { type, parts } = decode(inbound);
    const expected = round + 1 === vdaf.rounds ? FINISH : CONTINUE;
    if (type !== expected) return outOfTurn(expected, type);
    const next = vdaf.verifyNext(ctx, state as VerifyState, parts[0] as Uint8Array);
    if (next === null) return REJECTED;
    if ("kind" in next) return { status: "finished", output: next };
    const other = parts[1] as Uint8Array;
    const shares = isLeader ? [next.verifierShare, other] : [other, next.verifierShare];
    return transition(vdaf, ctx, shares, next.state, round + 1);
  });
}

/** Puts a round's verifier shares together and goes on to the next round. */
function transition(
  vdaf: Vdaf<never, unknown>,
  ctx: Uint8Array,
  verifierShares: readonly Uint8Array[],
  state: VerifyState,
  round: number,
): PingPongState {
  const message = vdaf.verifierSharesToMessage(ctx, verifierShares);
  const next = message && vdaf.verifyNext(ctx, state, message);
  if (message === null || next === null) return REJECTED;
  if ("kind" in next) return { status: "finished", output: next, message: encode(FINISH, message) };
  return {
    status: "continued",
    state: next.state,
    round: round + 1,
    message: encode(CONTINUE, message, next.verifierShare),
  };
}

/** Bytes of the report that are malformed reject it, as a proof that does not hold does. */
function orRejected<T>(turn: () => T): T | Rejected {
  try {
    return turn();
  } catch (error) {
    if (error instanceof PrioError && error.code === "malformed") return { status: "rejected", error };
    throw error;
  }
}

/** What a message of each type is. */
const KINDS = ["the leader's first", "one between the first and the last", "the last"];

/** A message of another type than the one that this turn waits for. */
function outOfTurn(expected: number, got: number): Rejected {
  const text = `ping-pong message: expected ${KINDS[expected]}, got ${KINDS[got]}`;
  return { status: "rejected", error: new PrioError("malformed", text) };
}

function requireTwo(vdaf: Vdaf<never, unknown>): void {
  const { shares, ...steps } = propertiesOf(vdaf, "VDAF", ["shares", ...STEPS]);
  const missing = STEPS.find((name) => typeof steps[name] !== "function");
  if (typeof shares !== "number" || missing !== undefined) {
    throw new PrioError("invalid-argument", `ping-pong: expected a VDAF, got ${kindOf(vdaf)}`);
  }
  if (shares !== 2) throw new PrioError("out-of-range", `ping-pong: expected a VDAF for 2 aggregators, got ${shares}`);
}

/** The type, then each part after its length in 4 bytes, big-endian. */
function encode(type: number, ...parts: readonly Uint8Array[]): Bytes {
  return concat(Uint8Array.of(type), ...parts.flatMap((part) => [uint32BE(part.length), part]));
}

/** Throws `malformed`. */
function decode(message: Uint8Array): { type: number; parts: Uint8Array[] } {
  const bytes = copyOfBytes(message, "ping-pong message");
  const [type] = bytes;
  const view = new DataView(bytes.buffer);
  const parts: Uint8Array[] = [];
  // No type has more than two parts. Without this bound, a message of empty parts would take many times its memory.
  for (let offset = 1; offset < bytes.length && parts.length <= 2; ) {
    const start = offset + 4;
    const end = start > bytes.length ? start : start + view.getUint32(offset);
    if (end > bytes.length) throw malformed();
    parts.push(bytes.slice(start, end));
    offset = end;
  }
  const expected = type === CONTINUE ? 2 : 1;
  if (type === undefined || type > FINISH || parts.length !== expected) throw malformed();
  return { type, parts };
}

function malformed(): PrioError {
  return new PrioError("malformed", "ping-pong message: expected a type and its parts, each after its length");
}
