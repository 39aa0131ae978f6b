// A pilot that validates Prio: clients send plain values beside their packets, and both ways to count are compared.
//
//   node examples/validation/main.mjs [FOLDER]
//
// A folder without pings, or none, gets simulated ones.

import { existsSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare } from "./compare.mjs";
import { generate } from "./generate.mjs";
import { plot, table } from "./report.mjs";

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), "prio-validation-"));
if (!existsSync(join(folder, "pings"))) generate(folder);
for (const date of readdirSync(join(folder, "pings")).sort()) {
  const builds = compare(folder, date);
  console.log(`pings of ${date}\n\n${table(builds)}\n`);
  const path = join(folder, `${date}.svg`);
  writeFileSync(path, plot(builds));
  console.log(`plot: ${path}`);
}
