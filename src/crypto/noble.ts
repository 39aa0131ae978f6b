// The portable provider: the noble libraries, in pure TypeScript, on every platform.

import { ctr, gcm } from "@noble/ciphers/aes.js";
import { pow } from "@noble/curves/abstract/modular.js";
import { montgomery } from "@noble/curves/abstract/montgomery.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat } from "../core/bytes.js";
import type { CryptoProvider, X25519KeyPair } from "./primitives.js";
import { Multiples, p } from "./x25519-table.js";

const BLOCK_BYTES = 16;

/** The ladder alone: what noble has for the base point besides, a table, x25519-table.ts has for any point. */
const x25519 = /* @__PURE__ */ montgomery({
  P: p,
  type: "x25519",
  adjustScalarBytes(scalar: Uint8Array) {
    scalar[0] = (scalar[0] as number) & 0xf8;
    scalar[31] = ((scalar[31] as number) & 0x7f) | 0x40;
    return scalar;
  },
  powPminus2: (x) => pow(x, p - 2n, p),
});

/** The base point of X25519 (RFC 7748 section 4.1), as a public key. */
const BASE_POINT = /* @__PURE__ */ Uint8Array.of(9, ...new Uint8Array(31));

/**
 * The number of ladder agreements after which a lasting public key gets the table of its multiples. The table takes
 * as long to make as ten of them, so that, whenever the agreements end, they have taken at most twice the least
 * possible time.
 */
const LADDERS = 10;

/**
 * For each lasting public key, the number of its ladder agreements and then its multiples: null if it can have none.
 */
const peers = new WeakMap<Uint8Array, { ladders: number; multiples?: Multiples | null }>();

function multiplesOf(publicKey: Uint8Array): Multiples | null {
  let peer = peers.get(publicKey);
  if (peer === undefined) peers.set(publicKey, (peer = { ladders: 0 }));
  if (peer.multiples === undefined && peer.ladders++ >= LADDERS) peer.multiples = Multiples.of(publicKey);
  return peer.multiples ?? null;
}

class NobleKeyPair implements X25519KeyPair {
  readonly privateKey: Uint8Array;
  #publicKey: Uint8Array | undefined;

  constructor(privateKey: Uint8Array) {
    this.privateKey = privateKey;
  }

  get publicKey(): Uint8Array {
    // The base point is of large order.
    this.#publicKey ??= this.agree(BASE_POINT, true) as Uint8Array;
    return this.#publicKey;
  }

  agree(peerPublicKey: Uint8Array, lasting: boolean): Uint8Array | null {
    const multiples = lasting ? multiplesOf(peerPublicKey) : null;
    if (multiples !== null) return multiples.times(this.privateKey);
    try {
      return x25519.getSharedSecret(this.privateKey, peerPublicKey);
    } catch {
      // Lengths were checked when the keys were made, so this is a low-order peer, which noble refuses.
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
  aes128GcmSeal(key, iv, plaintext, associatedData, header) {
    const sealed = gcm(key, iv, associatedData).encrypt(plaintext);
    return header === undefined ? sealed : concat(header, sealed);
  },
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
