// The X25519 keys of the two servers (WIRE.md section 6): 32 raw bytes, or 64 hex digits, written in upper case.
// What a key holds is hidden in this file: neither inspection nor JSON shows it, and code that has the classes alone
// cannot reach it.

import { type Bytes, copyOfBytes, equalBytes, fromHex, toHex } from "../core/bytes.js";
import { Hidden, MAKER } from "../core/hidden.js";
import { type RandomSource, systemRandom } from "../core/random.js";
import type { CryptoProvider, X25519KeyPair } from "./primitives.js";
import { provider } from "./provider.js";

const KEY_BYTES = 32;

const publicBytes = /* @__PURE__ */ new Hidden<Uint8Array>("PublicKey");

/** Node's inspect and console call the method of this name. */
const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/**
 * A server's public key, which clients seal their packets to. It is public: it shows itself in JSON and in logs, as
 * hex.
 *
 * @example
 * ```js
 * import { PublicKey } from "prio";
 *
 * const key = PublicKey.fromHex("445c126981113e5684d517826e508f5731a1b35485baccd63daa8120dd11da78");
 * console.log(JSON.stringify({ key })); // {"key":"445C126981113E5684D517826E508F5731A1B35485BACCD63DAA8120DD11DA78"}
 * ```
 */
export class PublicKey {
  private constructor(maker: typeof MAKER, bytes: Uint8Array) {
    publicBytes.make(this, bytes, maker);
  }

  /**
   * From 64 hex digits of either case; white space around them is ignored. Throws `wrong-length`, `invalid-encoding`.
   */
  static fromHex(text: string): PublicKey {
    return new PublicKey(MAKER, fromHex(text, "public key", KEY_BYTES));
  }

  /** From 32 bytes, which are copied. Throws `wrong-length`. */
  static fromBytes(bytes: Uint8Array): PublicKey {
    return new PublicKey(MAKER, copyOfBytes(bytes, "public key", KEY_BYTES));
  }

  /** 64 upper-case hex digits. */
  toHex(): string {
    return toHex(publicBytesOf(this)).toUpperCase();
  }

  /** A copy of the 32 bytes. */
  toBytes(): Bytes {
    return publicBytesOf(this).slice();
  }

  /** For `JSON.stringify`: 64 upper-case hex digits. */
  toJSON(): string {
    return this.toHex();
  }

  /** Whether `other` is a public key with the same bytes. */
  equals(other: PublicKey): boolean {
    return isPublicKey(other) && equalBytes(publicBytesOf(this), publicBytesOf(other));
  }

  /** @internal */
  [INSPECT](): string {
    return isPublicKey(this) ? `PublicKey { ${this.toHex()} }` : "PublicKey {}";
  }
}

/** Whether `x` is a public key. */
export function isPublicKey(x: unknown): x is PublicKey {
  return publicBytes.has(x);
}

/** The bytes themselves: the same array for the life of the key. */
export function publicBytesOf(key: PublicKey): Uint8Array {
  return publicBytes.of(key);
}

/** 2^255 − 19, and the A of Curve25519, v² = u³ + A·u² + u (RFC 7748 section 4.1). */
const P = 2n ** 255n - 19n;
const A = 486662n;

/** The u-coordinate that X25519 takes a key for: it ignores the top bit, and takes the rest modulo p. */
function coordinateOf(key: PublicKey): bigint {
  return (BigInt(`0x${toHex(publicBytesOf(key).slice().reverse())}`) % 2n ** 255n) % P;
}

/** Whether two keys are one for X25519, although their bytes may differ. */
export function isSamePoint(a: PublicKey, b: PublicKey): boolean {
  return coordinateOf(a) === coordinateOf(b);
}

/**
 * Whether a key is of low order, so that whoever knows that can compute every secret agreed with it. 0 has order 2,
 * and 1 and −1 have order 4. The points of order 8 double to 1: (u² − 1)² = 4u·(u² + A·u + 1). None doubles to −1,
 * which is on the twist.
 */
