// The suite of the aggregator's store on PostgreSQL: a cluster of its own, started here and removed afterwards. Says in
// one line where there is no PostgreSQL.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startPostgres } from "./postgres.mjs";

const postgres = await startPostgres();
if (postgres === null) {
  console.log("\n  *** no PostgreSQL 15 or later found: the store's tests on PostgreSQL DID NOT RUN ***\n");
} else {
  console.log(`PostgreSQL ${postgres.version}`);
  const cwd = fileURLToPath(new URL("../aggregator", import.meta.url));
  const env = { ...process.env, PRIO_POSTGRES_URL: postgres.url };
  const vitest = spawn("npx", ["vitest", "run", "test/store", ...process.argv.slice(2)], {
    cwd,
    env,
    stdio: "inherit",
  });
  const [code] = await once(vitest, "exit");
  await postgres.stop();
  process.exitCode = code ?? 1;
}
