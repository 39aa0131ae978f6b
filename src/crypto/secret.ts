// The secret that the two servers share. It keys the generator of query points and must stay secret from every
// client: a client that knew the query point of its report before sending it could make a false proof hold.

import { fromBase64, requireBytes, toBase64 } from "../core/bytes.js";
import { systemRandom } from "../core/random.js";

const SECRET_BYTES = 16;

/** The servers' shared secret: 16 bytes, or 24 characters of base64. Only `toBase64` and `toBytes` show it. */
export class ServerSecret {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Makes a secret, from the system's cryptographic generator. Throws `no-randomness`. */
  static generate(): ServerSecret {
    return new ServerSecret(systemRandom(SECRET_BYTES));
  }

  /** From standard base64 with padding. Throws `wrong-length`, `invalid-encoding`, without the text in the message. */
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

  /** @internal Whether this class made `x`. */
  static is(x: unknown): x is ServerSecret {
    return typeof x === "object" && x !== null && #bytes in x;
  }
}
