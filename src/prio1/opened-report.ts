// A report that a server has opened and not checked yet: the result of `openPacket`, the first of a
// server's three steps (server.ts).

import { kindOf } from "../core/bytes.js";
import { Hidden, MAKER } from "../core/hidden.js";
import { PrioError } from "../errors.js";
import { copyOfKeys, type ReplayKeys, sameKeys } from "./replay-records.js";
import type { RunningTotal } from "./running-total.js";
import type { ReportShare, SeededShare } from "./share.js";

/** What a session knows of a report that it has opened. */
export interface Opened {
  /** The total of the session that opened it. No one else has this object, so it identifies the session. */
  readonly total: RunningTotal;
  readonly share: ReportShare | SeededShare;
  readonly keys: ReplayKeys;
  /** 1 to 65,535 bytes. */
  readonly reportId: Uint8Array | undefined;
}

/** What each opened report holds: null after a verifier has taken the share. */
const held = /* @__PURE__ */ new Hidden<Opened | null>("OpenedReport");

/**
 * A report opened by {@link Server.openPacket}. It holds this server's share, does not show it, and stays in its
 * thread.
 */
export class OpenedReport {
  readonly #keys: ReplayKeys;

  private constructor(maker: typeof MAKER, opened: Opened) {
    held.make(this, opened, maker);
    this.#keys = opened.keys;
  }

  /** A copy of the report's keys, for {@link Admission.admit}: plain data that crosses threads. */
  get replayKeys(): ReplayKeys {
    return copyOfKeys(this.#keys);
  }
}

export function openedReportOf(opened: Opened): OpenedReport {
  return Reflect.construct(OpenedReport, [MAKER, opened]);
}

/**
 * Returns, once, what the session of `total` opened, for a check that was admitted under `keys`. Throws
 * `invalid-argument` if `report` is not an OpenedReport, `wrong-state` if another session opened it or its share was
 * taken before, and `mismatch` if the keys are another report's.
 */
export function takeShare(report: unknown, total: RunningTotal, keys: ReplayKeys): Opened {
  if (!held.has(report)) {
    throw new PrioError("invalid-argument", `verifier: expected an OpenedReport, got ${kindOf(report)}`);
  }
  const opened = held.of(report as OpenedReport);
  if (opened === null) {
    throw new PrioError("wrong-state", "verifier: expected an opened report that has no verifier yet");
  }
  if (opened.total !== total) {
    throw new PrioError("wrong-state", "verifier: expected a report that this session opened");
  }
  if (!sameKeys(opened.keys, keys)) {
    throw new PrioError("mismatch", "verifier: expected the admission of this report, got another one's");
  }
  held.set(report as OpenedReport, null);
  return opened;
}
