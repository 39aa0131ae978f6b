// Noise on an aggregate: what an operator may ask for, and that the same total always gets the same draws, and another
// one others.

import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isNoiseNote, noiseForShare, parseNoise } from "../../src/batch/noise.js";
import { codeOf, errorOf } from "../support/deployment.js";

const sensitivity = { l1: 6n, l2Squared: 18n };

describe("what an operator may ask for", () => {
  it.each([
    ["laplace:epsilon=1", "laplace:scale=6", "laplace:epsilon=1,scale=6"],
    ["laplace:epsilon=0.5", "laplace:scale=12", "laplace:epsilon=1/2,scale=12"],
    ["laplace:epsilon=9/2", "laplace:scale=4/3", "laplace:epsilon=9/2,scale=4/3"],
    ["laplace:scale=2.50", "laplace:scale=5/2", "laplace:scale=5/2"],
    ["gaussian:rho=1/8", "gaussian:variance=72", "gaussian:rho=1/8,variance=72"],
    ["gaussian:variance=6.25", "gaussian:variance=25/4", "gaussian:variance=25/4"],
    ["laplace:scale=288230376151711744", "laplace:scale=288230376151711744", "laplace:scale=288230376151711744"],
  ])("%s", (text, distribution, note) => {
    expect(parseNoise(text, sensitivity)).toMatchObject({ distribution, note });
    expect(isNoiseNote(note)).toBe(true);
  });

  it.each([
    [
      "",
      "invalid-argument",
      'expected laplace:epsilon=…, laplace:scale=…, gaussian:rho=… or gaussian:variance=…, got ""',
    ],
    ["laplace", "invalid-argument", 'got "laplace"'],
    ["laplace:rho=1", "invalid-argument", 'got "laplace:rho=1"'],
    ["gaussian:epsilon=1", "invalid-argument", "gaussian:rho=…"],
    ["gauss:rho=1", "invalid-argument", 'got "gauss:rho=1"'],
    ["toString:scale=1", "invalid-argument", "expected laplace"],
    ["laplace:epsilon=1,scale=6", "invalid-argument", "epsilon: expected an integer, or a text such as"],
    ["laplace:epsilon=-1", "invalid-argument", 'epsilon: expected an integer, or a text such as "0.25" or "1/3"'],
    ["laplace:epsilon=1e-3", "invalid-argument", 'got "1e-3"'],
    ["laplace:epsilon=", "invalid-argument", 'got ""'],
    ["laplace:epsilon=1/0", "invalid-argument", 'got "1/0"'],
    ["laplace:epsilon=0", "out-of-range", "epsilon: expected a number above 0"],
    ["laplace:scale=0.0", "out-of-range", "scale: expected a number above 0"],
    ["gaussian:rho=0/5", "out-of-range", "rho: expected a number above 0"],
    ["laplace:scale=288230376151711745", "out-of-range", "scale: expected a scale of at most 2^58"],
    ["laplace:epsilon=0.0000000000000000000001", "out-of-range", "epsilon: expected a scale of at most 2^58"],
    ["gaussian:variance=9999999999999999999999999999999999999", "out-of-range", "variance of at most 2^120"],
  ])("%s is refused by name", (text, code, words) => {
    expect(errorOf(() => parseNoise(text, sensitivity))).toMatchObject({
      code,
      message: expect.stringContaining(words),
    });
  });

  it("a note in a file from elsewhere is of that form, and short", () => {
    for (const text of ["laplace:scale=1", "gaussian:rho=1/8,variance=72", "geometric:scale=3"]) {
      expect(isNoiseNote(text)).toBe(true);
    }
    for (const text of [
      "",
      "laplace",
      "laplace:scale",
      "laplace:scale=-1",
      "a:b=1\n",
      "\u001b[31m:b=1",
      `a:b=${"1".repeat(500)}`,
    ]) {
      expect(isNoiseNote(text)).toBe(false);
    }
  });
});

describe("a draw", () => {
  const drawnFor = {
    privateKey: new Uint8Array(32).fill(1),
    batchId: "visits",
    share: Uint8Array.of(0, 0x91, 0xa1, 7),
  };
  const draws = (noise: string, of = drawnFor, count = 50) => {
    const { sample } = noiseForShare(parseNoise(noise, sensitivity), of);
    return Array.from({ length: count }, () => sample());
  };

  it("is the same for the same total, however the noise is written", () => {
    for (const same of ["laplace:epsilon=0.02", "laplace:epsilon=1/50", "laplace:scale=300", "laplace:scale=300.0"]) {
      expect(draws(same)).toEqual(draws("laplace:epsilon=1/50"));
    }
  });

  it("is another for anything else that it depends on", () => {
    const changed = [
      draws("laplace:scale=300"),
      draws("laplace:scale=301"),
      draws("gaussian:variance=300"),
      ...[
        { ...drawnFor, privateKey: new Uint8Array(32).fill(2) },
        { ...drawnFor, batchId: "visit" },
        { ...drawnFor, batchId: "visits2" },
        { ...drawnFor, share: Uint8Array.of(0, 0x91, 0xa1, 8) },
        { ...drawnFor, share: Uint8Array.of(1, 0x91, 0xa1, 7) },
        // Where one part ends and the next begins matters.
        { ...drawnFor, batchId: "visits\0", share: drawnFor.share.slice(1) },
      ].map((of) => draws("laplace:scale=300", of)),
    ];
    expect(new Set(changed.map(String)).size).toBe(changed.length);
    // Two scales do not share their coins: the draws do not even go the same way.
    const [narrow, wide] = changed as [bigint[], bigint[]];
    expect(narrow.filter((x, i) => x < 0n === (wide[i] as bigint) < 0n).length).toBeLessThan(40);
  });

  it("is of the distribution, over many totals", () => {
    // One draw of each of 4,000 totals, in classes of the geometric tail: |x| from 0, 1, 2, 3, 4 and 5 on.
    const counts = new Array<number>(6).fill(0);
    const COUNT = 4000;
    for (let i = 0; i < COUNT; i++) {
      const share = createHash("sha256").update(`total ${i}`).digest();
      const [x = 0n] = draws("laplace:scale=2", { ...drawnFor, share }, 1);
      const size = Math.min(5, Math.abs(Number(x)));
      counts[size] = (counts[size] as number) + 1;
    }
    const q = Math.exp(-1 / 2);
    const chances = [0, 1, 2, 3, 4].map((x) => ((1 - q) / (1 + q)) * (x === 0 ? 1 : 2) * q ** x);
    chances.push(1 - chances.reduce((sum, p) => sum + p, 0));
    const chiSquare = chances.reduce((sum, p, i) => sum + ((counts[i] as number) - COUNT * p) ** 2 / (COUNT * p), 0);
    // Of five degrees of freedom: above in one of 10^6 runs; but the totals are always the same.
    expect(chiSquare).toBeLessThan(36);
  });

  it("takes any length of share, and any number of draws", () => {
    const share = randomBytes(100_000);
    expect(draws("gaussian:variance=1", { ...drawnFor, share }, 20_000)).toHaveLength(20_000);
    expect(codeOf(() => parseNoise("laplace:epsilon=1", { l1: 0n, l2Squared: 0n }))).toBe("out-of-range");
  });
});
