// The library and the aggregator against Janus, an implementation of the same draft that is half-way there. JANUS
// names a checkout of Janus which the user has built, and JANUS_BIN the folder of its programs, if that is not
// target/release in it. docs/dap.md says which programs are needed. Everything else is made here: a temporary
// PostgreSQL, Janus' processes, and the small programs of test/janus. The tests are in test/janus. Run `npm run build`
// first, in both packages.

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { missingPrograms, programsOf } from "./janus/janus.mjs";
import { buildPeer } from "./janus/peer.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @param {string} sentence */
function giveUp(sentence) {
  console.error(`\n  *** the exchange with Janus DID NOT RUN: ${sentence} ***\n`);
  process.exit(1);
}

if (!process.env["JANUS"]) giveUp("run `JANUS=DIR npm run test:janus`, with a checkout of Janus that was built");
const checkout = resolve(process.env["JANUS"] ?? "");
const missing = missingPrograms(checkout);
if (missing.length > 0) giveUp(`${missing.join(" and ")} must be in ${programsOf(checkout)}; see docs/dap.md`);

console.log("building the programs of test/janus");
const env = { ...process.env, JANUS: checkout, JANUS_PEER: buildPeer(checkout) };
const vitest = ["vitest", "run", "--project", "janus", ...process.argv.slice(2)];
const { status } = spawnSync("npx", vitest, { cwd: root, env, stdio: "inherit" });
process.exitCode = status ?? 1;
