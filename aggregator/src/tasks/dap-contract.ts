// What the aggregator uses of prio/dap's tasks and keys, until that entry is there: then this file re-exports its types.

/** The parameters of a task that all parties have in common. */
export interface DapTask {
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly encodedConfiguration: Uint8Array;
  /** In seconds. */
  readonly timePrecision: number;
  readonly minBatchSize: number;
  readonly batchMode: "time-interval" | "leader-selected";
  /** URLs, never encoded anew. */
  readonly leader: string;
  readonly helper: string;
  /** Hex; what two operators compare. */
  readonly hash: string;
  toJSON(): unknown;
}

export interface HpkeConfig {
  readonly id: number;
}

export interface HpkeKeyPair {
  readonly config: HpkeConfig;
}
