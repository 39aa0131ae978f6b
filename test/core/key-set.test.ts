// The set of keys against a Set, and how its memory grows.

import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KeySet } from "../../src/core/key-set.js";
import { systemRandom } from "../../src/core/random.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Records the lengths in bytes of the arrays that are allocated from now on. */
function allocations(): number[] {
  const lengths: number[] = [];
  vi.stubGlobal(
    "Uint32Array",
    class extends Uint32Array<ArrayBuffer> {
      constructor(lengthOrBuffer: number) {
        super(lengthOrBuffer as unknown as ArrayBuffer);
        lengths.push(this.byteLength);
      }
    },
  );
  return lengths;
}

/** Keys of two words, uniform as digests are. The chance that two are equal is 2^−31. */
function different(count: number): number[][] {
  const words = new Uint32Array(systemRandom(8 * count).buffer);
  return Array.from({ length: count }, (_, i) => [words[2 * i] as number, words[2 * i + 1] as number]);
}

describe("a set of keys", () => {
  it("adds several keys, or none of them when one is there", () => {
    const set = new KeySet(2, systemRandom);
    const [old, ...fresh] = different(600) as [number[], ...number[][]];
    expect(set.addAll([old])).toBe(-1);
    expect(set.addAll([...fresh, [0, 0], old])).toBe(600);
    // More at once than any table has room for.
    expect(set.addAll([...fresh, [0, 0]])).toBe(-1);
    expect(set.addAll([[1, 1], [0, 0], old])).toBe(1);
    expect(set.add([1, 1])).toBe(true);
    for (const key of [...fresh, old, [0, 0]]) expect(set.add(key)).toBe(false);
  });

  it("answers as a Set does, for any keys in any order", () => {
    // Few values of each word, so that keys repeat, share words and have zero words.
    const word = fc.oneof(fc.nat(2), fc.constantFrom(0x80000000, 0xffffffff), fc.nat(0xffffffff));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.array(word, { minLength: 4, maxLength: 4 })),
        (words, all) => {
          const [keys, known] = [new KeySet(words, systemRandom), new Set<string>()];
          for (const key of all.map((key) => key.slice(0, words))) {
            expect(keys.add(key)).toBe(!known.has(`${key}`));
            known.add(`${key}`);
          }
        },
      ),
    );
  });

  it("draws its multipliers from the given source, once, and from a piece of a larger buffer as well", () => {
    const draws: number[] = [];
    const keys = new KeySet(2, (length) => {
      draws.push(length);
      return Uint8Array.from({ length: 64 }, (_, i) => i)
        .fill(0, 8, 8 + length)
        .subarray(8, 8 + length);
    });
    expect(draws).toEqual([8]);
    // Multipliers of 1: the hash of a key is the sum of its words, so these keys share a slot, and all must be
    // compared.
    const alike = Array.from({ length: 100 }, (_, i) => [i, 1000 - i]);
    let comparisons = 0;
    for (const key of alike) {
      const counted = new Proxy(key, {
        get: (target, name) => {
          comparisons++;
          return Reflect.get(target, name);
        },
      });
      expect(keys.add(counted)).toBe(true);
    }
    expect(comparisons).toBeGreaterThan((100 * 99) / 2);
    expect(draws).toEqual([8]);
  });

  it.each([1, 2, 3, 4])("knows the zero key of %d words from all others", (words) => {
    const keys = new KeySet(words, systemRandom);
    const unit = (k: number) => Array.from({ length: words }, (_, i) => Number(i === k));
    for (let k = 0; k <= words; k++) expect(keys.add(unit(k))).toBe(true);
    for (let k = 0; k <= words; k++) expect(keys.add(unit(k))).toBe(false);
  });

  it("knows every key after growing, however alike they are", () => {
    const alike = (i: number) => [i & 3, 0xffffffff - (i >>> 2)];
    const keys = new KeySet(2, systemRandom);
    for (let i = 0; i < 50_000; i++) expect(keys.add(alike(i))).toBe(true);
    for (let i = 0; i < 50_000; i++) expect(keys.add(alike(i))).toBe(false);
    expect(keys.add(alike(50_000))).toBe(true);
  });

  it("keeps a key in 1.2 to 1.8 slots, 1.5 on average, at every length", () => {
    const all = different(100_000);
    const lengths = allocations();
    const keys = new KeySet(2, systemRandom);
    const slot = 8;
    // A table of this many bytes replaces one that is two thirds as long.
    const held = () => lengths.reduce((sum, length) => sum + length, 0);
    let [inUse, seen] = [0, 0];
    const ratios: number[] = [];
    let count = 0;
    for (const key of all) {
      keys.add(key);
      count++;
      for (; seen < lengths.length; seen++) {
        const length = lengths[seen] as number;
        // The first ones are the multipliers and the tables of an empty set.
        inUse += seen < 2 + 64 ? length : Math.round(length / 3);
        if (count > 10_000) {
          // Only one table at a time exists twice, and no table is a large part of the whole.
          expect(length).toBeLessThan(0.05 * inUse);
        }
      }
      if (count > 10_000) ratios.push(inUse / (count * slot));
    }
    expect(held()).toBeGreaterThan(inUse);
    expect(Math.min(...ratios)).toBeGreaterThan(1.2);
    expect(Math.max(...ratios)).toBeLessThan(1.8);
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    expect(Math.abs(mean - 1.5)).toBeLessThan(0.1);
  });

  it("takes no memory for a key that is there, however often it comes", () => {
    const keys = new KeySet(2, systemRandom);
    keys.add([7, 8]);
    const lengths = allocations();
    for (let i = 0; i < 100_000; i++) keys.add([7, 8]);
    expect(lengths).toEqual([]);
  });

  it("finds the slot of a key in some ten steps", () => {
    const keys = new KeySet(2, systemRandom);
    const all = different(50_000);
    for (const key of all.slice(0, 49_000)) keys.add(key);
    let reads = 0;
    for (const key of all.slice(49_000)) {
      // Each slot visited is compared with the whole key.
      const counted = new Proxy(key, {
        get(target, name) {
          reads++;
          return Reflect.get(target, name);
        },
      });
      keys.add(counted);
    }
    expect(reads / 1000 / 2).toBeLessThan(40);
  });

  it("changes nothing when the memory for a larger table cannot be allocated", () => {
    const keys = new KeySet(2, systemRandom);
    const [first, ...rest] = different(5_000);
    let failed = 0;
    for (const key of rest) {
      vi.stubGlobal("Uint32Array", () => {
        throw new RangeError("Array buffer allocation failed");
      });
      try {
        expect(keys.add(key)).toBe(true);
      } catch {
        failed++;
        vi.unstubAllGlobals();
        expect(keys.add(key)).toBe(true);
      }
      vi.unstubAllGlobals();
    }
    expect(failed).toBeGreaterThan(64);
    for (const key of rest) expect(keys.add(key)).toBe(false);
    expect(keys.add(first as number[])).toBe(true);
  });
});
