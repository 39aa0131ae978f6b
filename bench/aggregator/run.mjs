// `npm run bench:aggregator`: what the pair of servers can take, as real processes on this machine, with the load on it
// too. Figures are medians of three runs.
//
// - uploads: durable ones of 5 KB, one a request, over 256 connections, on SQLite and on PostgreSQL. The leader answers
//   and does nothing else.
// - end to end: reports that wait at the leader, until both servers have counted them all, on SQLite.
// - `--memory REPORTS`: real reports come in until so many are counted; how much memory each server has on the way.
//
// `--only uploads` or `--only pair` measures a part and writes nothing. A whole run writes
// bench/results/aggregator.json and the table of docs/performance.md; `--memory` its own part of both.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";
import { decodeHpkeConfigList } from "../../dist/dap/index.js";
import { buildAggregator, operators, Server, statusOf } from "../../scripts/aggregator-pair.mjs";
import { startPostgres } from "../../scripts/postgres.mjs";
import { processor, save } from "../machine.mjs";
import { readResults, writeReports } from "../report.mjs";
import { rowsTable } from "./report.mjs";

/** @import { AggregatorRow } from "../results.js" */
/** @typedef {{ perSecond: number, microseconds: number[], loadMicroseconds?: number }} Measured */

const RUNS = 3;
const UPLOADS = { reports: 100_000, connections: 256, bytes: 5000 };
/** So many that the first second of two fresh processes weighs little: servers run for days. */
const PAIRS = [
  { what: "Prio v1, 128 fields", vdaf: "prio1:128", reports: 60_000 },
  { what: "Prio3 Histogram, 100 buckets", vdaf: "histogram:100", reports: 60_000 },
];
/** Samples of memory over a run. */
const SAMPLES = 10;

