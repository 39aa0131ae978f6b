// Reads what a server or a client holds. The library hides it from its users for good reason, but an example that
// shows how Prio works needs it, and calls inner functions to get it. Your own program needs nothing from this file.

import type { Config, PrivateKey, Server, ServerId, ServerSecret } from "prio";
import { combine } from "../../../src/core/sharing.js";
import { openPacket } from "../../../src/prio1/packet.js";
import { snipOf } from "../../../src/prio1/parameters.js";
import { ReportPoints } from "../../../src/prio1/query-points.js";
import { readState, readVerify1, readVerify2 } from "../../../src/prio1/wire.js";

/** A server's shares of the fields of a report. */
export function sharesIn(config: Config, id: ServerId, privateKey: PrivateKey, packet: Uint8Array): bigint[] {
  return openPacket(config, id, privateKey, packet).data.toBigInts();
}

/** Where the servers check the report of this id. */
export function pointOf(config: Config, secret: ServerSecret, reportId: string): bigint {
  return new ReportPoints(config, secret).pointOf(new TextEncoder().encode(reportId)).point.r;
}

/** One side's half, the other's, and both added up. */
export interface Halves {
  readonly own: bigint;
  readonly other: bigint;
  readonly sum: bigint;
}

/** d and e out of both servers' first messages. */
export function maskedValues(config: Config, own: Uint8Array, other: Uint8Array): { d: Halves; e: Halves } {
  const [mine, theirs] = [readVerify1(config, own, "own verify1"), readVerify1(config, other, "other verify1")];
  return { d: halves(config, mine.d, theirs.d), e: halves(config, mine.e, theirs.e) };
}

/** The proof's outcome out of both servers' second messages: 0 when it holds. */
export function outcome(config: Config, own: Uint8Array, other: Uint8Array): Halves {
  return halves(config, readVerify2(config, own, "own verify2"), readVerify2(config, other, "other verify2"));
}

/** A server's running total, field by field. */
export function totalOf(config: Config, server: Server): bigint[] {
  return readState(config, server.toBytes()).toBigInts();
}

function halves(config: Config, own: bigint, other: bigint): Halves {
  return { own, other, sum: combine(snipOf(config).space.field, own, other) };
}
