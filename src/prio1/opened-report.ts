// A report that a server has opened and not yet checked: the first of its three steps (server.ts).

import { kindOf } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { RunningTotal } from "./aggregate.js";
import { copyOfKeys, type ReplayKeys, sameKeys } from "./replay.js";
import type { ReportShare } from "./share.js";

/** What a session has of a report that it opened. */
export interface Opened {
  /** The total of the session that opened it, which no one else has: whoever can show it is that session. */
  readonly total: RunningTotal;
  readonly share: ReportShare;
  readonly keys: ReplayKeys;
  /** 1 to 65,535 bytes. */
  readonly reportId: Uint8Array | undefined;
}

/** A report that {@link Server.openPacket} has opened. It holds this server's share, shows none of it, and stays in its thread. */
export class OpenedReport {
  /** Undefined once a verifier has taken the share. */
  #opened: Opened | undefined;
  readonly #keys: ReplayKeys;

  private constructor(opened: Opened) {
    this.#opened = opened;
    this.#keys = opened.keys;
  }

  /** @internal */
  static of(opened: Opened): OpenedReport {
    return new OpenedReport(opened);
  }

  /** A copy of the keys that {@link Admission.admit} wants: plain data that crosses threads. */
  get replayKeys(): ReplayKeys {
    return copyOfKeys(this.#keys);
  }

  /**
   * @internal Hands out what the session of `total` opened, once, for the check that was admitted under `keys`. Throws `invalid-argument` when
   * `report` is no OpenedReport, `wrong-state` when another session opened it or its share was taken before, and `mismatch` when
   * the keys are another report's.
   */
  static take(report: unknown, total: RunningTotal, keys: ReplayKeys): Opened {
    if (typeof report !== "object" || report === null || !(#opened in report)) {
      throw new PrioError("invalid-argument", `verifier: expected an OpenedReport, got ${kindOf(report)}`);
    }
    const opened = report.#opened;
    if (opened === undefined) {
      throw new PrioError("wrong-state", "verifier: expected an opened report that has no verifier yet");
    }
    if (opened.total !== total) {
      throw new PrioError("wrong-state", "verifier: expected a report that this session opened");
    }
    if (!sameKeys(opened.keys, keys)) {
      throw new PrioError("mismatch", "verifier: expected the admission of this report, got another one's");
    }
    report.#opened = undefined;
    return opened;
  }
}
