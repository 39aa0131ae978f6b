// What leader and helper have in common when a batch is collected (DAP-18, sections 4.6.1 to 4.6.7): which requests
// they take, and how a batch's aggregate becomes a share for the collector.

import {
  areIncreasing,
  BatchMode,
  type CollectionJobReq,
  decodeInterval,
  type HpkeCiphertext,
  type Interval,
  type Query,
  sealAggregateShare,
  unsupportedExtensions,
} from "prio/dap";
import { Problem } from "../problem.js";
import type { AggregatorTask } from "../tasks/task.js";
import { isInterval } from "./buckets.js";
import type { BatchAggregate } from "./partials.js";
import { invalidMessage, wellFormed } from "./well-formed.js";

/**
 * The interval that a query or a batch selector of the task's batch mode is about; null where the leader selects
 * batches. Throws invalidMessage for another mode, and batchInvalid for an interval that names no buckets.
 */
export function intervalOf(task: AggregatorTask, { batchMode, config }: Query): Interval | null {
  const isTimeInterval = task.dap.batchMode === "time-interval";
  if (batchMode !== (isTimeInterval ? BatchMode.timeInterval : BatchMode.leaderSelected)) {
    throw invalidMessage(`the task's batch mode is ${task.dap.batchMode}, and that of the request another`);
  }
  if (!isTimeInterval) return null;
  const interval = wellFormed(() => decodeInterval(config));
  if (!isInterval(interval)) {
    throw new Problem("batchInvalid", "the interval is empty, or ends after the last time that there is");
  }
  return interval;
}

/** Throws invalidExtension, unsupportedExtension: this implementation supports no extension of collection jobs. */
export function requireNoExtensions({ extensions }: CollectionJobReq): void {
  if (!areIncreasing(extensions)) {
    throw new Problem("invalidExtension", "the extensions are not in strictly increasing order of their types");
  }
  const unsupported = unsupportedExtensions(extensions);
  if (unsupported.length === 0) return;
  throw new Problem("unsupportedExtension", "the request has extensions that this aggregator does not support", {
    members: { unsupported_extensions: unsupported },
  });
}

/**
 * This aggregator's share of a batch for the collector, with the noise that the operator set. It is drawn and encrypted
 * once, in the transaction that closes the batch and stores the result: two draws over one total would tell more of it.
 */
export function shareForCollector(
  task: AggregatorTask,
  request: CollectionJobReq,
  { share }: BatchAggregate,
): HpkeCiphertext {
  const { collectorHpkeConfig } = task.dap;
  if (collectorHpkeConfig === undefined) throw new Error("the task has no HPKE configuration of its collector");
  if (task.noise !== null) share.addNoise(task.noise);
  return sealAggregateShare(task.dap, task.role, collectorHpkeConfig, request, share.toBytes());
}
