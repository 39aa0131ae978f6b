// The library's one error class and its closed list of codes. Every layer throws it, and nothing else, for bad input.
// A message names the subject, what was expected and what was given. It never contains a key, a seed or a share.

/**
 * The codes of a {@link PrioError}. The list is closed: a new code needs a new minor version.
 *
 * | code | meaning |
 * |---|---|
 * | `invalid-argument` | an option or argument has the wrong type or is not an allowed value |
 * | `out-of-range` | a number is out of bounds: a field that is no bit, an integer past its precision, too many fields |
 * | `wrong-length` | a list or byte string does not have the expected length |
 * | `invalid-encoding` | a text is not the expected hex or base64, or has no UTF-8 |
 * | `invalid-key` | bytes have the right length and still are no usable key |
 * | `cannot-open` | this server's key does not open the packet: a wrong key and a changed, cut or empty packet look alike |
 * | `malformed` | bytes are not the msgpack objects of WIRE.md section 3, or not a message of Prio3, or cannot be verified |
 * | `wrong-batch` | a packet belongs to another batch |
 * | `wrong-server` | a packet, state or total share belongs to the other server |
 * | `replay` | a packet or a report id was seen before |
 * | `wrong-state` | a call out of order: another answer to a report, or a report counted twice or in another session |
 * | `mismatch` | two things that must agree do not: sessions to be merged, an opened report and its admission |
 * | `overflow` | a total is too large: the total shares do not belong together, or in Prio3 the batch is too large |
 * | `no-randomness` | the platform has no cryptographic source of randomness |
 * | `unsupported` | the platform lacks something that the work needs: `Float64Array` in an SES compartment, `fetch` |
 * | `unavailable` | a server cannot be reached, or cannot do it now: the same request may succeed later |
 * | `refused` | a server does not do what it was asked to; the error says which of DAP's errors it named |
 */
export type PrioErrorCode =
  | "invalid-argument"
  | "out-of-range"
  | "wrong-length"
  | "invalid-encoding"
  | "invalid-key"
  | "cannot-open"
  | "malformed"
  | "wrong-batch"
  | "wrong-server"
  | "replay"
  | "wrong-state"
  | "mismatch"
  | "overflow"
  | "no-randomness"
  | "unsupported"
  | "unavailable"
  | "refused";

/**
 * The only error that the library throws for bad input. `code` is stable; the message is for people.
 *
 * @example
 * ```js
 * import { PrioError, PublicKey } from "prio";
 *
 * try {
 *   PublicKey.fromHex("445C");
 * } catch (error) {
 *   if (!(error instanceof PrioError)) throw error;
 *   console.log(error.code); // wrong-length
 * }
 * ```
 */
export class PrioError extends Error {
  /** Always `"PrioError"`. */
  override readonly name = "PrioError";
  /** What the error is about: stable, for programs to act on. */
  readonly code: PrioErrorCode;

  /** The library makes these errors. A program built on it may make its own. */
  constructor(code: PrioErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
