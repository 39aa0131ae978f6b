// The secret that the two servers share. It keys the generator of query points and must stay secret from every
// client: a client that knew the query point of its report before sending it could make a false proof hold.

import { type Bytes, copyOfBytes, fromBase64, toBase64 } from "../core/bytes.js";
import { Hidden, MAKER } from "../core/hidden.js";
import { systemRandom } from "../core/random.js";

const SECRET_BYTES = 16;

/** The bytes of each secret. */
const secrets = /* @__PURE__ */ new Hidden<Uint8Array>("ServerSecret");

/**
 * The servers' shared secret: 16 bytes, or 24 characters of base64. One operator generates it and gives it to the other
 * in private. No client may know it: it decides where proofs are checked. Only `toBase64` and `toBytes` show it.
 *
 * @example
 * ```js
 * import { ServerSecret } from "prio";
 *
 * const text = ServerSecret.generate().toBase64();
 * const secret = ServerSecret.fromBase64(text);
 * console.log(secret.toBytes().length, secret.toBase64() === text); // 16 true
 * ```
 */
export class ServerSecret {
  private constructor(maker: typeof MAKER, bytes: Uint8Array) {
    secrets.make(this, bytes, maker);
  }

  /** Makes a secret, from the system's cryptographic generator. Throws `no-randomness`. */
  static generate(): ServerSecret {
    return new ServerSecret(MAKER, systemRandom(SECRET_BYTES));
  }

  /**
   * From standard base64 with padding; white space around it is ignored. Throws `wrong-length`, `invalid-encoding`,
   * without the text in the message.
   */
  static fromBase64(text: string): ServerSecret {
    return new ServerSecret(MAKER, fromBase64(text, "server secret", SECRET_BYTES));
  }

  /** From 16 bytes, which are copied. Throws `wrong-length`. */
  static fromBytes(bytes: Uint8Array): ServerSecret {
    return new ServerSecret(MAKER, copyOfBytes(bytes, "server secret", SECRET_BYTES));
  }

  /** 24 characters of standard base64, with padding. */
  toBase64(): string {
    return toBase64(secretBytesOf(this));
  }

  /** A copy of the 16 bytes. */
  toBytes(): Bytes {
    return secretBytesOf(this).slice();
  }
}

/** The bytes themselves: the same array for the life of the secret. */
export function secretBytesOf(secret: ServerSecret): Uint8Array {
  return secrets.of(secret);
}

/** Whether `x` is a secret. */
export function isServerSecret(x: unknown): x is ServerSecret {
  return secrets.has(x);
}
