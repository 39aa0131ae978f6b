// Real reports of a task, made and uploaded by a process of its own. Prints how many were accepted.
//
// node clients.mjs REPORTS < task document

import { readFileSync } from "node:fs";
import { DapClient, vdafFromJSON } from "../../dist/dap/index.js";

const AT_ONCE = 100;
const document = JSON.parse(readFileSync(0, "utf8"));
const total = Number(process.argv[2]);
const vdaf = /** @type {any} */ (vdafFromJSON(document.vdaf));
const client = new DapClient({ task: document, vdaf });

/** Something that the VDAF can measure. @param {number} i @returns {unknown} */
function measurement(i) {
  const { type } = document.vdaf;
  if (type === "Prio3Count") return i % 2 === 0;
  if (type === "Prio3Histogram") return i % document.vdaf.length;
  return Array.from({ length: document.vdaf.fields }, (_, field) => (i + field) % 3 === 0);
}

let accepted = 0;
for (let made = 0; made < total; made += AT_ONCE) {
  const measurements = Array.from({ length: Math.min(AT_ONCE, total - made) }, (_, i) => measurement(made + i));
  const outcomes = await client.uploadMany(measurements, { time: Date.UTC(2026, 5, 1) + (made % 3600) * 1000 });
  accepted += outcomes.filter(({ status }) => status === "accepted").length;
}
console.log(accepted);
