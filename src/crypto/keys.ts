// The X25519 keys of the two servers (WIRE.md section 6): 32 raw bytes, or 64 hex digits, written in upper case.
// Private bytes are in #private fields, which neither inspection nor JSON shows.

import { equalBytes, fromHex, requireBytes, toHex } from "../core/bytes.js";
import { type RandomSource, systemRandom } from "../core/random.js";
import type { CryptoProvider, X25519KeyPair } from "./primitives.js";
import { provider } from "./provider.js";

const KEY_BYTES = 32;

/** A server's public key, which clients seal their packets to. */
export class PublicKey {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** From 64 hex digits of either case. Throws `wrong-length`, `invalid-encoding`. */
  static fromHex(text: string): PublicKey {
    return new PublicKey(fromHex(text, "public key", KEY_BYTES));
  }

  /** From 32 bytes, which are copied. Throws `wrong-length`. */
  static fromBytes(bytes: Uint8Array): PublicKey {
    return new PublicKey(Uint8Array.from(requireBytes(bytes, "public key", KEY_BYTES)));
  }

  /** 64 upper-case hex digits. */
  toHex(): string {
    return toHex(this.#bytes).toUpperCase();
  }

  /** A copy of the 32 bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** Whether `other` is a public key with the same bytes. */
  equals(other: PublicKey): boolean {
    return PublicKey.is(other) && equalBytes(this.#bytes, other.#bytes);
  }

  /** @internal The bytes themselves: the same array for the life of the key. */
  static bytesOf(key: PublicKey): Uint8Array {
    return key.#bytes;
  }

  /** @internal Whether this class made `x`. Unlike `instanceof`, a prototype cannot forge this. */
  static is(x: unknown): x is PublicKey {
    return typeof x === "object" && x !== null && #bytes in x;
  }
}

/** A server's private key. Only `toHex` and `toBytes` show it. */
export class PrivateKey {
  #pair: X25519KeyPair;
  /** The provider that made the pair. */
  #provider: CryptoProvider;
  #publicKey: PublicKey | undefined;

  private constructor(maker: CryptoProvider, pair: X25519KeyPair) {
    this.#provider = maker;
    this.#pair = pair;
  }

  /** From 64 hex digits of either case. Throws `wrong-length`, `invalid-encoding`, without the text in the message. */
  static fromHex(text: string): PrivateKey {
    return PrivateKey.#of(fromHex(text, "private key", KEY_BYTES));
  }

  /** From 32 bytes, which are copied. Throws `wrong-length`. */
  static fromBytes(bytes: Uint8Array): PrivateKey {
    return PrivateKey.#of(Uint8Array.from(requireBytes(bytes, "private key", KEY_BYTES)));
  }

  /** @internal A fresh key. */
  static generate(random: RandomSource): PrivateKey {
    // The platform's generateKeyPairSync is no choice: in Node 20, exporting the public half of a pair holds a lock
    // that the garbage collector also takes when it collects the generator of the pair, and then the process hangs.
    return PrivateKey.#of(random(KEY_BYTES));
  }

  static #of(bytes: Uint8Array): PrivateKey {
    const maker = provider();
    return new PrivateKey(maker, maker.keyPair(bytes));
  }

  /** 64 upper-case hex digits. */
  toHex(): string {
    return toHex(this.#pair.privateKey).toUpperCase();
  }

  /** A copy of the 32 bytes as given, not clamped: X25519 clamps them when it computes. */
  toBytes(): Uint8Array {
    return this.#pair.privateKey.slice();
  }

  /** The public key that belongs to it. */
  get publicKey(): PublicKey {
    this.#publicKey ??= PublicKey.fromBytes(this.#pair.publicKey);
    return this.#publicKey;
  }

  /** @internal The pair of the provider in use. A pair that another provider made is made again from its bytes. */
  static pairOf(key: PrivateKey): X25519KeyPair {
    const current = provider();
    if (key.#provider !== current) {
      key.#pair = current.keyPair(key.#pair.privateKey);
      key.#provider = current;
    }
    return key.#pair;
  }

  /** @internal Whether this class made `x`. */
  static is(x: unknown): x is PrivateKey {
    return typeof x === "object" && x !== null && #pair in x;
  }
}

/** Makes a key pair for a server, from the system's cryptographic generator. Throws `no-randomness`. */
export function generateKeyPair(): {
  /** For the clients and the other server. */
  publicKey: PublicKey;
  /** For this server alone. */
  privateKey: PrivateKey;
} {
  const privateKey = PrivateKey.generate(systemRandom);
  return { publicKey: privateKey.publicKey, privateKey };
}
