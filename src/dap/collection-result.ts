// The leader's answer to a collection job: checked, and its shares decrypted (DAP-18, section 4.6.6).

import type { Bytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { HpkeCiphertext } from "./basic-messages.js";
import { type AggregatorRole, BatchMode } from "./codes.js";
import type { CollectionJobReq, CollectionJobResp } from "./collection-messages.js";
import { DapError } from "./dap-error.js";
import type { HpkeKeyPair } from "./hpke-keys.js";
import { openAggregateShare } from "./sealing.js";
import type { DapTask } from "./task.js";
import { decodeInterval } from "./task-configuration.js";

/** What an answer holds. */
export interface OpenedResult {
  readonly reportCount: number;
  readonly start: Date;
  readonly end: Date;
  /** The leader's aggregate share, and the helper's. */
  readonly shares: readonly [Bytes, Bytes];
}

/** Milliseconds since 1970 that a date may have. */
const LATEST_DATE = 8.64e15;

/**
 * Checks the leader's answer to a request, and decrypts the shares in it. Throws a {@link DapError} `malformed` for one
 * that contradicts the request or the task, and `cannot-open`.
 */
export function openResult(
  task: DapTask,
  keyPair: HpkeKeyPair,
  request: CollectionJobReq,
  resp: CollectionJobResp,
): OpenedResult {
  const reportCount = Number(resp.reportCount);
  if (!Number.isSafeInteger(reportCount) || reportCount < task.minBatchSize) {
    throw contradiction(`expected at least ${task.minBatchSize} reports in a batch, got ${resp.reportCount}`);
  }
  const { start, duration } = resp.interval;
  const end = start + duration;
  const dateOf = (time: bigint): Date => new Date(Number(time) * task.timePrecision * 1000);
  const isInside = allows(task, request, start) && allows(task, request, end - 1n);
  if (duration === 0n || !isInside || Number(end) * task.timePrecision * 1000 > LATEST_DATE) {
    throw contradiction("expected reports of the times that were asked for, got others");
  }
  const open = (role: AggregatorRole, ciphertext: HpkeCiphertext): Bytes =>
    openShare(task, role, keyPair, request, ciphertext);
  const shares = [open("leader", resp.leaderEncryptedAggShare), open("helper", resp.helperEncryptedAggShare)] as const;
  return { reportCount, start: dateOf(start), end: dateOf(end), shares };
}

/** Whether the batch that was asked for may have reports of a time. */
function allows(task: DapTask, { query }: CollectionJobReq, time: bigint): boolean {
  if (query.batchMode !== BatchMode.timeInterval) return task.includes(time);
  const { start, duration } = decodeInterval(query.config);
  return time >= start && time < start + duration;
}

function openShare(
  task: DapTask,
  role: AggregatorRole,
  keyPair: HpkeKeyPair,
  request: CollectionJobReq,
  ciphertext: HpkeCiphertext,
): Bytes {
  const { configId } = ciphertext;
  if (configId !== keyPair.id) {
    throw cannotOpen(role, `is encrypted to a key with the id ${configId}, and this one has ${keyPair.id}`);
  }
  try {
    return openAggregateShare(task, role, keyPair, request, ciphertext);
  } catch (error) {
    if (!(error instanceof PrioError) || error.code !== "cannot-open") throw error;
    throw cannotOpen(role, "does not open: the aggregator has another key of the collector, or another task document");
  }
}

function cannotOpen(role: AggregatorRole, why: string): PrioError {
  return new PrioError("cannot-open", `collector: the ${role}'s share ${why}`);
}

function contradiction(what: string): DapError {
  return new DapError("malformed", `leader: collection job: ${what}`, { server: "leader" });
}
