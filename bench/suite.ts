// Measures this package in whatever runtime runs it, and writes one JSON file of results. bench/run.mjs bundles it and runs
// it. Every row stands beside what libprio's C took (libprio-c.json), scaled by how fast this machine is now: the yardstick is
// `a * b % p` on 87-bit BigInts under Node 20, 200 ns where libprio was measured.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { measure } from "mitata";
import { FIELD_87 } from "../src/core/fields.js";
import { Ntt } from "../src/core/ntt.js";
import { packed87Space } from "../src/core/packed87.js";
import { randomElements, systemRandom } from "../src/core/random.js";
import { bigIntSpace, type VectorSpace } from "../src/core/vector.js";
import { type CryptoName, cryptoInUse, setCrypto } from "../src/index.js";
import { casesOf, type Shape, STEPS, type Step } from "./cases.js";
import type { ArithmeticRow, LibprioRow, PointsRow, Results, Row, Vectors } from "./results.js";

const { values: options } = parseArgs({
  options: {
    out: { type: "string" },
    libprio: { type: "string" },
    fields: { type: "string", default: "10,100,1000,10000,100000" },
    vectors: { type: "string", default: "packed,bigint" },
    crypto: { type: "string", default: "native,noble" },
    /** Nanoseconds of the yardstick, where it must not be this runtime's own. */
    yardstick: { type: "string" },
    /** Prints the yardstick and nothing else. */
    "only-yardstick": { type: "boolean", default: false },
  },
});

/** Where the yardstick took libprio's machine. */
const LIBPRIO_YARDSTICK_NS = 200;
/** BigInt vectors are the reference, not the product: measured while the whole run stays short. */
const MAX_BIGINT_FIELDS = 1_000;
/** The lengths of the vectors that arithmetic is measured on: in the caches, and past them. */
const LENGTHS = [1024, 131_072];
/** Where the kinds of query points are compared. */
const POINTS_FIELDS = [1000, 10_000];
/** Seconds that a figure is measured for, a dozen samples at least, and seconds of running before that. */
const SECONDS = 0.15;
const WARM_UP_SECONDS = 0.15;

const spaces: Record<Vectors, VectorSpace> = { packed: packed87Space(), bigint: bigIntSpace(FIELD_87) };

/**
 * The processor time of this process, in nanoseconds: all its threads, garbage collection included. Where others use the
 * machine too, a clock on the wall measures them as well.
 */
function now(): number {
  const { user, system } = process.cpuUsage();
  return 1000 * (user + system);
}

/** The median time of `f`, in nanoseconds, once the compilers have seen enough of it: mitata warms up with two calls. */
async function time(f: () => unknown): Promise<number> {
  for (const end = now() + WARM_UP_SECONDS * 1e9; now() < end; ) f();
  const { p50 } = await measure(f, { now, min_cpu_time: SECONDS * 1e9 });
  return p50;
}

async function yardstick(): Promise<number> {
  const { modulus } = FIELD_87;
  const a = randomElements(spaces.bigint.field, 1000, systemRandom);
  const b = randomElements(spaces.bigint.field, 1000, systemRandom);
  let kept = 0n;
  const batch = await time(() => {
    for (let i = 0; i < 1000; i++) kept = ((a[i] as bigint) * (b[i] as bigint)) % modulus;
    return kept;
  });
  return batch / 1000;
}

const givenYardstick = options.yardstick === undefined ? undefined : Number(options.yardstick);
/** Taken anew for each row, since a shared machine is not equally fast all the time. */
const yardstickNow = async () => givenYardstick ?? (await yardstick());

async function measureRow(shape: Shape, vectors: Vectors, crypto: CryptoName, libprio: LibprioRow | undefined) {
  setCrypto(crypto);
  const before = await yardstickNow();
  const { steps, bytes } = casesOf(shape, spaces[vectors]);
  const ms = {} as Record<Step, number>;
  for (const step of STEPS) ms[step] = (await time(steps[step])) / 1e6;
  const scale = (before + (await yardstickNow())) / 2 / LIBPRIO_YARDSTICK_NS;
  const ratio = libprio && {
    encode: (libprio.encode * scale) / ms.encode,
    checkA: (libprio.verifyA * scale) / ms.checkA,
    checkB: (libprio.verifyB * scale) / ms.checkB,
    aggregate: (libprio.agg2 * scale) / ms.aggregate,
  };
  return { ...shape, vectors, crypto, ms, bytes: bytes(), scale, ...(ratio && { ratio }) };
}

/** Checks with a point for each report, and with one for all; native cryptography, where the point weighs most. */
async function measurePoints(fields: number): Promise<PointsRow[]> {
  const { checkWith } = casesOf({ fields }, spaces.packed);
  const rows: PointsRow[] = [];
  for (const queryPoints of ["report", "batch"] as const) {
    const { checkA, checkB } = checkWith(queryPoints);
    rows.push({ fields, queryPoints, checkA: (await time(checkA)) / 1e6, checkB: (await time(checkB)) / 1e6 });
  }
  return rows;
}

