// Draws how large a report is and how long it takes to encode, as prio-processor's benchmark does.
//
//   node examples/benchmarks/main.mjs [FOLDER]
//
// The times are those of bench/results, where this package and libprio took turns. Sizes need no measurement: the
// packets of each length are made here.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, Config, generateKeyPair } from "prio";
import { encodingTime, encryptedSizes } from "./plots.mjs";

/** @import { Reports } from "../../bench/results.js" */
/** @import { Size } from "./plots.mjs" */

const folder = process.argv[2] ?? fileURLToPath(new URL(".", import.meta.url));
const results = new URL("../../bench/results/reports.json", import.meta.url);
const reports = /** @type {Reports} */ (JSON.parse(readFileSync(results, "utf8")));

const [serverA, serverB] = [generateKeyPair().publicKey, generateKeyPair().publicKey];
/** @param {number} bits @returns {Size} */
function sizeOf(bits) {
  const { a, b } = new Client(new Config({ fields: bits, batchId: "test", serverA, serverB })).encode(
    new Uint8Array(bits).fill(1),
  );
  return [bits, a.length, b.length];
}

// In steps of 100 bits, and right before and after each jump, which is at a power of two.
const lengths = [8, 16, 32, 64, ...Array.from({ length: 100 }, (_, k) => 100 * (k + 1))];
for (let jump = 16; jump <= 8192; jump *= 2) lengths.push(jump - 1, jump);
const sizes = [...new Set(lengths)].sort((x, y) => x - y).map(sizeOf);

// A batch id of another length makes packets of another length; nothing else may differ from what was recorded.
for (const { shape, runtime, bytes } of reports.rows) {
  const [, a, b] = sizes.find(([bits]) => String(bits) === shape) ?? [];
  if (a === undefined || b === undefined) continue;
  if (Math.abs(a - bytes[0]) > 30 || Math.abs(b - bytes[1]) > 30) {
    throw new Error(`${runtime}, ${shape} bits: recorded ${bytes.join(" and ")} bytes, made ${a} and ${b}`);
  }
}

for (const [name, svg] of Object.entries({
  "encrypted-sizes.svg": encryptedSizes(sizes),
  "encoding-time.svg": encodingTime(reports),
})) {
  writeFileSync(join(folder, name), svg);
  console.log(join(folder, name));
}
