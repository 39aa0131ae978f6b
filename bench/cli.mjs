// `npm run bench:cli`: how long whole processes of the built command take over 2,000 reports of 128 fields with one
// job, and the most memory that a file ten times as long needs. Each time is the median of five runs. PRIO_BENCH_ROWS
// and PRIO_BENCH_RUNS change what is run. Beside Python's command: `npm run bench -- --python COMMAND`.

import { readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { median } from "./interleave.mjs";
import { Batch, FIELDS, ours } from "./stages.mjs";

const rows = Number(process.env["PRIO_BENCH_ROWS"] ?? 2000);
const runs = Number(process.env["PRIO_BENCH_RUNS"] ?? 5);
const batch = new Batch();

// The process itself tells the most memory that it had as it ends, so this needs no tool of one operating system.
const tellMemory = `process.on("exit", () => {
  process.stderr.write("\\nmaxrss " + process.resourceUsage().maxRSS + "\\n");
})`;
const [node = "", bin = ""] = ours;
const command = [node, "--import", `data:text/javascript,${encodeURIComponent(tellMemory)}`, bin];

/**
 * Runs a stage and returns its seconds and its peak of resident memory in MB.
 *
 * @param {import("./stages.mjs").Stage} stage
 * @param {number} jobs
 */
function measure({ server, argv }, jobs) {
  const started = performance.now();
  const stderr = batch.run([...command, ...argv, "--jobs", String(jobs)], server);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, megabytes: Number(/maxrss (\d+)/.exec(stderr)?.[1]) / 1024 };
}

try {
  batch.write("data.ndjson", rows);
  batch.write("long.ndjson", 10 * rows);
  console.log(`${rows} reports of ${FIELDS} fields, one job, median of ${runs} whole processes`);
  for (const stage of batch.stages("data.ndjson", "", "")) {
    const seconds = median(Array.from({ length: runs }, () => measure(stage, 1).seconds));
    console.log(`  ${stage.stage.padEnd(14)} ${stage.server}  ${seconds.toFixed(2)} s`);
  }
  console.log(`\n${10 * rows} reports, peak of resident memory`);
  for (const jobs of new Set([1, availableParallelism()])) {
    for (const stage of batch.stages("long.ndjson", "", "")) {
      const { seconds, megabytes } = measure(stage, jobs);
      const figures = `${megabytes.toFixed(0).padStart(4)} MB  ${seconds.toFixed(1)} s`;
      console.log(`  ${stage.stage.padEnd(14)} ${stage.server}  ${jobs} jobs  ${figures}`);
    }
  }
  const megabytes = statSync(batch.at("raw/A/long.ndjson")).size / 2 ** 20;
  const lines = readFileSync(batch.at("raw/A/long.ndjson"), "latin1").split("\n").length - 1;
  console.log(`  (A's shares: ${lines} rows, ${megabytes.toFixed(0)} MB)`);
} finally {
  batch.remove();
}
