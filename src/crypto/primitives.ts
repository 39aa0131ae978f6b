// The cryptographic primitives of the protocol, as one synchronous interface. All providers give the same bytes for
// the same input.

import type { Bytes } from "../core/bytes.js";

/** An X25519 key pair (RFC 7748), prepared once for many agreements. */
export interface X25519KeyPair {
  /** 32 raw bytes, not clamped. */
  readonly privateKey: Uint8Array;
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array;
  /**
   * The 32-byte shared secret with a 32-byte public key, or null if that key is of low order (the secret is all
   * zero). `lasting` says that the same array will come again with the same bytes, so that a provider may keep what
   * it makes of it.
   */
  agree(peerPublicKey: Uint8Array, lasting: boolean): Uint8Array | null;
}

export interface CryptoProvider {
  readonly name: "noble" | "native";
  /** The pair of a 32-byte private key. */
  keyPair(privateKey: Uint8Array): X25519KeyPair;
  sha256(bytes: Uint8Array): Uint8Array;
  /**
   * AES-128 in counter mode over zeros, from a 16-byte big-endian counter block (NIST SP 800-38A). Each call of the
   * returned function gives the next `blocks` · 16 bytes.
   */
  aes128Ctr(key: Uint8Array, counter: Uint8Array): (blocks: number) => Uint8Array;
  /** AES-128-GCM with a 12-byte IV (NIST SP 800-38D): `header` (none by default) ‖ ciphertext ‖ 16-byte tag. */
  aes128GcmSeal(
    key: Uint8Array,
    iv: Uint8Array,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
    header?: Uint8Array,
  ): Bytes;
  /** The plaintext of at least 16 bytes of ciphertext ‖ tag, or null if the tag does not match. */
  aes128GcmOpen(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array, associatedData: Uint8Array): Uint8Array | null;
}