const { values } = parseArgs({
  options: { only: { type: "string" }, memory: { type: "string" }, tables: { type: "boolean", default: false } },
});
const root = mkdtempSync(join(tmpdir(), "prio-bench-"));
const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Seconds of the processor that a process has had. @param {Server} server */
function processorSeconds({ pid }) {
  // After the name in brackets: state is field 3, utime and stime are fields 14 and 15, in hundredths.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory of a process in MB. @param {Server} server */
function megabytes({ pid }) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** Runs a script of this folder. @param {string} script @param {string[]} args @param {string} [input] */
async function run(script, args, input = "") {
  const child = spawn(process.execPath, [here(script), ...args], { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  child.stdin.end(input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
  return JSON.parse(text);
}

/** The middle one of an odd number. @param {readonly number[]} numbers */
const median = (numbers) => /** @type {number} */ ([...numbers].sort((a, b) => a - b)[numbers.length >> 1]);

/** @param {Measured[]} measured @returns {Measured} */
function medians(measured) {
  const [{ microseconds: first } = { microseconds: [] }] = measured;
  const loads = measured.flatMap(({ loadMicroseconds }) => (loadMicroseconds === undefined ? [] : [loadMicroseconds]));
  return {
    perSecond: median(measured.map(({ perSecond }) => perSecond)),
    microseconds: first.map((_, i) => median(measured.map(({ microseconds }) => microseconds[i] ?? Number.NaN))),
    ...(loads.length === 0 ? {} : { loadMicroseconds: median(loads) }),
  };
}

/**
 * Uploads to a leader that does nothing else.
 *
 * @param {string} folder
 * @param {string} database
 * @returns {Promise<Measured>}
 */
async function uploads(folder, database) {
  mkdirSync(folder, { recursive: true });
  const { reports, connections, bytes } = UPLOADS;
  const databases = { leader: database, helper: `sqlite:${join(folder, "helper.sqlite")}` };
  const pair = await operators(folder, databases, { PRIO_AGGREGATOR_ROLES: "api" });
  const { id } = await pair.addTask("prio1:256");
  const server = new Server("leader", pair.env.leader, join(folder, "leader.log"));
  await server.start();
  const answer = await fetch(`${pair.urls.leader}/hpke_config`);
  const [config] = decodeHpkeConfigList(new Uint8Array(await answer.arrayBuffer()));
  const { port, pathname } = new URL(`${pair.urls.leader}/tasks/${id}/reports`);
  const load = (/** @type {number} */ count) =>
    run("load.mjs", [port, pathname, config?.id, count, connections, bytes].map(String));
  await load(reports / 10);
  const before = processorSeconds(server);
  const { accepted, others, seconds, processorSeconds: own } = await load(reports);
  const after = processorSeconds(server);
  await server.end("SIGTERM");
  assert.deepEqual([accepted, others, server.fault], [reports, {}, null]);
  const perReport = (/** @type {number} */ time) => (1e6 * time) / reports;
  return { perSecond: reports / seconds, microseconds: [perReport(after - before)], loadMicroseconds: perReport(own) };
}

/** How many reports of a task a server has counted. @param {Record<string, string>} env @param {string} id */
async function counted(env, id) {
  const { tasks } = await statusOf(env);
  return Number(tasks.find((task) => task.id === id)?.counters.aggregated ?? 0);
}

/** @param {string} folder @param {(typeof PAIRS)[number]} what @returns {Promise<Measured[]>} */
async function endToEnd(folder, { vdaf, reports }) {
  mkdirSync(folder, { recursive: true });
  const roles = /** @type {const} */ (["leader", "helper"]);
  const file = (/** @type {string} */ role, run = "") => join(folder, `${role}${run}.sqlite`);
  const databases = { leader: `sqlite:${file("leader")}`, helper: `sqlite:${file("helper")}` };
  const pair = await operators(folder, databases);
  const { id, document } = await pair.addTask(vdaf, ["--max-job-delay", "1s"]);
  const waiting = { ...pair.env.leader, PRIO_AGGREGATOR_ROLES: "api" };
  const both = [
    new Server("leader", waiting, join(folder, "waiting.log")),
    new Server("helper", pair.env.helper, join(folder, "keys.log")),
  ];
  await Promise.all(both.map((server) => server.start()));
  const halves = await Promise.all(
    [0, 1].map(() => run("clients.mjs", [String(reports / 2)], JSON.stringify(document))),
  );
  assert.equal(halves[0] + halves[1], reports);
  await Promise.all(both.map((server) => server.end("SIGTERM")));
  const measured = [];
  for (let i = 0; i < RUNS; i++) {
    // The same reports each time.
    const servers = roles.map((role) => {
      const copy = file(role, `-${i}`);
      copyFileSync(file(role), copy);
      const env = { ...pair.env[role], PRIO_AGGREGATOR_DATABASE: `sqlite:${copy}` };
      return new Server(role, env, join(folder, `${role}-${i}.log`));
    });
    const [leader, helper] = /** @type {[Server, Server]} */ (servers);
    await helper.start();
    await leader.start();
    const start = performance.now();
    const before = servers.map(processorSeconds);
    while ((await counted(leader.env, id)) < reports) await sleep(250);
    const seconds = (performance.now() - start) / 1000;
    const after = servers.map(processorSeconds);
    assert.equal(await counted(helper.env, id), reports);
    await Promise.all(servers.map((server) => server.end("SIGTERM")));
    const microseconds = after.map((time, s) => (1e6 * (time - (before[s] ?? 0))) / reports);
    measured.push({ perSecond: reports / seconds, microseconds });
  }
  return measured;
}

/** @param {string} folder @param {number} reports */
async function memory(folder, reports) {
  mkdirSync(folder, { recursive: true });
  const databases = {
    leader: `sqlite:${join(folder, "leader.sqlite")}`,
    helper: `sqlite:${join(folder, "helper.sqlite")}`,
  };
  const pair = await operators(folder, databases);
  const { id, document } = await pair.addTask("count", ["--max-job-delay", "1s"]);
  const [leader, helper] = /** @type {[Server, Server]} */ (
    /** @type {const} */ (["leader", "helper"]).map(
      (role) => new Server(role, pair.env[role], join(folder, `${role}.log`)),
    )
  );
  await Promise.all([leader.start(), helper.start()]);
  const clients = run("clients.mjs", [String(reports)], JSON.stringify(document));
  const samples = [];
  for (let now = 0; now < reports; ) {
    await sleep(200);
    now = await counted(leader.env, id);
    if (now < ((samples.length + 1) * reports) / SAMPLES) continue;
    samples.push({ reports: now, leaderMb: megabytes(leader), helperMb: megabytes(helper) });
    console.log(samples.at(-1));
  }
  assert.equal(await clients, reports);
  await Promise.all([leader.end("SIGTERM"), helper.end("SIGTERM")]);
  return { reports, samples };
}

/** @param {string} url @param {string} name */
async function createDatabase(url, name) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return url.replace(/\/postgres$/, `/${name}`);
}

/** @returns {Promise<AggregatorRow[]>} */
async function measureUploads() {
  const stores = ["SQLite"];
  const postgres = await startPostgres({ isDurable: true });
  if (postgres === null) console.log("\n  *** no PostgreSQL 15 or later found: it WAS NOT MEASURED ***\n");
  else stores.push("PostgreSQL");
  /** @type {Map<string, Measured[]>} */
  const measured = new Map(stores.map((store) => [store, []]));
  try {
    // By turns.
    for (let i = 0; i < RUNS; i++) {
      for (const store of stores) {
        const folder = join(root, `${store}-${i}`);
        const database =
          postgres === null || store === "SQLite"
            ? `sqlite:${folder}/leader.sqlite`
            : await createDatabase(postgres.url, `run_${i}`);
        const one = await uploads(folder, database);
        measured.get(store)?.push(one);
        console.log(store, one);
        rmSync(folder, { recursive: true });
      }
    }
  } finally {
    await postgres?.stop();
  }
  return stores.map((store) => ({
    ...{ what: `uploads of ${UPLOADS.bytes / 1000} KB`, store, reports: UPLOADS.reports },
    ...medians(measured.get(store) ?? []),
  }));
}

try {
  await buildAggregator();
  const file = here("../results/aggregator.json");
  const old = existsSync(file) ? readResults().aggregator : undefined;
  const before = loadavg()[0] ?? 0;
  if (values.tables) writeReports();
  else if (values.memory !== undefined) {
    const measured = await memory(join(root, "memory"), Number(values.memory));
    if (old !== undefined) {
      save("aggregator", { ...old, memory: measured });
      writeReports();
    }
  } else {
    /** @type {AggregatorRow[]} */
    const rows = [];
    if (values.only !== "pair") rows.push(...(await measureUploads()));
    if (values.only !== "uploads") {
      for (const pair of PAIRS) {
        const folder = join(root, pair.vdaf);
        const measured = await endToEnd(folder, pair);
        console.log(pair.what, measured);
        rows.push({ what: pair.what, store: "SQLite", reports: pair.reports, ...medians(measured) });
        rmSync(folder, { recursive: true });
      }
    }
    console.log(rowsTable(rows));
    if (values.only === undefined) {
      const runtime = `Node ${process.versions.node}`;
      const load = [before, loadavg()[0] ?? 0];
      save("aggregator", { processor, runtime, load, rows, memory: old?.memory ?? { reports: 0, samples: [] } });
      writeReports();
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true });
}
