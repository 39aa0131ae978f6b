// What a run has seen and where a file's rows are, in memory that grows by bytes and not by objects: fingerprints of ids and
// packets, and an index from ids to offsets. A fingerprint is 64 bits of SHA-256 under a key that this process alone has, so
// that nobody can choose ids or packets that meet; two of three million meet by chance once in four million runs, and then
// one report is refused.

import { hash, randomBytes } from "node:crypto";

/** A fresh key for the fingerprints of a run. */
export function fingerprintKey(): Uint8Array {
  return Uint8Array.from(randomBytes(16));
}

/** 32-bit words of a fingerprint. */
export const FINGERPRINT_WORDS = 2;

/** 64 bits as two words. */
export function fingerprint(key: Uint8Array, content: string | Uint8Array): readonly [number, number] {
  const digest = hash(
    "sha256",
    Buffer.concat([key, typeof content === "string" ? Buffer.from(content) : content]),
    "buffer",
  );
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
