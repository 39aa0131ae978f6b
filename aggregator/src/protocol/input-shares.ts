// An aggregator's share of a report: opened and validated (DAP-18, sections 4.5.3.3 and 4.5.3.4). Whatever is wrong
// with it, one client sent it, so that it spoils this one report.

import type { ReportMetadata } from "prio/dap";
import { areReportExtensionsValid, type HpkeCiphertext, openInputShare, PrioError, ReportError } from "prio/dap";
import type { Context } from "../context.js";
import type { AggregatorTask } from "../tasks/task.js";

/** The VDAF's input share, or a code of `ReportError`. */
export type Opened = { readonly inputShare: Uint8Array } | { readonly error: number };

/**
 * Reads the keys again if a share names one that this process does not know: another process may have made it a moment
 * ago, and a report that is refused here is refused for good. That is one small reading a job at most, whatever clients
 * name; a bound on its time would refuse reports that came between two readings.
 */
export async function learnKeys(
  { keys }: Pick<Context, "keys">,
  ciphertexts: readonly Pick<HpkeCiphertext, "configId">[],
): Promise<void> {
  if (ciphertexts.some(({ configId }) => keys.pair(configId) === undefined)) await keys.refresh();
}

/** Opens a share for the task's role here. What it returns does not depend on the time: see `refusalOfTime`. */
export function openShare(
  { keys }: Pick<Context, "keys">,
  task: AggregatorTask,
  metadata: ReportMetadata,
  publicShare: Uint8Array,
  ciphertext: HpkeCiphertext,
): Opened {
  const pair = keys.pair(ciphertext.configId);
  if (pair === undefined) return { error: ReportError.hpkeDecryptError };
  try {
    const { privateExtensions, payload } = openInputShare(task.dap, task.role, pair, metadata, publicShare, ciphertext);
    // This implementation supports no report extension.
    if (!areReportExtensionsValid(metadata.publicExtensions, privateExtensions)) {
      return { error: ReportError.invalidMessage };
    }
    return { inputShare: payload };
  } catch (error) {
    if (!(error instanceof PrioError)) throw error;
    if (error.code === "cannot-open") return { error: ReportError.hpkeDecryptError };
    if (error.code === "malformed") return { error: ReportError.invalidMessage };
    throw error;
  }
}

/**
 * Why a report is rejected. Shares that cannot be decoded are an invalid message; others have a proof that is false.
 */
export function errorOf({ error }: { readonly error?: PrioError }): number {
  return error === undefined ? ReportError.vdafVerifyError : ReportError.invalidMessage;
}
