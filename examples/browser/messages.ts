// All messages between the page, the two servers of a collection and the simulated crowd. They share no memory: these
// messages between workers stand for network traffic. The exception is `show`, which lets the page look inside a
// server. What the two servers say to each other is in the file of each protocol's server.

import type { ServerId } from "prio";

/** Which protocol a collection uses. */
export type ProtocolId = "prio1" | "prio3";

/** What a client sends one server. */
export interface Upload {
  /** For this server alone. */
  readonly share: Uint8Array;
  /** The same for both; empty with Prio v1. */
  readonly common: Uint8Array;
}

/** What a client makes of its fields. */
export interface Report {
  readonly id: string;
  readonly a: Upload;
  readonly b: Upload;
}

/** The servers' public keys; with Prio3, which leaves encryption to the application, none. */
export type Keys = Readonly<Record<ServerId, string>>;

/** From the page to a server. */
export type ToServer =
  | { kind: "start"; id: ServerId; link: MessagePort }
  | { kind: "configure"; keys: Keys }
  /** `watched`: the page wants to be shown what the server sees. */
  | { kind: "report"; reportId: string; upload: Upload; watched: boolean }
  | { kind: "total" };

/** From a server to the page. */
export type FromServer =
  | { kind: "key"; publicKey: string }
  | { kind: "ready" }
  | { kind: "decided"; reportId: string; counted: boolean }
  /** Its share of the totals, and, to be shown, its running total field by field. */
  | { kind: "total"; reports: number; share: Uint8Array; shown: readonly bigint[] }
  | ({ kind: "show" } & Sight);

/** A number of the check: one side's part, the other's, and both together, as far as this server knows them. */
export interface CheckRow {
  readonly name: string;
  readonly own?: bigint | string;
  readonly other?: bigint | string;
  readonly sum?: bigint | undefined;
  /** Whether the sum is as it must be; left out where any number will do. */
  readonly holds?: boolean;
}

/** Why a server counted a report, or did not. */
export type Reason = "counted" | "proof" | "malformed" | "the other refused";

/** What a server sees of one report, from what it gets to the verdict. */
export interface Sight {
  readonly upload: Upload;
  /** Its share of each field; null when it could not read them. */
  readonly shares: readonly bigint[] | null;
  /** The secret point that the proof is checked at, where the protocol gives it a name. */
  readonly point: bigint | null;
  readonly check: readonly CheckRow[];
  /** How many messages it sent the other server, and their bytes. */
  readonly sent: { readonly messages: number; readonly bytes: number };
  readonly reason: Reason;
  readonly counted: number;
  readonly refused: number;
  /** Its running total of shares, field by field. */
  readonly total: readonly bigint[];
}

/** From the page to the crowd: make reports of this many visitors, of which some cheat. */
export interface ToCrowd {
  readonly protocol: ProtocolId;
  readonly keys: Keys;
  readonly visitors: number;
  readonly cheaters: boolean;
}

/** One simulated visitor. `fields` is null for a cheat: there is nothing true to compare with. */
export interface Visitor {
  readonly report: Report;
  readonly fields: readonly number[] | null;
}
