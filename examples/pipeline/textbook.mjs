// Prio's steps as the paper has them, without the library: a client that splits and proves, and a server's three sums.
// This client accepts any values, so it can cheat; the library's client would refuse a 2.

import { randomBytes } from "node:crypto";
import { generator, readMessage, sha256, writeMessage } from "./bytes.mjs";
import { evaluate, mod, p, root } from "./field.mjs";

/**
 * @typedef {{ a: bigint, b: bigint, c: bigint, f0: bigint, g0: bigint, h0: bigint, data: bigint[], h: bigint[] }} Share
 * a server's share of a report, or the values themselves
 */

/** N, the smallest power of two that is at least n + 1. @param {number} n */
export const proofSize = (n) => 2 ** Math.ceil(Math.log2(n + 1));

/** The values of f or g at the N-th roots. @param {bigint} first @param {bigint[]} rest */
const atRoots = (first, rest) => {
  const values = [first, ...rest];
  return [...values, ...new Array(proofSize(rest.length) - values.length).fill(0n)];
};

/** The values of h at the 2N-th roots: h0, then 0 at every other even index. @param {Share} share */
const atDoubleRoots = ({ h0, h }) => h.flatMap((point, i) => [i === 0 ? h0 : 0n, point]);

/** A uniform element, from a generator with a fresh key. */
const random = () => generator(randomBytes(16))(p);

/**
 * What a client computes from its values x_1 … x_n: the proof that they are bits.
 *
 * @param {bigint[]} data
 * @returns {Share}
 */
export function prove(data) {
  const [f0, g0, a, b] = [random(), random(), random(), random()];
  const size = proofSize(data.length);
  const f = atRoots(f0, data);
  const g = atRoots(
    g0,
    data.map((x) => mod(x - 1n)),
  );
  const h = f.map((_, i) => root(2 * size, 2 * i + 1)).map((x) => mod(evaluate(f, x) * evaluate(g, x)));
  return { a, b, c: mod(a * b), f0, g0, h0: mod(f0 * g0), data, h };
}

/**
 * The contents of the two packets: A gets shares, B a seed for most of its own.
 *
 * @param {string} batchId
 * @param {Share} values
 */
export function split(batchId, { a, b, c, f0, g0, h0, data, h }) {
  const seed = randomBytes(16);
  const draw = seedGenerator(seed, batchId);
  const scalars = [a, b, c, f0, g0, h0];
  const ofB = scalars.map(random);
  const ofA = scalars.map((x, i) => mod(x - (ofB[i] ?? 0n)));
  const subtractDraw = (/** @type {bigint} */ x) => mod(x - draw(p));
  return {
    a: writeMessage([Buffer.from(batchId), ...ofA, 0, data.map(subtractDraw), h.map(subtractDraw)]),
    b: writeMessage([Buffer.from(batchId), ...ofB, 1, seed]),
  };
}

/** @param {Buffer} seed @param {string} batchId */
const seedGenerator = (seed, batchId) => generator(sha256(seed, Buffer.from(batchId)).subarray(0, 16));

/**
 * A server's share out of the content of its packet, for n fields.
 *
 * @param {"A" | "B"} id
 * @param {Buffer} content
 * @param {string} batchId
 * @param {number} n
 * @returns {Share}
 */
export function readShare(id, content, batchId, n) {
  const scalars = /** @type {const} */ (["int", "int", "int", "int", "int", "int"]);
  const last = id === "A" ? /** @type {const} */ (["ints", "ints"]) : /** @type {const} */ (["str"]);
  const items = readMessage(content, ["str", ...scalars, "integer", ...last]);
  const [a, b, c, f0, g0, h0] = /** @type {[bigint, bigint, bigint, bigint, bigint, bigint]} */ (items.slice(1, 7));
  if (id === "A") {
    const [data, h] = /** @type {[bigint[], bigint[]]} */ (items.slice(8));
    return { a, b, c, f0, g0, h0, data, h };
  }
  const draw = seedGenerator(/** @type {Buffer} */ (items[8]), batchId);
  const draws = (/** @type {number} */ count) => Array.from({ length: count }, () => draw(p));
  return { a, b, c, f0, g0, h0, data: draws(n), h: draws(proofSize(n)) };
}

/**
 * A server's shares of f(r), g(r) and h(r). The constant −1 of g is public: A alone subtracts it.
 *
 * @param {"A" | "B"} id
 * @param {Share} share
 * @param {bigint} r
 */
export function evaluateShare(id, share, r) {
  const minusOne = id === "A" ? share.data.map((x) => mod(x - 1n)) : share.data;
  return {
    f: evaluate(atRoots(share.f0, share.data), r),
    g: evaluate(atRoots(share.g0, minusOne), r),
    h: evaluate(atDoubleRoots(share), r),
  };
}

/** 1/2 */
const half = (p + 1n) / 2n;

/**
 * A server's share of the proof's outcome, from both servers' d and e.
 *
 * @param {Share} share
 * @param {bigint} weightedH its share of w·h(r), with w = r as the weight
 * @param {bigint} d
 * @param {bigint} e
 */
export const outcome = ({ a, b, c }, weightedH, d, e) => mod(d * e * half + d * b + e * a + c - weightedH);