export function isLowOrder(key: PublicKey): boolean {
  const u = coordinateOf(key);
  const s = u * u - 1n;
  return (u * s * (s * s - 4n * u * (s + A * u + 2n))) % P === 0n;
}

/** What a private key holds: its pair, and the provider that made the pair. */
interface Held {
  readonly maker: CryptoProvider;
  readonly pair: X25519KeyPair;
}

const held = /* @__PURE__ */ new Hidden<Held>("PrivateKey");

/**
 * A server's private key. It stays on the server's machine. Only `toHex` and `toBytes` show it; JSON and logs do not.
 *
 * @example
 * ```js
 * import { generateKeyPair, PrivateKey } from "prio";
 *
 * const { privateKey, publicKey } = generateKeyPair();
 * const again = PrivateKey.fromHex(privateKey.toHex());
 * console.log(again.publicKey.equals(publicKey), JSON.stringify({ again })); // true {"again":{}}
 * ```
 */
export class PrivateKey {
  #publicKey: PublicKey | undefined;

  private constructor(maker: typeof MAKER, pair: Held) {
    held.make(this, pair, maker);
  }

  /**
   * From 64 hex digits of either case; white space around them is ignored. Throws `wrong-length`, `invalid-encoding`,
   * without the text in the message.
   */
  static fromHex(text: string): PrivateKey {
    return new PrivateKey(MAKER, pairBy(provider(), fromHex(text, "private key", KEY_BYTES)));
  }

  /** From 32 bytes, which are copied. Throws `wrong-length`. */
  static fromBytes(bytes: Uint8Array): PrivateKey {
    return new PrivateKey(MAKER, pairBy(provider(), copyOfBytes(bytes, "private key", KEY_BYTES)));
  }

  /** 64 upper-case hex digits. */
  toHex(): string {
    return toHex(pairOf(this).privateKey).toUpperCase();
  }

  /** A copy of the 32 bytes as given, not clamped: X25519 clamps them when it computes. */
  toBytes(): Bytes {
    return pairOf(this).privateKey.slice();
  }

  /** The public key that belongs to it. */
  get publicKey(): PublicKey {
    this.#publicKey ??= PublicKey.fromBytes(pairOf(this).publicKey);
    return this.#publicKey;
  }
}

/** Whether `x` is a private key. */
export function isPrivateKey(x: unknown): x is PrivateKey {
  return held.has(x);
}

/** The pair of the provider in use. A pair that another provider made is made again from its bytes. */
export function pairOf(key: PrivateKey): X25519KeyPair {
  const current = provider();
  let { maker, pair } = held.of(key);
  if (maker !== current) {
    const again = pairBy(current, pair.privateKey);
    held.set(key, again);
    ({ maker, pair } = again);
  }
  return pair;
}

function pairBy(maker: CryptoProvider, bytes: Uint8Array): Held {
  return { maker, pair: maker.keyPair(bytes) };
}

/**
 * 32 fresh bytes of a private key. The platform's generateKeyPairSync is no choice: in Node 20, exporting the public
 * half of a pair holds a lock that the garbage collector also takes when it collects the generator of the pair, and
 * then the process hangs.
 */
export function randomPrivateKey(random: RandomSource): Uint8Array {
  return random(KEY_BYTES);
}

/**
 * Makes a key pair for a server, from the system's cryptographic generator. Each server does this once, keeps the
 * private key, and gives the public key to the clients and to the other server. Throws `no-randomness`.
 *
 * @example
 * ```js
 * import { generateKeyPair } from "prio";
 *
 * const { publicKey, privateKey } = generateKeyPair();
 * console.log(publicKey.toHex().length, privateKey.publicKey.equals(publicKey)); // 64 true
 * ```
 */
export function generateKeyPair(): {
  /** For the clients and the other server. */
  publicKey: PublicKey;
  /** For this server alone. */
  privateKey: PrivateKey;
} {
  const privateKey = PrivateKey.fromBytes(randomPrivateKey(systemRandom));
  return { publicKey: privateKey.publicKey, privateKey };
}
