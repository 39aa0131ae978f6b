// Writes the tables of message sizes into docs/prio3.md: those of each instance, and of the same questions with Prio
// v1. Run `npm run build` first. test/docs/prio3.test.ts compares them.

import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../docs/prio3.md", import.meta.url));
const zeroBytes = (/** @type {number} */ length) => new Uint8Array(length);
const empty = zeroBytes(0);
const zeros = (/** @type {number} */ length) => new Array(length).fill(0);

/** @typedef {import("../dist/prio3/index.js").Vdaf<any, unknown>} Vdaf */

/** The document with the sizes of messages in it, out of the built package. */
export async function documentWithSizes(text = readFileSync(file, "utf8")) {
  return withTable(withTable(text, "sizes", await sizesOfInstances()), "beside", await sizesBeside());
}

/**
 * The document with the lines of a table between its marks.
 *
 * @param {string} text @param {string} name @param {readonly string[]} lines
 */
function withTable(text, name, lines) {
  const [start, end] = [`<!-- ${name}: node scripts/prio3-sizes.mjs -->`, `<!-- /${name} -->`];
  const [before = "", rest = ""] = text.split(start);
  const after = rest.split(end)[1] ?? "";
  return `${before}${start}\n${lines.join("\n")}\n${end}${after}`;
}

/**
 * A row of a table, its numbers with commas.
 *
 * @param {...(string | number)} cells
 */
const row = (...cells) => `| ${cells.map((cell) => cell.toLocaleString("en")).join(" | ")} |`;

async function sizesOfInstances() {
  const prio3 = await import("../dist/prio3/index.js");
  /** @type {[string, Vdaf, unknown][]} */
  const instances = [
    ["`Prio3Count`", new prio3.Prio3Count(), false],
    ["`Prio3Sum`, up to 255", new prio3.Prio3Sum({ maxMeasurement: 255 }), 0],
    ["`Prio3Sum`, up to 2^32 − 1", new prio3.Prio3Sum({ maxMeasurement: 2 ** 32 - 1 }), 0],
    ["`Prio3Histogram`, 10 buckets", new prio3.Prio3Histogram({ length: 10 }), 0],
    ["`Prio3Histogram`, 100 buckets", new prio3.Prio3Histogram({ length: 100 }), 0],
    ["`Prio3Histogram`, 1,000 buckets", new prio3.Prio3Histogram({ length: 1000 }), 0],
    ["`Prio3SumVec`, 100 bits", new prio3.Prio3SumVec({ length: 100, maxMeasurement: 1 }), zeros(100)],
    ["`Prio3SumVec`, 1,000 bits", new prio3.Prio3SumVec({ length: 1000, maxMeasurement: 1 }), zeros(1000)],
    [
      "`Prio3SumVec`, 100 integers of 10 bits",
      new prio3.Prio3SumVec({ length: 100, maxMeasurement: 1023 }),
      zeros(100),
    ],
    [
      "`Prio3SumVecWithMultiproof`, 1,000 bits, 3 proofs",
      new prio3.Prio3SumVecWithMultiproof({ length: 1000, maxMeasurement: 1, proofs: 3 }),
      zeros(1000),
    ],
    [
      "`Prio3MultihotCountVec`, 100 booleans, weight 10",
      new prio3.Prio3MultihotCountVec({ length: 100, maxWeight: 10 }),
      zeros(100),
    ],
    ["`Prio3L1BoundSum`, 100 integers, sum 255", new prio3.Prio3L1BoundSum({ length: 100, maxValue: 255 }), zeros(100)],
  ];
  const rows = instances.map(([name, vdaf, measurement]) => {
    const { publicShare, leader, helper } = sharesOf(vdaf, measurement);
    const { verifierShare } = vdaf.verifyInit(
      zeroBytes(vdaf.verifyKeySize),
      empty,
      0,
      zeroBytes(vdaf.nonceSize),
      publicShare,
      leader,
    );
    const all = [publicShare, leader, helper, verifierShare, vdaf.aggregateInit().toBytes()];
    return row(name, ...all.map(({ length }) => length));
  });
  return [
    row(
      "instance",
      "public share",
      "leader's input share",
      "helper's input share",
      "verifier share",
      "aggregate share",
    ),
    row(...zeros(6).fill("---")),
    ...rows,
  ];
}

