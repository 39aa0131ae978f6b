// The choice of the provider of primitives. Keys, ECIES and key streams use this file and nothing below it.

import { concat, shown, toHex } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { findNative } from "./native.js";
import { noble } from "./noble.js";
import type { CryptoProvider } from "./primitives.js";

/** The source of the cryptographic primitives: the platform, or the noble libraries in this package. */
export type CryptoName = CryptoProvider["name"];

/**
 * SHA-256 of the answers of the primitives, one after the other: a provider that computes it has computed all of them.
 * They are
 *
 * - the blocks of AES-128 under the zero key for the counters 2^128 − 1 and 0 (NIST SP 800-38A section 6.5),
 * - AES-128-GCM of 16 zero bytes with key, IV and 16 bytes of associated data all zero,
 * - X25519 of the private key 9 and the point 9, the base point (RFC 7748 section 5.2, after one iteration), twice: the
 *   public key of 9, and its agreement with the base point.
 *
 * test/crypto/provider.test.ts has them.
 */
export const ANSWERS: string = "6a40a2e67f2c5e27f0d9f1a26cc7cc8c53c80f435fe6308835d98554516ea688";

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
 *
 * @example
 * ```js
 * import { cryptoInUse, setCrypto } from "prio";
 *
 * setCrypto("noble");
 * console.log(cryptoInUse()); // noble
 * ```
 */
export function setCrypto(choice: CryptoName | "auto"): void {
  if (choice !== "native" && choice !== "noble" && choice !== "auto") {
    throw new PrioError("invalid-argument", `crypto: expected "native", "noble" or "auto", got ${shown(choice)}`);
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
    const isHex = (bytes: Uint8Array | null, hex: string) => bytes !== null && toHex(bytes) === hex;
    const agreed = pair.agree(nine, false);
    return (
      agreed !== null &&
      isHex(candidate.sha256(concat(stream(1), stream(1), sealed, pair.publicKey, agreed)), ANSWERS) &&
      isHex(candidate.aes128GcmOpen(zeros, iv, sealed, zeros), toHex(zeros)) &&
      candidate.aes128GcmOpen(zeros, iv, changed, zeros) === null &&
      secret !== null &&
      isHex(pair.agree(fresh.publicKey, false), toHex(secret)) &&
      isHex(candidate.keyPair(fresh.privateKey).publicKey, toHex(fresh.publicKey))
    );
  } catch {
    return false;
  }
}
