// Why a server did not do what it was asked to: the error, and what the server said about it.

import { PrioError, type PrioErrorCode } from "../errors.js";
import type { AggregatorRole } from "./codes.js";

/** What a server said about an error: a problem document (RFC 9457). */
export interface Problem {
  /** The draft's name, such as `unrecognizedTask`, or the URI of another type; `about:blank` if there is none. */
  readonly type: string;
  /** What the type means, in words. */
  readonly title?: string;
  /** What happened this time, in words. */
  readonly detail?: string;
  /** With `unsupportedExtension`: the types that the server does not know. */
  readonly unsupportedExtensions?: readonly number[];
}

/** What a {@link DapError} knows besides its message. */
export interface DapErrorDetails {
  /** Who was asked. */
  readonly server: AggregatorRole;
  /** The HTTP status of the last answer; undefined if there was none. */
  readonly status?: number | undefined;
  /** What the server said, if it said anything that can be read. */
  readonly problem?: Problem | undefined;
  /** Seconds after which the server wants to be asked again, if it named a time. */
  readonly retryAfter?: number | undefined;
  /** One of `ReportError`, if it is about one report. */
  readonly reportError?: number | undefined;
  /** What the platform's `fetch` said. */
  readonly cause?: unknown;
}

/**
 * A server was not reached, did not do what it was asked to, or gave an answer that cannot be right. Its `code` is:
 *
 * | code | meaning |
 * |---|---|
 * | `unavailable` | the server cannot be reached or cannot do it now; all tries failed. The same may succeed later |
 * | `refused` | the server does not do it: `problem` or `reportError` says why |
 * | `malformed` | the answer cannot be read, or contradicts the question |
 *
 * @example
 * ```js
 * import { DapError } from "prio/dap";
 *
 * const error = new DapError("unavailable", "leader: upload: no answer", { server: "leader", status: 503 });
 * console.log(error.code, error.server, error.status); // unavailable leader 503
 * ```
 */
export class DapError extends PrioError {
  /** Who was asked. */
  readonly server: AggregatorRole;
  /** The HTTP status of the last answer; undefined if there was none. */
  readonly status: number | undefined;
  /** What the server said, if it said anything that can be read. */
  readonly problem: Problem | undefined;
  /** Seconds after which the server wants to be asked again, if it named a time. */
  readonly retryAfter: number | undefined;
  /** One of `ReportError`, if it is about one report. */
  readonly reportError: number | undefined;

  /** The library makes these errors. A program built on it may make its own. */
  constructor(code: PrioErrorCode, message: string, details: DapErrorDetails) {
    super(code, message);
    this.server = details.server;
    this.status = details.status;
    this.problem = details.problem;
    this.retryAfter = details.retryAfter;
    this.reportError = details.reportError;
    if (details.cause !== undefined) this.cause = details.cause;
  }
}
