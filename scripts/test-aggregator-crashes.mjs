// Leader and helper as real processes that are killed by SIGKILL again and again while reports come in, are aggregated
// and collected: on SQLite, and on PostgreSQL with two workers a side. Every report is counted once at both, and the
// totals are the plain sums. `sqlite` or `postgres` as an argument runs that part alone, `--kills N` says how often.
// Run `npm run build` first. Says in one line where there is no PostgreSQL.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DapClient, DapCollector, HpkeKeyPair, vdafFromJSON } from "../dist/dap/index.js";
import { buildAggregator, operators, Server, statusOf } from "./aggregator-pair.mjs";
import { startPostgres } from "./postgres.mjs";

/** Of all processes together, and the reports of all tasks. */
const KILLS = 200;
const REPORTS = 5000;
/** Reports of one upload: an upload is whole in the store, or not at all. */
const AT_ONCE = 20;
/** Milliseconds for which a process lives after it serves, at most. */
const LIFE = 700;
const HOUR = 3_600_000;
const TIME = Date.UTC(2026, 5, 1);

const { values, positionals } = parseArgs({ allowPositionals: true, options: { kills: { type: "string" } } });
const kills = Number(values.kills ?? KILLS);
const root = mkdtempSync(join(tmpdir(), "prio-crashes-"));

/** Little patience: what a dead worker had is free after a few seconds. */
const SETTINGS = {
  PRIO_AGGREGATOR_DRIVER_LEASE_SECONDS: "3",
  PRIO_AGGREGATOR_DRIVER_LONGEST_WAIT: "2",
  PRIO_AGGREGATOR_LOG_LEVEL: "info",
  PRIO_AGGREGATOR_CLEAN_SECONDS: "5",
};

/** @typedef {Awaited<ReturnType<typeof operators>>} Operators */
/** @typedef {Awaited<ReturnType<Operators["addTask"]>>} Task */

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Measurements of a task, uploaded a few at a time, each until the leader says that it has them. @param {Task} task */
function clientOf({ id, document }) {
  const vdaf = /** @type {any} */ (vdafFromJSON(document.vdaf));
  const client = new DapClient({ task: document, vdaf, tries: 1000, sleep: () => sleep(100), timeout: 10_000 });
  const isCount = document.vdaf.type === "Prio3Count";
  const sum = { reports: 0, ones: 0 };
  return {
    id,
    sum,
    result: () => (isCount ? BigInt(sum.ones) : [BigInt(sum.ones)]),
    async upload() {
      const bits = Array.from({ length: AT_ONCE }, () => randomInt(2) === 1);
      const outcomes = await client.uploadMany(isCount ? bits : bits.map((bit) => [bit]), {
        time: TIME + randomInt(4) * HOUR,
      });
      for (const { status, error } of outcomes) if (status !== "accepted") throw error;
      sum.reports += bits.length;
      sum.ones += bits.filter((bit) => bit).length;
    },
  };
}

/** @param {Task} task */
function collectorOf({ document, token, collectorKey }) {
  const { hpkeConfig, privateKey } = JSON.parse(collectorKey);
  const [id = 0] = Buffer.from(hpkeConfig, "base64url");
  const keyPair = HpkeKeyPair.fromBytes(id, Buffer.from(privateKey, "base64url"));
  const vdaf = /** @type {any} */ (vdafFromJSON(document.vdaf));
  return new DapCollector({ task: document, vdaf, keyPair, token, tries: 1000, sleep: () => sleep(250) });
}

/**
 * Kills one of the servers after the other, at random moments, and starts it again, until `isEnough`.
 *
 * @param {Server[]} servers
 * @param {() => boolean} isEnough
 * @param {() => void} killed
 */
async function killAgainAndAgain(servers, isEnough, killed) {
  // Each server has its own life and death, so that both sides are down at the same time now and then.
  await Promise.all(
    servers.map(async (server) => {
      while (!isEnough()) {
        await sleep(randomInt(LIFE));
        if (isEnough()) return;
        await server.end("SIGKILL");
        killed();
        await sleep(randomInt(100));
        await server.start();
      }
    }),
  );
}

/**
 * @param {string} name
 * @param {Record<"leader" | "helper", string>} databases
 * @param {boolean} hasWorkers whether each side has a second process
 */
