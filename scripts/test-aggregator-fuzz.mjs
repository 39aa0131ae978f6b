// Structured requests over every endpoint of a leader and a helper, which run as real processes: no answer is above 499
// but 503 with Retry-After, neither process ends or logs an error, no row is left inconsistent, and afterwards a task
// is served as ever. `--requests N` and `--seed N` say how many and which. Run `npm run build` first.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DapClient, DapCollector, decodeHpkeConfigList, HpkeKeyPair, vdafFromJSON } from "../dist/dap/index.js";
import { ALL_KINDS, generator, PUBLIC_KINDS, TaskFuzzer } from "./aggregator-fuzz-messages.mjs";
import { buildAggregator, operators, Server } from "./aggregator-pair.mjs";

const REQUESTS = 100_000;
const AT_ONCE = 48;
const TIME = Date.UTC(2026, 5, 1);

const { values } = parseArgs({ options: { requests: { type: "string" }, seed: { type: "string" } } });
const requests = Number(values.requests ?? REQUESTS);
const seed = Number(values.seed ?? randomInt(2 ** 32));
const folder = mkdtempSync(join(tmpdir(), "prio-fuzz-"));

/** @typedef {{ status: number, location: string | null, retryAfter: string | null, body: Buffer }} Reply */

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

/** @param {string} url @param {import("./aggregator-fuzz-messages.mjs").Request} request @returns {Promise<Reply>} */
function send(url, { method, path, headers, body }) {
  return new Promise((resolve, reject) => {
    // As it is: no library makes the path better.
    const { hostname, port, pathname } = new URL(url);
    const length = body === null ? {} : { "content-length": String(body.length) };
    const options = { agent, hostname, port, method, path: pathname + path, headers: { ...headers, ...length } };
    const asked = httpRequest(options, (answer) => {
      /** @type {Buffer[]} */
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const { location = null, "retry-after": retryAfter = null } = answer.headers;
        resolve({ status: answer.statusCode ?? 0, location, retryAfter, body: Buffer.concat(chunks) });
      });
    });
    asked.on("error", reject);
    asked.end(body ?? undefined);
  });
}

/** The rows of a store, which nothing else has open. @param {string} path */
async function openDatabase(path) {
  const builtIn = process.getBuiltinModule?.("node:sqlite");
  const { DatabaseSync } = /** @type {any} */ (builtIn ?? (await import("@photostructure/sqlite")));
  const database = new DatabaseSync(path);
  return {
    /** @param {string} sql @returns {any[]} */
    all: (sql) => database.prepare(sql).all(),
    close: () => database.close(),
  };
}

/** What holds in every store, whatever was asked. @param {string} path @param {string} role */
async function checkRows(path, role) {
  const database = await openDatabase(path);
  const none = (/** @type {string} */ what, /** @type {string} */ sql) =>
    assert.deepEqual(database.all(sql).slice(0, 3), [], `${role}: ${what}`);
  assert.equal(database.all("PRAGMA integrity_check")[0]?.integrity_check, "ok");
  none("a report without its content", "SELECT id FROM reports WHERE seq NOT IN (SELECT seq FROM report_contents)");
  none("a content without its report", "SELECT seq FROM report_contents WHERE seq NOT IN (SELECT seq FROM reports)");
  none(
    "a report in a job that is not there or has ended",
    `SELECT r.id FROM reports r LEFT JOIN jobs j ON j.task = r.task AND j.kind = 'aggregate' AND j.id = r.job
     WHERE r.job IS NOT NULL AND (j.id IS NULL OR j.ended = 1)`,
  );
  none(
    "a report in a job that is not in the replay record",
    `SELECT id FROM reports r WHERE job IS NOT NULL AND NOT EXISTS
     (SELECT 1 FROM replay_keys k WHERE k.task = r.task AND k.id = r.id)`,
  );
  none("messages without a job", "SELECT job FROM job_messages WHERE job NOT IN (SELECT seq FROM jobs)");
  none("an ended job that is leased", "SELECT seq FROM jobs WHERE ended = 1 AND lease_token IS NOT NULL");
  none(
    "a partial aggregate without a job",
    `SELECT p.job FROM partials p WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.task = p.task AND j.id = p.job)`,
  );
  none(
    "a partial aggregate in a collected batch",
    `SELECT p.job FROM partials p JOIN collected c
     ON c.task = p.task AND p.bucket >= c.from_bucket AND p.bucket < c.to_bucket`,
  );
  none(
    "batches that overlap",
    `SELECT a.task FROM collected a JOIN collected b ON a.task = b.task AND a.from_bucket < b.from_bucket
     AND b.from_bucket < a.to_bucket`,
  );
  none(
    "reports that were counted and are in no batch",
    `SELECT t.key, a.n, c.n, p.n FROM tasks t
     LEFT JOIN counters a ON a.task = t.key AND a.name = 'aggregated'
     LEFT JOIN counters c ON c.task = t.key AND c.name = 'collected'
     LEFT JOIN (SELECT task, sum(count) AS n FROM partials GROUP BY task) p ON p.task = t.key
     WHERE coalesce(a.n, 0) <> coalesce(c.n, 0) + coalesce(p.n, 0)`,
  );
  none(
    "more counted reports than ids",
    `SELECT t.key FROM tasks t JOIN counters a ON a.task = t.key AND a.name = 'aggregated'
     WHERE a.n > (SELECT count(*) FROM replay_keys k WHERE k.task = t.key)`,
  );
  const counted = database.all("SELECT name, sum(n) AS n FROM counters GROUP BY name ORDER BY name");
  database.close();
  return counted.map(({ name, n }) => `${name} ${n}`).join(", ");
}

