// A task as the processes of an aggregator use it: what all parties know, and what this operator alone has. Immutable:
// when the store has something else, the registry makes a new one.

import type { DapTask } from "prio/dap";
import type { Noise } from "prio/dp";
import type { Vdaf } from "prio/prio3";
import type { Role, TaskState } from "../store/store.js";

/** How the helper answers a new aggregation job: at once, or later. */
export type HelperMode = "sync" | "async";

/** The version of the protocol that is spoken with the peer. */
export type Dialect = "dap-18" | "janus-0.9";

/** What every aggregate share of a task gets before it leaves, as the operator set it. */
export type NoiseSettings =
  | { readonly mechanism: "laplace"; readonly epsilon: string }
  | { readonly mechanism: "gaussian"; readonly rho: string };

/** What a task allows, from its own messages' sizes. */
export interface TaskLimits {
  /** The largest encoded Report. */
  readonly maxReportBytes: number;
  /** Reports of an aggregation job. */
  readonly maxJobReports: number;
  /** Seconds that the first waiting report waits for others before a job is made. */
  readonly maxJobDelay: number;
  /** Seconds by which a report may lie in the future. */
  readonly maxFuture: number;
  /** Seconds after which a report is too old to be counted, and its id is forgotten; null for never. */
  readonly reportExpiry: number | null;
}

/** Who may ask this aggregator. */
export interface AcceptedTokens {
  /**
   * The other aggregator's bearer tokens, as SHA-256, the newest first. Empty at the leader: the helper only answers.
   */
  readonly peer: readonly Uint8Array[];
  /** The collector's, as SHA-256, the newest first. Empty at the helper. */
  readonly collector: readonly Uint8Array[];
}

/** Certificates of clients that are as good as a token: SHA-256 of each, lower-case hex. */
export interface AcceptedCertificates {
  readonly peer: readonly string[];
  readonly collector: readonly string[];
}

export interface AggregatorTask {
  /** The number by which the store names the task. */
  readonly key: number;
  /** 32 bytes. */
  readonly id: Uint8Array;
  /** Unpadded base64url, as in paths. */
  readonly idText: string;
  readonly role: Role;
  readonly dap: DapTask;
  readonly vdaf: Vdaf<unknown, unknown>;
  /** The VDAF's verification key. A secret of the two aggregators. */
  readonly verifyKey: Uint8Array;
  readonly state: TaskState;
  /**
   * The other aggregator. The token is what the leader shows to the helper; null with mutual TLS, and at the helper.
   */
  readonly peer: { readonly url: string; readonly token: string | null };
  readonly acceptedTokens: AcceptedTokens;
  readonly mutualTls: AcceptedCertificates;
  /** Draws for the task's aggregate shares; null where this aggregator adds none. */
  readonly noise: Noise | null;
  readonly noiseSettings: NoiseSettings | null;
  readonly helperMode: HelperMode;
  readonly dialect: Dialect;
  readonly limits: TaskLimits;
}
