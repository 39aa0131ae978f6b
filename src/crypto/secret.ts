// The secret that the two servers share and no client may know: it keys the generator of query points. Whoever knows the
// query point of a report before sending it can make a false proof hold.

import { fromBase64, requireBytes, toBase64 } from "../core/bytes.js";
import { systemRandom } from "../core/random.js";

const SECRET_BYTES = 16;

/** The servers' shared secret, 16 bytes, in text 24 characters of base64. Nothing but `toBase64` and `toBytes` shows it. */
export class ServerSecret {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A fresh secret from the system's cryptographic generator. Throws `no-randomness`. */
  static generate(): ServerSecret {
    return new ServerSecret(systemRandom(SECRET_BYTES));
  }

  /** From standard base64 with padding. Throws `wrong-length`, `invalid-encoding`; the text stays out of the message. */
  static fromBase64(text: string): ServerSecret {
    return new ServerSecret(fromBase64(text, "server secret", SECRET_BYTES));
  }

  /** From 16 bytes, which are copied. Throws `wrong-length`. */
  static fromBytes(bytes: Uint8Array): ServerSecret {
    return new ServerSecret(Uint8Array.from(requireBytes(bytes, "server secret", SECRET_BYTES)));
  }

  /** 24 characters of standard base64, with padding. */
  toBase64(): string {
    return toBase64(this.#bytes);
  }

  /** A copy of the 16 bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** @internal The bytes themselves. */
  static bytesOf(secret: ServerSecret): Uint8Array {
    return secret.#bytes;
  }

  /** @internal Whether `x` was made by this class. */
  static is(x: unknown): x is ServerSecret {
    return typeof x === "object" && x !== null && #bytes in x;
  }
}
