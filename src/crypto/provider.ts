// The choice of the provider of primitives. Keys, ECIES and key streams use this file and nothing below it.

import { concat, kindOf, toHex } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { findNative } from "./native.js";
import { noble } from "./noble.js";
import type { CryptoProvider } from "./primitives.js";

/** The source of the cryptographic primitives: the platform, or the noble libraries in this package. */
export type CryptoName = CryptoProvider["name"];

/** SHA-256 of "abc" (FIPS 180-2, appendix B.1). */
const SHA256_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/** The blocks of AES-128 under the zero key for the counters 2^128 − 1 and 0 (NIST SP 800-38A section 6.5). */
const CTR_ACROSS_ZERO = "3f5b8cc9ea855a0afa7347d23e8d664e66e94bd4ef8a2c3b884cfa59ca342b2e";
/** AES-128-GCM of 16 zero bytes with key, IV and 16 bytes of associated data all zero. */
const GCM_ZEROS = "0388dace60b6a392f328c2b971b2fe78d24e503a1bb037071c71b35d987b8657";
/** X25519 of the private key 9 and the point 9, the base point (RFC 7748 section 5.2, after one iteration). */
const X25519_NINES = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";

let current: CryptoProvider | undefined;
/** Undefined before the search, null if none passes the check. */
let native: CryptoProvider | null | undefined;

/** The provider in use. */
export function provider(): CryptoProvider {
  current ??= workingNative() ?? noble;
  return current;
}

/**
 * The primitives in use: `"native"`, the platform's own, or `"noble"`, portable TypeScript. Both give the same bytes.
 */
export function cryptoInUse(): CryptoName {
  return provider().name;
}

/**
 * Chooses the primitives for the rest of this process, also for keys made before. `"auto"`, the default, is
 * `"native"` where the platform has synchronous X25519, AES-128-GCM, AES-128-CTR and SHA-256 that compute known
 * answers (Node, Bun, Deno), and `"noble"` elsewhere (browsers). Throws `invalid-argument` for another value, and for
 * `"native"` where there is none.
 */
export function setCrypto(choice: CryptoName | "auto"): void {
  if (choice !== "native" && choice !== "noble" && choice !== "auto") {
    throw new PrioError("invalid-argument", `crypto: expected "native", "noble" or "auto", got ${kindOf(choice)}`);
  }
  if (choice === "native" && workingNative() === null) {
    throw new PrioError("invalid-argument", "crypto: expected a platform with synchronous primitives, found none");
  }
  current = choice === "noble" ? noble : (workingNative() ?? noble);
}

function workingNative(): CryptoProvider | null {
  if (native === undefined) {
    const found = findNative();
    native = found !== null && computesKnownAnswers(found) ? found : null;
  }
  return native;
}

/**
 * Whether a provider computes a known answer with each primitive, refuses a changed byte, and makes keys that fit
 * together. Platforms differ: a FIPS build has no X25519, and an emulation of node:crypto may lack a cipher or get it
 * wrong. This takes about a millisecond.
 */
function computesKnownAnswers(candidate: CryptoProvider): boolean {
  const gives = (bytes: Uint8Array | null, hex: string) => bytes !== null && toHex(bytes) === hex;
  const zeros = new Uint8Array(16);
  const iv = new Uint8Array(12);
  const nine = Uint8Array.of(9, ...new Uint8Array(31));
  try {
    const pair = candidate.keyPair(nine);
    // Fixed, because some platforms have no randomness yet when a program's modules are loaded.
    const fresh = candidate.keyPair(Uint8Array.from({ length: 32 }, (_, i) => i + 1));
    const secret = fresh.agree(pair.publicKey, false);
    const stream = candidate.aes128Ctr(zeros, new Uint8Array(16).fill(0xff));
    const sealed = candidate.aes128GcmSeal(zeros, iv, zeros, zeros);
    const changed = Uint8Array.from(sealed, (byte, i) => (i === 0 ? byte ^ 1 : byte));
    return (
      gives(candidate.sha256(Uint8Array.of(0x61, 0x62, 0x63)), SHA256_ABC) &&
      gives(concat(stream(1), stream(1)), CTR_ACROSS_ZERO) &&
      gives(sealed, GCM_ZEROS) &&
      gives(candidate.aes128GcmOpen(zeros, iv, sealed, zeros), toHex(zeros)) &&
      candidate.aes128GcmOpen(zeros, iv, changed, zeros) === null &&
      gives(pair.publicKey, X25519_NINES) &&
      gives(pair.agree(nine, false), X25519_NINES) &&
      secret !== null &&
      gives(pair.agree(fresh.publicKey, false), toHex(secret)) &&
      gives(candidate.keyPair(fresh.privateKey).publicKey, toHex(fresh.publicKey))
    );
  } catch {
    return false;
  }
}
