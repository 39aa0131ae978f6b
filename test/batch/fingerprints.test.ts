// What a run remembers of the reports in a file.

import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { FingerprintRecord, fingerprint, fingerprintKey } from "../../src/batch/fingerprints.js";

it("a record knows every key that it was given, and no other", () => {
  const record = new FingerprintRecord();
  const keys = Array.from({ length: 5000 }, () => Uint8Array.from(randomBytes(32)));
  for (const key of keys) expect(record.add(key)).toBe(true);
  for (const key of keys) expect(record.add(key)).toBe(false);
  // A key that differs in its last bit alone is another one.
  const neighbour = Uint8Array.from(keys[0] as Uint8Array, (byte, i) => (i === 31 ? byte ^ 1 : byte));
  expect(record.add(neighbour)).toBe(true);
});

it("fingerprints depend on the key of the process, so that nobody can choose two that are the same", () => {
  const [key, other] = [fingerprintKey(), fingerprintKey()];
  expect(fingerprint(key, "é")).toEqual(fingerprint(key, Buffer.from("é")));
  expect(fingerprint(key, "é")).not.toEqual(fingerprint(other, "é"));
  for (const word of fingerprint(key, "x")) expect(word).toBe(word >>> 0);
});