async function run(name, databases, hasWorkers) {
  const started = Date.now();
  const folder = join(root, name);
  mkdirSync(folder);
  const pair = await operators(folder, databases, SETTINGS);
  const tasks = [
    await pair.addTask("prio1:1", ["--max-job-delay", "1s"], ["--helper-mode", "sync"]),
    await pair.addTask("prio1:1", ["--max-job-delay", "1s"], ["--helper-mode", "async"]),
    await pair.addTask("count", ["--max-job-delay", "1s"], ["--helper-mode", "async"]),
    await pair.addTask("count", ["--max-job-delay", "1s", "--batch-mode", "leader-selected"]),
  ];
  const servers = /** @type {const} */ (["leader", "helper"]).flatMap((role) => {
    const worker = {
      ...pair.env[role],
      PRIO_AGGREGATOR_ROLES: "driver,cleaner",
      PRIO_AGGREGATOR_ADMIN_LISTEN: "127.0.0.1:0",
    };
    return [
      new Server(role, pair.env[role], join(folder, `${role}.log`)),
      ...(hasWorkers ? [new Server(`${role}'s worker`, worker, join(folder, `${role}-worker.log`))] : []),
    ];
  });
  await Promise.all(servers.map((server) => server.start()));

  const clients = tasks.map(clientOf);
  let died = 0;
  let uploads = 0;
  const all = REPORTS / AT_ONCE;
  // Reports come all the time, in step with the kills, so that there is work at each of them.
  const uploading = async () => {
    while (uploads < all) {
      if (uploads * kills > died * all) await sleep(20);
      else {
        const client = /** @type {ReturnType<typeof clientOf>} */ (clients[uploads++ % clients.length]);
        await client.upload();
      }
    }
  };
  await Promise.all([
    uploading(),
    killAgainAndAgain(
      servers,
      () => died >= kills,
      () => {
        died++;
      },
    ),
  ]);

  // The results, while processes die still; leader-selected batches until all reports are in one.
  let isCollected = false;
  const late = { kills: 0 };
  const collecting = Promise.all(
    tasks.map(async (task, i) => {
      const { sum, result } = /** @type {ReturnType<typeof clientOf>} */ (clients[i]);
      const collector = collectorOf(task);
      if (task.document.batchMode === "time-interval") {
        const collected = await collector.collect({ start: TIME, end: TIME + 4 * HOUR });
        assert.equal(collected.reportCount, sum.reports);
        assert.deepEqual(collected.result, result());
        return;
      }
      const total = { reports: 0, ones: 0n };
      while (total.reports < sum.reports) {
        const collected = await collector.collect("next-batch");
        total.reports += collected.reportCount;
        total.ones += /** @type {bigint} */ (collected.result);
      }
      assert.deepEqual(total, { reports: sum.reports, ones: BigInt(sum.ones) });
    }),
  ).finally(() => {
    isCollected = true;
  });
  await sleep(3000);
  await killAgainAndAgain(
    servers.slice(0, 1),
    () => isCollected || late.kills >= 5,
    () => {
      late.kills++;
    },
  );
  await collecting;

  for (const role of /** @type {const} */ (["leader", "helper"])) {
    const status = await statusOf(pair.env[role]);
    for (const task of status.tasks) {
      const client = clients.find(({ id }) => id === task.id);
      const { counters } = task;
      assert.equal(counters.aggregated, client?.sum.reports, `${role}: ${JSON.stringify(counters)}`);
      assert.equal(counters.collected, client?.sum.reports);
      assert.equal(counters.abandoned ?? 0, 0);
    }
  }
  await Promise.all(servers.map((server) => server.end("SIGTERM")));
  for (const server of servers) {
    assert.equal(server.fault, null);
    const errors = server.lines().filter(({ level }) => level === "error" || level === "fatal");
    assert.deepEqual(errors, [], `${server.name} logged errors`);
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(
    `crashes on ${name}: ${died + late.kills} kills, ${REPORTS} reports of ${tasks.length} tasks counted once at ` +
      `both, the totals are the plain sums (${seconds} s)`,
  );
}

/** A database of its own in a cluster. @param {string} url @param {string} name */
async function createDatabase(url, name) {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return url.replace(/\/postgres$/, `/${name}`);
}

try {
  const [only] = positionals;
  await buildAggregator();
  if (only !== "postgres") {
    const file = (/** @type {string} */ role) => `sqlite:${join(root, `${role}.sqlite`)}`;
    await run("SQLite", { leader: file("leader"), helper: file("helper") }, false);
  }
  const postgres = only === "sqlite" ? null : await startPostgres({ isDurable: true });
  if (postgres !== null) {
    try {
      const leader = await createDatabase(postgres.url, "leader");
      const helper = await createDatabase(postgres.url, "helper");
      await run("PostgreSQL", { leader, helper }, true);
    } finally {
      await postgres.stop();
    }
  } else if (only !== "sqlite") {
    console.log("\n  *** no PostgreSQL 15 or later found: the crashes on PostgreSQL DID NOT RUN ***\n");
  }
  rmSync(root, { recursive: true, force: true });
} catch (error) {
  console.error(`crashes: databases and logs are left in ${root}`);
  throw error;
}
