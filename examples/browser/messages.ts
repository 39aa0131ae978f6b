// All messages between the page, the two servers and the simulated crowd. They share no memory: these messages between
// workers stand for network traffic. The exception is `show`, which lets the page look inside a server.

import type { ServerId } from "prio";

/** From the page to a server. */
export type ToServer =
  | { kind: "start"; id: ServerId; link: MessagePort }
  | { kind: "configure"; keys: Record<ServerId, string> }
  /** A client's packet. `watched`: the page wants to be shown what the server sees. */
  | { kind: "report"; reportId: string; packet: Uint8Array; watched: boolean }
  | { kind: "total" };

/** From a server to the page. */
export type FromServer =
  | { kind: "key"; publicKey: string }
  | { kind: "ready" }
  | { kind: "decided"; reportId: string; counted: boolean }
  /** Its share of the totals, and, to be shown, its running total field by field. */
  | { kind: "total"; reports: number; share: Uint8Array; shown: readonly bigint[] }
  | ({ kind: "show" } & Sight);

/** From one server to the other. The secret is said once, by A. */
export type BetweenServers =
  | { kind: "secret"; secret: Uint8Array }
  | { kind: "verify1" | "verify2"; reportId: string; bytes: Uint8Array }
  | { kind: "cannot open"; reportId: string };

/** One side's half, the other's, and both added up. */
export interface Halves {
  readonly own: bigint;
  readonly other: bigint;
  readonly sum: bigint;
}

/** What a server sees of one report, from its packet to the verdict. */
export interface Sight {
  readonly packet: Uint8Array;
  /** Its share of each field; null when the packet did not open. */
  readonly shares: readonly bigint[] | null;
  /** The secret point that the proof is checked at. */
  readonly point: bigint | null;
  readonly d: Halves | null;
  readonly e: Halves | null;
  readonly out: Halves | null;
  readonly verdict: "counted" | "refused" | "not opened";
  readonly counted: number;
  readonly refused: number;
  /** Its running total of shares, field by field. */
  readonly total: readonly bigint[];
}

/** From the page to the crowd: make reports of this many visitors, of which some cheat. */
export interface ToCrowd {
  readonly keys: Record<ServerId, string>;
  readonly visitors: number;
  readonly cheaters: boolean;
}

/** One simulated visitor. `fields` is null for a cheat: there is nothing true to compare with. */
export interface Visitor {
  readonly packets: { readonly a: Uint8Array; readonly b: Uint8Array };
  readonly fields: readonly number[] | null;
}
