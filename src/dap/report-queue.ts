// Where an application keeps reports until the leader has taken them.

import type { Bytes } from "../core/bytes.js";

/**
 * Keeps encoded reports by their ids, for a client that is not always online: in IndexedDB, `localStorage`, a file or a
 * database. A report is encrypted, so the store learns no measurement. Each task has a queue of its own.
 *
 * A client adds a report before it first sends it, and removes it when the leader has said what became of it. So a page
 * may be closed at any moment: the same bytes, under the same id, are sent again, and the leader counts them once.
 * docs/dap.md in the package has an
 * example.
 */
export interface ReportQueue {
  /** Keeps an encoded report under its id, 22 characters of base64url. It must be safe when this is done. */
  add(id: string, report: Bytes): Promise<void> | void;
  /** Removes a report. One that is not there is no error. */
  remove(id: string): Promise<void> | void;
  /** All reports that are kept. */
  list(): Promise<readonly QueuedReport[]> | readonly QueuedReport[];
}

/** A report in a queue. */
export interface QueuedReport {
  /** What it was added with. */
  readonly id: string;
  /** What it was added with. */
  readonly report: Uint8Array;
}
