// Writes the table of message sizes into docs/prio3.md. Run `npm run build` first. test/docs/prio3.test.ts compares it.

import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../docs/prio3.md", import.meta.url));
const [start, end] = ["<!-- sizes: node scripts/prio3-sizes.mjs -->", "<!-- /sizes -->"];

/** The document with the sizes of messages in it, out of the built package. */
export async function documentWithSizes(text = readFileSync(file, "utf8")) {
  const prio3 = await import("../dist/prio3/index.js");
  const zeros = (/** @type {number} */ length) => new Array(length).fill(0);
  /** @type {[string, import("../dist/prio3/index.js").Vdaf<any, unknown>, unknown][]} */
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
    const [ctx, nonce, key] = [new Uint8Array(0), new Uint8Array(16), new Uint8Array(vdaf.verifyKeySize)];
    const { publicShare, inputShares } = vdaf.shard(ctx, measurement, nonce);
    const [leader = new Uint8Array(0), helper = leader] = inputShares;
    const { verifierShare } = vdaf.verifyInit(key, ctx, 0, nonce, publicShare, leader);
    const lengths = [publicShare, leader, helper, verifierShare, vdaf.aggregateInit().toBytes()].map((x) => x.length);
    return `| ${[name, ...lengths.map((length) => length.toLocaleString("en"))].join(" | ")} |`;
  });
  const head = [
    "| instance | public share | leader's input share | helper's input share | verifier share | aggregate share |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  const [before = "", rest = ""] = text.split(start);
  const after = rest.split(end)[1] ?? "";
  return `${before}${start}\n${[...head, ...rows].join("\n")}\n${end}${after}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, await documentWithSizes());
