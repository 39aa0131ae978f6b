// The suite of the aggregator's store on PostgreSQL: a cluster of its own, started here and removed afterwards. Says in
// one line where there is no PostgreSQL. Processes are killed 50 times, on SQLite too.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startPostgres } from "./postgres.mjs";

const KILLS = 50;

const cwd = fileURLToPath(new URL("../aggregator", import.meta.url));

/** Runs test files, and remembers whether one failed. @param {string} path @param {NodeJS.ProcessEnv} [variables] */
async function run(path, variables = {}) {
  const env = { ...process.env, PRIO_STORE_KILLS: String(KILLS), ...variables };
  const vitest = spawn("npx", ["vitest", "run", path], { cwd, env, stdio: "inherit" });
  const [code] = await once(vitest, "exit");
  if (code !== 0) process.exitCode = 1;
}

await run("test/store/crash.test.ts");
const postgres = await startPostgres();
if (postgres === null) {
  console.log("\n  *** no PostgreSQL 15 or later found: the store's tests on PostgreSQL DID NOT RUN ***\n");
} else {
  console.log(`PostgreSQL ${postgres.version}`);
  await run("test/store", { PRIO_POSTGRES_URL: postgres.url });
  await postgres.stop();
}