/** A task that works as if nothing had been. @param {any} made */
async function serveAsEver({ document, token, collectorKey }) {
  const vdaf = /** @type {any} */ (vdafFromJSON(document.vdaf));
  const sleep = () => new Promise((resolve) => setTimeout(resolve, 100));
  const client = new DapClient({ task: document, vdaf, sleep });
  await client.uploadMany(new Array(20).fill([true]), { time: TIME });
  const { hpkeConfig, privateKey } = JSON.parse(collectorKey);
  const [id = 0] = Buffer.from(hpkeConfig, "base64url");
  const keyPair = HpkeKeyPair.fromBytes(id, Buffer.from(privateKey, "base64url"));
  const collector = new DapCollector({ task: document, vdaf, keyPair, token, sleep });
  const { reportCount, result } = await collector.collect({ start: TIME, end: TIME + 3_600_000 });
  assert.deepEqual({ reportCount, result }, { reportCount: 20, result: [20n] });
}

async function fuzz() {
  const started = Date.now();
  const random = generator(seed);
  const file = (/** @type {string} */ role) => join(folder, `${role}.sqlite`);
  const databases = { leader: `sqlite:${file("leader")}`, helper: `sqlite:${file("helper")}` };
  const pair = await operators(folder, databases, { PRIO_AGGREGATOR_LOG_LEVEL: "warn" });
  const delay = ["--max-job-delay", "1s"];
  const selected = ["--batch-mode", "leader-selected"];
  const tasks = [
    await pair.addTask("count", delay),
    await pair.addTask("prio1:1", [...delay, ...selected]),
    await pair.addTask("prio1:1", delay),
    await pair.addTask("count", delay),
    await pair.addTask("count", [...delay, ...selected]),
    await pair.addTask("prio1:1", [...delay, ...selected], ["--helper-mode", "async"]),
  ];
  const last = await pair.addTask("prio1:1", delay);
  const servers = /** @type {const} */ (["leader", "helper"]).map(
    (role) => new Server(role, { ...pair.env[role], PRIO_AGGREGATOR_LOG_LEVEL: "info" }, join(folder, `${role}.log`)),
  );
  await Promise.all(servers.map((server) => server.start()));
  const configsOf = async (/** @type {string} */ url) => {
    const answer = await fetch(`${url}/hpke_config`);
    return decodeHpkeConfigList(new Uint8Array(await answer.arrayBuffer()))[0];
  };
  const configs = { leader: await configsOf(pair.urls.leader), helper: await configsOf(pair.urls.helper) };
  // Where somebody else plays the leader too, the two aggregators disagree: two tasks are left to the true one.
  const fuzzers = tasks.map(
    (made, i) => new TaskFuzzer(random, made, configs, TIME / 1000, i < 2 ? PUBLIC_KINDS : ALL_KINDS),
  );

  /** @type {Map<string, number>} */
  const seen = new Map();
  let left = requests;
  const work = async () => {
    while (left-- > 0) {
      const next = random.of(fuzzers).next();
      const isForLeader = /\/reports|\/collection_jobs/.test(next.path) !== random.chance(0.02);
      const reply = await send(isForLeader ? pair.urls.leader : pair.urls.helper, next);
      next.answered(reply.status, reply.location, reply.body);
      const name = `${next.method} ${/\/tasks\/[^/]*\/([a-z_]+)/.exec(next.path)?.[1] ?? "elsewhere"}`;
      const key = `${name} ${reply.status}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      const isByDesign = reply.status < 500 || (reply.status === 503 && reply.retryAfter !== null);
      assert.ok(isByDesign, `${next.method} ${next.path}: ${reply.status} ${reply.body}`);
      if (reply.status >= 400 && next.method !== "HEAD") JSON.parse(reply.body.toString());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  await serveAsEver(last);

  await Promise.all(servers.map((server) => server.end("SIGTERM")));
  for (const server of servers) {
    assert.equal(server.fault, null);
    const errors = server
      .lines()
      .filter(({ level, msg }) => /error|fatal/.test(`${level}`) && msg !== "batch disputed");
    assert.deepEqual(errors, [], `${server.name} logged errors`);
  }
  for (const [key, count] of [...seen].sort()) console.log(`  ${String(count).padStart(6)} ${key}`);
  for (const { name } of servers) console.log(`  ${name}: ${await checkRows(file(name), name)}`);
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(
    `fuzz: ${requests} requests of seed ${seed}, and not one answer, line or row that should not be (${seconds} s)`,
  );
}

try {
  await buildAggregator();
  await fuzz();
  rmSync(folder, { recursive: true, force: true });
} catch (error) {
  console.error(`fuzz: seed ${seed}; databases and logs are left in ${folder}`);
  throw error;
} finally {
  agent.destroy();
}
