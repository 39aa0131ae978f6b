// npm run bench:cli: how long whole processes of the built command take over 2,000 reports of 128 fields with one job, beside
// what Mozilla's Python command took on the machine that issue 3 speaks of, and the most memory that a file ten times as long
// needs. Each time is the median of five runs. PRIO_BENCH_ROWS and PRIO_BENCH_RUNS change what is run.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FIELDS = 128;
const rows = Number(process.env["PRIO_BENCH_ROWS"] ?? 2000);
const runs = Number(process.env["PRIO_BENCH_RUNS"] ?? 5);
const bin = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "prio-bench-"));
const at = (/** @type {string[]} */ ...names) => join(folder, ...names);

/** Seconds of Python's command for 2,000 reports of 128 fields. @type {Record<string, number>} */
const PYTHON = { "encode-shares": 17.1, verify1: 10.3 };

/** @returns {{ private_key: string, public_key: string }} */
const keygen = () => JSON.parse(execFileSync(process.execPath, [bin, "keygen"], { encoding: "utf8" }));
const [keysA, keysB] = [keygen(), keygen()];
const { shared_seed } = JSON.parse(execFileSync(process.execPath, [bin, "shared-seed"], { encoding: "utf8" }));

/** @param {"A" | "B"} id */
function environment(id) {
  const own = id === "A" ? keysA : keysB;
  const other = id === "A" ? keysB : keysA;
  return {
    BATCH_ID: "bench",
    N_DATA: String(FIELDS),
    SERVER_ID: id,
    PRIVATE_KEY_HEX: own.private_key,
    SHARED_SECRET: shared_seed,
    PUBLIC_KEY_HEX_INTERNAL: own.public_key,
    PUBLIC_KEY_HEX_EXTERNAL: other.public_key,
  };
}

// The most memory that the process had, told by itself as it ends: no tool of one system is needed for it.
const tellMemory = `process.on("exit", () => process.stderr.write("\\nmaxrss " + process.resourceUsage().maxRSS + "\\n"))`;
const preload = ["--import", `data:text/javascript,${encodeURIComponent(tellMemory)}`];

/**
 * Runs a command and returns its seconds and its peak of resident memory in MB.
 *
 * @param {"A" | "B"} id
 * @param {string[]} argv
 */
function measure(id, argv) {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...preload, bin, ...argv], {
    env: environment(id),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`bench: prio ${argv[0]} exited with ${status}: ${stderr}`);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, megabytes: Number(/maxrss (\d+)/.exec(stderr)?.[1]) / 1024 };
}

/** @param {number[]} values */
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/**
 * The stages over a file, in an order in which each has its inputs.
 *
 * @param {string} file
 * @returns {[name: string, id: "A" | "B", argv: string[]][]}
 */
function stages(file) {
  /** @param {"A" | "B"} id @param {string} stage @param {string} before */
  const exchange = (id, stage, before) => [
    ...[stage, "--input", at("raw", id, file), "--output", at(stage, id)],
    ...["--input-internal", at(before, id, file), "--input-external", at(before, id === "A" ? "B" : "A", file)],
  ];
  return [
    [
      "encode-shares",
      "A",
      ["encode-shares", "--input", at(file), "--output-A", at("raw/A"), "--output-B", at("raw/B")],
    ],
    ["verify1", "A", ["verify1", "--input", at("raw/A", file), "--output", at("verify1/A")]],
    ["verify1", "B", ["verify1", "--input", at("raw/B", file), "--output", at("verify1/B")]],
    ["verify2", "A", exchange("A", "verify2", "verify1")],
    ["verify2", "B", exchange("B", "verify2", "verify1")],
    ["aggregate", "A", exchange("A", "aggregate", "verify2")],
    ["aggregate", "B", exchange("B", "aggregate", "verify2")],
  ];
}

/** @param {string} file @param {number} count */
function writeValues(file, count) {
  const row = (/** @type {number} */ i) =>
    Array.from({ length: FIELDS }, (_, k) => ((i * 31 + k * 17) % 7 < 3 ? 1 : 0));
  writeFileSync(at(file), Array.from({ length: count }, (_, i) => `${JSON.stringify({ payload: row(i) })}\n`).join(""));
}

try {
  writeValues("data.ndjson", rows);
  writeValues("long.ndjson", 10 * rows);
  process.stdout.write(`${rows} reports of ${FIELDS} fields, one job, median of ${runs} whole processes\n`);
  for (const [name, id, argv] of stages("data.ndjson")) {
    const seconds = median(Array.from({ length: runs }, () => measure(id, [...argv, "--jobs", "1"]).seconds));
    const python = PYTHON[name];
    const beside =
      python === undefined ? "" : `   Python's command: ${python} s, ${(python / seconds).toFixed(0)} times as long`;
    process.stdout.write(`  ${name.padEnd(14)} ${id}  ${seconds.toFixed(2)} s${beside}\n`);
  }
  process.stdout.write(`\n${10 * rows} reports, peak of resident memory\n`);
  for (const jobs of [...new Set([1, availableParallelism()])]) {
    for (const [name, id, argv] of stages("long.ndjson")) {
      const { seconds, megabytes } = measure(id, [...argv, "--jobs", String(jobs)]);
      process.stdout.write(
        `  ${name.padEnd(14)} ${id}  ${jobs} jobs  ${megabytes.toFixed(0).padStart(4)} MB  ${seconds.toFixed(1)} s\n`,
      );
    }
  }
  const megabytes = statSync(at("raw/A/long.ndjson")).size / 2 ** 20;
  const lines = readFileSync(at("raw/A/long.ndjson"), "latin1").split("\n").length - 1;
  process.stdout.write(`  (A's shares: ${lines} rows, ${megabytes.toFixed(0)} MB)\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
