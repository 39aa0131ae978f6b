// Fingerprints: 64 bits of SHA-256 under a key that this process alone has, so that nobody can choose ids or packets
// whose fingerprints are the same.

import { hash, randomBytes } from "node:crypto";
import { KeySet } from "../core/key-set.js";
import { systemRandom } from "../core/random.js";
import type { ReplayRecord } from "../index.js";

/** A fresh key, for the fingerprints of one run. */
export function fingerprintKey(): Uint8Array {
  return Uint8Array.from(randomBytes(16));
}

/** A fingerprint has two words of 32 bits. */
const WORDS = 2;

/** The fingerprint of a text or of bytes. */
export function fingerprint(key: Uint8Array, content: string | Uint8Array): readonly [number, number] {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const digest = hash("sha256", Buffer.concat([key, bytes]), "buffer");
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}

/**
 * Remembers the reports of one run by fingerprints of their replay keys, in 12 bytes for each of a report's two keys.
 * Among the keys of three million reports, two fingerprints are the same by chance in one run of a million; then one
 * report is refused.
 */
export class FingerprintRecord implements ReplayRecord {
  readonly #key = fingerprintKey();
  readonly #seen = new KeySet(WORDS, systemRandom);

  add(key: Uint8Array): boolean {
    return this.#seen.add(fingerprint(this.#key, key));
  }
}