async function sizesBeside() {
  const prio3 = await import("../dist/prio3/index.js");
  const bits = (/** @type {number} */ length) => new prio3.Prio3SumVec({ length, maxMeasurement: 1 });
  const integers = new prio3.Prio3SumVec({ length: 10, maxMeasurement: 2 ** 32 - 1 });
  return [
    row("a report of", "with", "to A, or the leader", "to B, or the helper", "between", "a share of the totals"),
    row(...zeros(6).fill("---")),
    row("100 bits", "Prio v1", ...sizesOfPrio1("bool", "bool-100-4")),
    row("", "`Prio3SumVec`", ...sizesOfPrio3(prio3, bits(100), zeros(100))),
    row("one of 100 buckets", "Prio v1, which lets a client choose several", ...sizesOfPrio1("bool", "bool-100-4")),
    row("", "`Prio3Histogram`", ...sizesOfPrio3(prio3, new prio3.Prio3Histogram({ length: 100 }), 0)),
    row("1,000 bits", "Prio v1", ...sizesOfPrio1("bool", "bool-1000-1")),
    row("", "`Prio3SumVec`", ...sizesOfPrio3(prio3, bits(1000), zeros(1000))),
    row("10 integers of 32 bits", "Prio v1", ...sizesOfPrio1("uint", "uint-32-10-2")),
    row("", "`Prio3SumVec`", ...sizesOfPrio3(prio3, integers, zeros(10))),
  ];
}

/**
 * Of the first report of a recorded batch: bytes to A, to B, between the two, and of A's total share. Sizes of other
 * reports differ by some bytes, because leading zeros of a number are left out.
 *
 * @param {"bool" | "uint"} kind @param {string} name
 */
function sizesOfPrio1(kind, name) {
  /** @type {{ cases: { name: string, reports: Record<string, string>[], totalShareA: string }[] }} */
  const { cases } = JSON.parse(readFileSync(new URL(`../vectors/libprio-${kind}.json`, import.meta.url), "utf8"));
  const batch = cases.find((each) => each.name === name);
  const report = batch?.reports[0];
  if (batch === undefined || report === undefined) throw new Error(`expected a recorded batch ${name}`);
  const size = (/** @type {string | undefined} */ base64 = "") => Buffer.from(base64, "base64").length;
  const between = ["verify1A", "verify1B", "verify2A", "verify2B"].reduce((sum, key) => sum + size(report[key]), 0);
  return [size(report["packetA"]), size(report["packetB"]), between, size(batch.totalShareA)];
}

/**
 * Of a report in the ping-pong topology: bytes to the leader and to the helper, with the public share and the nonce,
 * between the two, and of an aggregate share.
 *
 * @param {typeof import("../dist/prio3/index.js")} prio3 @param {Vdaf} vdaf @param {unknown} measurement
 */
function sizesOfPrio3({ leaderInitialize, helperInitialize }, vdaf, measurement) {
  const { publicShare, leader, helper } = sharesOf(vdaf, measurement);
  const common = { ctx: empty, nonce: zeroBytes(vdaf.nonceSize), publicShare };
  const key = zeroBytes(vdaf.verifyKeySize);
  const begun = leaderInitialize(vdaf, key, { ...common, inputShare: leader });
  if (begun.status === "rejected") throw new Error("expected a report that holds");
  const answered = helperInitialize(vdaf, key, { ...common, inputShare: helper }, begun.message);
  if (answered.status !== "finished") throw new Error("expected a report that holds");
  const toBoth = publicShare.length + common.nonce.length;
  const between = begun.message.length + (answered.message?.length ?? 0);
  return [toBoth + leader.length, toBoth + helper.length, between, vdaf.aggregateInit().toBytes().length];
}

/**
 * The shares of a report, for two aggregators.
 *
 * @param {Vdaf} vdaf @param {unknown} measurement
 */
function sharesOf(vdaf, measurement) {
  const { publicShare, inputShares } = vdaf.shard(empty, measurement, zeroBytes(vdaf.nonceSize));
  const [leader = empty, helper = empty] = inputShares;
  return { publicShare, leader, helper };
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, await documentWithSizes());
