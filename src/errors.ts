// The one error class of the library and its closed list of codes. Every layer throws it; nothing else is ever thrown
// for bad input. A message names the subject, what was expected and what came; it never holds a key, a seed or a share.

/**
 * What a {@link PrioError} can be about. The list is closed: a new code is a new minor version.
 *
 * | code | meaning |
 * |---|---|
 * | `invalid-argument` | an option or argument has the wrong type, or is not one of the values allowed |
 * | `out-of-range` | a number lies outside its bounds: a field that is not a bit, an integer past its precision, too many fields |
 * | `wrong-length` | a list or byte string has another length than the one expected |
 * | `invalid-encoding` | a text is not the hex or base64 it should be |
 * | `invalid-key` | bytes of the right length that cannot serve as a key |
 * | `cannot-open` | a packet is not one that this server's key opens: wrong key, changed, cut or empty (told apart by nobody) |
 * | `malformed` | decrypted or exchanged bytes are not the msgpack objects of WIRE.md section 3 |
 * | `wrong-batch` | a packet belongs to another batch |
 * | `wrong-server` | a packet, state or total share belongs to the other server |
 * | `replay` | a session was given a packet or a report id for the second time |
 * | `wrong-state` | a call out of order: a second, different answer to one report, or a report counted twice or elsewhere |
 * | `mismatch` | two things that must agree do not: sessions to be merged, the settings of both servers |
 * | `overflow` | a published total does not fit 64 bits: the two total shares do not belong together |
 * | `no-randomness` | the platform offers no cryptographic random source |
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
  | "no-randomness";

/** The only error that the library throws for bad input. `code` is stable, the message is for people. */
export class PrioError extends Error {
  /** Always `"PrioError"`. */
  override readonly name = "PrioError";
  /** What the error is about; stable, for programs to act on. */
  readonly code: PrioErrorCode;

  /** The library makes these errors; a program that stands between it and its users may make its own. */
  constructor(code: PrioErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
