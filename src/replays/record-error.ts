// The one error class of replay records. Whatever goes wrong with a record throws it, so that no failure is ever taken
// for "not seen before".

import { systemCode, systemReason } from "../files/failure.js";

/**
 * What a {@link ReplayRecordError} can be about. The list is closed.
 *
 * | code | meaning |
 * |---|---|
 * | `in-use` | another run has the record open, or may have it open on a machine or in a container that cannot be looked into |
 * | `another-owner` | the record belongs to another secret, or to the other server |
 * | `not-a-record` | the path is not a directory, or it holds other files |
 * | `damaged` | a file of the record is missing, cut or changed |
 * | `unavailable` | the system refused to read or write: `cause` is its error |
 */
export type ReplayRecordErrorCode = "in-use" | "another-owner" | "not-a-record" | "damaged" | "unavailable";

/** A replay record cannot be used. What was committed before is still on disk, unless the code is `damaged`. */
export class ReplayRecordError extends Error {
  /** Always `"ReplayRecordError"`. */
  override readonly name = "ReplayRecordError";
  /** What the error is about; stable, for programs to act on. */
  readonly code: ReplayRecordErrorCode;

  /** Makes an error whose message begins with `replay record: `. */
  constructor(code: ReplayRecordErrorCode, message: string, options?: { cause?: unknown }) {
    super(`replay record: ${message}`, options);
    this.code = code;
  }
}

/** Runs `work`. A refusal by the system becomes `unavailable`: `subject` ("cannot write x.segment"), then why. */
export function withSystem<T>(subject: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined || error instanceof ReplayRecordError) throw error;
    throw new ReplayRecordError("unavailable", `${subject}: ${systemReason(code)}`, { cause: error });
  }
}
