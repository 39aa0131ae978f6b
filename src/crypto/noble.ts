// The portable provider: the noble libraries, in pure TypeScript, on every platform.

import { ctr, gcm } from "@noble/ciphers/aes.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { CryptoProvider, X25519KeyPair } from "./primitives.js";

const BLOCK_BYTES = 16;

class NobleKeyPair implements X25519KeyPair {
  readonly privateKey: Uint8Array;
  #publicKey: Uint8Array | undefined;

  constructor(privateKey: Uint8Array) {
    this.privateKey = privateKey;
  }

  get publicKey(): Uint8Array {
    this.#publicKey ??= x25519.getPublicKey(this.privateKey);
    return this.#publicKey;
  }

  agree(peerPublicKey: Uint8Array): Uint8Array | null {
    try {
      return x25519.getSharedSecret(this.privateKey, peerPublicKey);
    } catch {
      // Lengths were checked when the keys were made, so this is the low-order peer, which noble refuses.
      return null;
    }
  }
}

export const noble: CryptoProvider = {
  name: "noble",
  keyPair: (privateKey) => new NobleKeyPair(privateKey),
  sha256: (bytes) => sha256(bytes),
  aes128Ctr(key, counter) {
    const next = counter.slice();
    return (blocks) => {
      const stream = ctr(key, next.slice()).encrypt(new Uint8Array(blocks * BLOCK_BYTES));
      advance(next, blocks);
      return stream;
    };
  },
  aes128GcmSeal: (key, iv, plaintext, associatedData) => gcm(key, iv, associatedData).encrypt(plaintext),
  aes128GcmOpen(key, iv, sealed, associatedData) {
    try {
      return gcm(key, iv, associatedData).decrypt(sealed);
    } catch {
      return null;
    }
  },
};

/** Adds `blocks` < 2^45 to a big-endian counter block, modulo 2^128. */
function advance(counter: Uint8Array, blocks: number): void {
  for (let i = BLOCK_BYTES - 1, carry = blocks; carry > 0 && i >= 0; i--) {
    const sum = (counter[i] as number) + carry;
    counter[i] = sum % 256;
    carry = Math.floor(sum / 256);
  }
}
