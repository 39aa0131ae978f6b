// HPKE key pairs of aggregators and collectors, and the configurations that others encrypt to (DAP-18, section 4.4.1).

import { type Bytes, equalBytes, shown } from "../core/bytes.js";
import { Hidden, MAKER } from "../core/hidden.js";
import { systemRandom } from "../core/random.js";
import { AEAD_ID, KDF_ID, KEM_ID } from "../crypto/hpke.js";
import { isLowOrder, PrivateKey, PublicKey, publicBytesOf, randomPrivateKey } from "../crypto/keys.js";
import { PrioError } from "../errors.js";
import type { HpkeConfig } from "./upload-messages.js";

const privateKeys = /* @__PURE__ */ new Hidden<PrivateKey>("HpkeKeyPair");

/**
 * The key pair of an aggregator or a collector. Only `toBytes` shows the private key; JSON and logs do not.
 *
 * @example
 * ```js
 * import { encodeHpkeConfigList, HpkeKeyPair } from "prio/dap";
 *
 * const keyPair = HpkeKeyPair.generate(1);
 * const again = HpkeKeyPair.fromBytes(1, keyPair.toBytes()); // 32 bytes, a secret of this party
 * console.log(encodeHpkeConfigList([again.config]).length); // 43
 * ```
 */
export class HpkeKeyPair {
  /** The public half, for those who encrypt to it. */
  readonly config: HpkeConfig;

  private constructor(maker: typeof MAKER, id: number, privateKey: PrivateKey) {
    privateKeys.make(this, privateKey, maker);
    if (!Number.isInteger(id) || id < 0 || id > 255) {
      throw new PrioError("out-of-range", `HPKE config id: expected an integer from 0 to 255, got ${shown(id)}`);
    }
    const publicKey = privateKey.publicKey.toBytes();
    this.config = Object.freeze({ id, kemId: KEM_ID, kdfId: KDF_ID, aeadId: AEAD_ID, publicKey });
  }

  /** Makes a key pair from the system's cryptographic generator. `id` is 0 to 255. Throws `no-randomness`. */
  static generate(id: number): HpkeKeyPair {
    return new HpkeKeyPair(MAKER, id, PrivateKey.fromBytes(randomPrivateKey(systemRandom)));
  }

  /** From an id and the 32 bytes of a private key, which are copied. Throws `wrong-length`, `out-of-range`. */
  static fromBytes(id: number, privateKey: Uint8Array): HpkeKeyPair {
    return new HpkeKeyPair(MAKER, id, PrivateKey.fromBytes(privateKey));
  }

  /** The id of its configuration, 0 to 255. */
  get id(): number {
    return this.config.id;
  }

  /** A copy of the private key's 32 bytes. */
  toBytes(): Bytes {
    return privateKeyOf(this).toBytes();
  }
}

/** The private key of a pair. No entry of the package exports this. */
export function privateKeyOf(pair: HpkeKeyPair): PrivateKey {
  return privateKeys.of(pair);
}

/** Whether this library can encrypt to a configuration: it has its algorithms. */
export function isHpkeConfigSupported({ kemId, kdfId, aeadId }: HpkeConfig): boolean {
  return kemId === KEM_ID && kdfId === KDF_ID && aeadId === AEAD_ID;
}

/** The keys of configurations that are used again and again: the same object, so that the platform prepares it once. */
const recipients = /* @__PURE__ */ new WeakMap<HpkeConfig, PublicKey>();

/** A configuration's public key. Throws `invalid-key` for other algorithms and keys of low order, `wrong-length`. */
export function recipientOf(config: HpkeConfig): PublicKey {
  const known = recipients.get(config);
  // The bytes may have changed since.
  if (known !== undefined && equalBytes(publicBytesOf(known), config.publicKey)) return known;
  if (!isHpkeConfigSupported(config)) {
    throw new PrioError(
      "invalid-key",
      "HPKE config: expected DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM, got other algorithms",
    );
  }
  const recipient = PublicKey.fromBytes(config.publicKey);
  if (isLowOrder(recipient)) throw new PrioError("invalid-key", "HPKE config: expected a key of large order");
  recipients.set(config, recipient);
  return recipient;
}
