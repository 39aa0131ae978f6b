// What the page knows of a protocol: how its clients and servers are started, and what to say of it. prio1/ and prio3/
// have one of these each; everything else on the page works with either.

import type { ServerId } from "prio";
import type { Keys, ProtocolId, Reason, Report, Upload } from "./messages.js";

/** A report, and the shares in it, which only the page sees. */
export interface SplitReport extends Report {
  /** Each server's share of each field: they add up to the value, modulo the protocol's prime. */
  readonly shares: { readonly a: readonly bigint[]; readonly b: readonly bigint[] };
}

/** A client whose insides the page can show, and which takes any small values, bits or not. */
export type GlassClient = (fields: readonly number[]) => SplitReport;

export interface Protocol {
  readonly id: ProtocolId;
  /** What its servers are called. */
  readonly servers: Readonly<Record<ServerId, string>>;
  /** Hexadecimal digits of a field element. */
  readonly digits: number;
  /** A worker that is one of its servers. */
  startServer(): Worker;
  client(keys: Keys): GlassClient;
  /** The totals of both servers' shares of them. */
  publish(keys: Keys, shareA: Uint8Array, shareB: Uint8Array, reports: number): number[];

  /** What step 2 says of each value, and of the whole report. */
  readonly split: string;
  note(report: Report): string;
  /** What step 3 says of the check. */
  readonly check: string;
  /** What is inside of what a server gets, by its beginning in hexadecimal digits. */
  upload(id: ServerId, upload: Upload): [before: string, after: string];
  /** What a server knows of a report that it counted or refused. */
  reason(id: ServerId, reason: Reason): string;
  /** Why both servers refused a report of which one bit was flipped on its way to A. */
  readonly flipped: string;
}
