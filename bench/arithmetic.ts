// Measures the bulk arithmetic by itself, and prints one line of JSON. run.mjs bundles it and runs it.

import { measure } from "mitata";
import { bigIntSpace } from "../src/core/bigint-vector.js";
import { FIELD_87 } from "../src/core/fields.js";
import { forward, Ntt } from "../src/core/ntt.js";
import { packed87Space } from "../src/core/packed87.js";
import { randomElements, systemRandom } from "../src/core/random.js";
import type { Vector, VectorSpace } from "../src/core/vector.js";
import type { ArithmeticRow } from "./results.js";

/** Lengths of vectors in the caches, and past them. */
const LENGTHS = { packed: [1024, 131_072], bigint: [1024] };
/** Seconds that a figure is measured for, a dozen samples at least, and seconds of running before that. */
const SECONDS = 0.15;

/** The processor time of this process in nanoseconds, that of all its threads. */
function now(): number {
  const { user, system } = process.cpuUsage();
  return 1000 * (user + system);
}

/**
 * The median time of `f`, in nanoseconds, once the compilers have seen enough of it: mitata warms up with two calls.
 */
async function time(f: () => unknown): Promise<number> {
  for (const end = now() + SECONDS * 1e9; now() < end; ) f();
  const { p50 } = await measure(f, { now, min_cpu_time: SECONDS * 1e9 });
  return p50;
}

/** A multiplication, a term of an inner product and a transform's butterfly, each for one element. */
async function measureRow<V extends Vector<V>>(
  vectors: "packed" | "bigint",
  space: VectorSpace<V>,
  length: number,
): Promise<Omit<ArithmeticRow, "runtime">> {
  const a = space.fromBigInts(randomElements(space.field, length, systemRandom));
  const b = space.fromBigInts(randomElements(space.field, length, systemRandom));
  const ntt = new Ntt(space);
  const butterflies = (length / 2) * Math.log2(length);
  const multiply = await time(() => a.mul(b));
  const dot = await time(() => a.dot(b));
  const transform = await time(() => forward(ntt, a));
  return {
    vectors,
    length,
    multiplyNs: multiply / length,
    dotNs: dot / length,
    butterflyNs: transform / butterflies,
    transformMs: transform / 1e6,
  };
}

const rows: Omit<ArithmeticRow, "runtime">[] = [];
for (const length of LENGTHS.packed) rows.push(await measureRow("packed", packed87Space(), length));
for (const length of LENGTHS.bigint) rows.push(await measureRow("bigint", bigIntSpace(FIELD_87), length));
console.log(JSON.stringify(rows));
