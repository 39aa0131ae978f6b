// What an operation answers to a request of the peer or the collector, before HTTP makes a response of it.

import type { MessageName } from "prio/dap";

export interface Answer {
  /** Where the resource is, behind `/tasks/{task-id}`: such as `/aggregation_jobs/{id}?step=0`. */
  readonly location?: string;
  /** The resource's message; null where it is not ready. */
  readonly body: Uint8Array | null;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly message: MessageName;
}
