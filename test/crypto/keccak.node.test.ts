// The unrolled permutation: what the script writes, and the permutation of another library.

import { readFileSync } from "node:fs";
import { keccakP } from "@noble/hashes/sha3.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keccakSource } from "../../scripts/keccak.mjs";
import { permute, STATE_WORDS } from "../../src/crypto/keccak.js";

test("the file is what the script writes", () => {
  const text = readFileSync(new URL("../../src/crypto/keccak.ts", import.meta.url), "utf8");
  expect(text, "run `node scripts/keccak.mjs`").toBe(keccakSource());
});

test("it permutes any state as noble does", () => {
  const words = fc.uint32Array({ minLength: STATE_WORDS, maxLength: STATE_WORDS });
  fc.assert(
    fc.property(words, (state) => {
      const own = Int32Array.from(state);
      permute(own, new Int32Array(STATE_WORDS).fill(-1));
      keccakP(state, 12);
      expect(own).toEqual(Int32Array.from(state));
    }),
    { numRuns: 100 },
  );
});
