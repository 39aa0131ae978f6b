// `npm run bench:record`: how long the replay record on disk takes for ten million reports, which come in batches of
// 200,000 with a commit after each, and the most memory and the disk that it needs. PRIO_BENCH_REPORTS changes how
// many there are.

import { getRandomValues } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerSecret } from "../dist/index.js";
import { FileReplayRecord } from "../dist/replays/index.js";

const reports = Number(process.env["PRIO_BENCH_REPORTS"] ?? 10_000_000);
const BATCH = 200_000;
const KEY = 32;

const directory = mkdtempSync(join(tmpdir(), "prio-bench-record-"));
const secret = ServerSecret.generate();
const point = getRandomValues(new Uint8Array(KEY));
const bytes = new Uint8Array(2 ** 16);
const seconds = () => performance.now() / 1000;
const processor = () => process.cpuUsage();

/** The slowest batch and the first one show what merging costs. @type {number[]} */
const batches = [];
try {
  const started = seconds();
  for (let done = 0; done < reports; done += BATCH) {
    const begun = seconds();
    // As the command does, each run opens the record.
    const record = FileReplayRecord.open(directory, { server: "A", secret });
    for (let i = 0; i < Math.min(BATCH, reports - done); i++) {
      const at = (2 * KEY * i) % bytes.length;
      if (at === 0) getRandomValues(bytes);
      const keys = { packet: bytes.subarray(at, at + KEY), report: bytes.subarray(at + KEY, at + 2 * KEY) };
      if (record.addReport(keys, point) !== "new") throw new Error("bench: a random key came twice");
    }
    record.commit();
    record.close();
    batches.push(seconds() - begun);
  }
  const wall = seconds() - started;
  const { user, system } = processor();
  const disk = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  console.log(`${reports.toLocaleString("en-US")} reports, a commit after each ${BATCH.toLocaleString("en-US")}`);
  console.log(`  ${wall.toFixed(0)} s, ${((1e6 * wall) / reports).toFixed(1)} µs a report`);
  console.log(`  ${((user + system) / 1e6).toFixed(0)} s of the processor`);
  const [first = 0, last = 0] = [batches[0], batches.at(-1)];
  const slowest = Math.max(...batches);
  console.log(`  batches: first ${first.toFixed(2)} s, last ${last.toFixed(2)} s, slowest ${slowest.toFixed(2)} s`);
  console.log(`  ${Math.round(process.resourceUsage().maxRSS / 1024)} MB at the highest`);
  console.log(`  ${(disk / 1e6).toFixed(0)} MB on disk, ${(disk / reports).toFixed(1)} bytes a report`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