/** Nanoseconds of a multiplication, and of a transform's butterfly, for one element. */
async function measureArithmetic(vectors: Vectors, length: number): Promise<ArithmeticRow> {
  const space = spaces[vectors];
  const a = space.fromBigInts(randomElements(space.field, length, systemRandom));
  const b = space.fromBigInts(randomElements(space.field, length, systemRandom));
  const ntt = new Ntt(space);
  const butterflies = (length / 2) * Math.log2(length);
  return {
    vectors,
    length,
    multiplyNs: (await time(() => a.mul(b))) / length,
    dotNs: (await time(() => a.dot(b))) / length,
    butterflyNs: (await time(() => ntt.forward(a))) / butterflies,
    transformMs: (await time(() => ntt.forward(a))) / 1e6,
  };
}

function runtime(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`;
}

/** A row of the table that the run prints: milliseconds, then libprio's on this machine and the ratio where it has one. */
function print(row: Row): void {
  const shape = "fields" in row ? `${row.fields}` : `${row.count} × ${row.precision} bits`;
  const cells = STEPS.map((step) => {
    const ratio = row.ratio !== undefined && step in row.ratio ? row.ratio[step as keyof typeof row.ratio] : undefined;
    const own = digits(row.ms[step]);
    return (ratio === undefined ? own : `${own} (${digits(row.ms[step] * ratio)}, ${digits(ratio)}×)`).padStart(
      COLUMNS[step],
    );
  });
  console.log([shape.padStart(13), row.vectors.padEnd(6), row.crypto.padEnd(6), ...cells].join("  "));
}

/** The widths of the printed columns. */
const COLUMNS: Record<Step, number> = {
  encode: 22,
  openA: 7,
  openB: 7,
  verifyA: 7,
  verifyB: 7,
  checkA: 22,
  checkB: 22,
  aggregate: 24,
};

function printHeader(): void {
  console.log(
    "milliseconds of processor time for one report, medians; in brackets libprio's C on this machine and how many times faster",
  );
  const names = STEPS.map((step) => step.padStart(COLUMNS[step]));
  console.log(["fields".padStart(13), "vector", "crypto", ...names].join("  "));
}

/** Three significant digits, never an exponent. */
function digits(x: number): string {
  return x >= 100 ? x.toFixed(0) : `${Number(x.toPrecision(3))}`;
}

async function main(): Promise<void> {
  const list = (text: string) => text.split(",").filter((x) => x !== "");
  const sizes = list(options.fields).map(Number);
  const libprio: { rows: LibprioRow[] } =
    options.libprio === undefined ? { rows: [] } : JSON.parse(readFileSync(options.libprio, "utf8"));

  const vectorsMeasured = list(options.vectors) as Vectors[];
  const cryptoMeasured = list(options.crypto) as CryptoName[];
  setCrypto("auto");
  if (cryptoInUse() === "noble" && cryptoMeasured.includes("native")) throw new Error("bench: no native provider here");

  const overall = await yardstickNow();
  console.log(`${runtime()}, ${cpus()[0]?.model}; yardstick ${overall.toFixed(0)} ns`);
  printHeader();
  const rows: Row[] = [];
  const combinations = vectorsMeasured.flatMap((vectors) => cryptoMeasured.map((crypto) => ({ vectors, crypto })));
  for (const { vectors, crypto } of combinations) {
    for (const fields of sizes) {
      if (vectors === "bigint" && fields > MAX_BIGINT_FIELDS) continue;
      const known = libprio.rows.find((row) => row.fields === fields);
      rows.push(await measureRow({ fields }, vectors, crypto, known));
      print(rows.at(-1) as Row);
    }
  }
  const integers: Row[] = [];
  for (const crypto of cryptoMeasured) {
    for (const shape of [
      { count: 1, precision: 42 },
      { count: 100, precision: 10 },
    ]) {
      integers.push(await measureRow(shape, "packed", crypto, undefined));
      print(integers.at(-1) as Row);
    }
  }
  const points: PointsRow[] = [];
  for (const fields of POINTS_FIELDS.filter((n) => sizes.includes(n) && cryptoMeasured.includes("native"))) {
    setCrypto("native");
    points.push(...(await measurePoints(fields)));
    for (const { queryPoints, checkA, checkB } of points.filter((row) => row.fields === fields)) {
      console.log(
        `${fields} fields, query points "${queryPoints}": check A ${digits(checkA)} ms, B ${digits(checkB)} ms`,
      );
    }
  }
  const arithmetic: ArithmeticRow[] = [];
  for (const vectors of vectorsMeasured) {
    for (const length of LENGTHS) {
      if (vectors === "bigint" && length > 2 * MAX_BIGINT_FIELDS) continue;
      const row = await measureArithmetic(vectors, length);
      arithmetic.push(row);
      console.log(
        `${vectors} vectors of ${length}: product ${row.multiplyNs.toFixed(1)} ns, dot ${row.dotNs.toFixed(1)} ns an element; ` +
          `butterfly ${row.butterflyNs.toFixed(1)} ns, transform ${row.transformMs.toPrecision(3)} ms`,
      );
    }
  }
  const results: Results = {
    runtime: runtime(),
    machine: `${cpus().length} × ${cpus()[0]?.model}`,
    yardstickNs: overall,
    rows,
    integers,
    points,
    arithmetic,
  };
  if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(results, rounded, 2)}\n`);
}

/** Four digits are more than a measurement has. */
function rounded(_key: string, x: unknown): unknown {
  return typeof x === "number" && !Number.isInteger(x) ? Number(x.toPrecision(4)) : x;
}

if (options["only-yardstick"]) console.log((await yardstick()).toFixed(1));
else await main();
