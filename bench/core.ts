// The arithmetic of one report, without cryptography and messages: what encoding and checking do with vectors, step by
// step, at three sizes. Bundle it and run it on any engine:
//   npx esbuild bench/core.ts --bundle --format=esm --outfile=core.bench.mjs && node core.bench.mjs

import { lagrangeCoefficients } from "../src/core/lagrange.js";
import { Ntt } from "../src/core/ntt.js";
import { type Packed87Vector, packed87Space } from "../src/core/packed87.js";

const space = packed87Space();
const ntt = new Ntt(space);

/** The median of `runs` timings, in milliseconds. */
function median(runs: number, run: () => void): number {
  for (let k = 0; k < Math.ceil(runs / 4); k++) run();
  const times: number[] = [];
  for (let k = 0; k < runs; k++) {
    const start = performance.now();
    run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[runs >> 1] as number;
}

/** About as many bytes as `count` draws of an element take. One key stream is as good as another here. */
function keyStream(count: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(12 * count * 2.2) + 2400);
  let state = 1;
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Draws elements as in WIRE.md section 4: by candidates of 12 bytes, the last of which replaces the first. */
function sample(v: Packed87Vector, stream: Uint8Array): void {
  for (let i = 0, at = 0; i < v.length; at += 12) {
    stream[at] = stream[at + 11] as number;
    if (v.readBE(i, stream, at, at + 11)) i++;
  }
}

function writeAll(v: Packed87Vector, bytes: Uint8Array): number {
  let at = 0;
  for (let i = 0; i < v.length; i++) at += v.writeBE(i, bytes, at);
  return at;
}

for (const fields of [1_000, 10_000, 100_000]) {
  const length = 2 ** Math.ceil(Math.log2(fields + 1));
  const stream = keyStream(fields + length);
  const [data, h] = [space.zeros(fields), space.zeros(length)];
  const values = space.zeros(length);
  sample(values, keyStream(length));
  const out = new Uint8Array(11 * length);
  const total = space.zeros(fields);
  const point = 0x123456789abcdef0123456n;
  const coefficients = lagrangeCoefficients(ntt, length, point);
  const later = stream.subarray(12 * 2 * fields);
  const prove = (): void => {
    const f = ntt.oddRootValues(values.unreduced());
    const g = f.sub(values).add(values.scale(point));
    h.sub(f.mul(g));
  };
  const steps: [string, () => void][] = [
    ["oddRootValues", () => void ntt.oddRootValues(values.unreduced())],
    ["oddRootValues, g, h, h's shares", prove],
    ["sample n + N elements", () => [data, h].forEach((v, k) => void sample(v, k === 0 ? stream : later))],
    ["subtract n", () => void data.sub(values)],
    ["write n + N elements", () => [data, h].forEach((v) => void writeAll(v, out))],
    [
      "Lagrange coefficients, twice",
      () => [point, point + 1n].forEach((x) => void lagrangeCoefficients(ntt, length, x)),
    ],
    ["two inner products, one sum", () => [values.dot(coefficients), h.dot(coefficients), coefficients.sum()]],
    ["accumulate n", () => void total.accumulate(data)],
    ["multiply N", () => void values.mul(coefficients)],
  ];
  const runs = fields > 50_000 ? 25 : fields > 5_000 ? 100 : 500;
  const times = steps.map(([name, run]) => [name, median(runs, run)] as const);
  for (const [name, ms] of times) {
    console.log(`${String(fields).padStart(7)}  ${name.padEnd(32)} ${ms.toFixed(3).padStart(8)} ms`);
  }
  const sum = (...parts: number[]): string => parts.reduce((s, i) => s + (times[i]?.[1] as number), 0).toFixed(3);
  console.log(`${String(fields).padStart(7)}  encode ${sum(1, 2, 3, 4)} ms, check ${sum(2, 5, 6)} ms\n`);
}
