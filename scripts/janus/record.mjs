// Records what two Janus say to each other, to their client and to their collector, with the keys that open it, into
// vectors/janus/. JANUS names the checkout (see janus.mjs). Run `npm run build` first.

import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startPostgres } from "../postgres.mjs";
import { collect, Janus, startClient, TASK_INFO } from "./janus.mjs";
import { buildPeer } from "./peer.mjs";
import { Recorder } from "./recorder.mjs";

const REPORTS = 8;
const TIME_PRECISION = 300;

const checkout = process.env["JANUS"];
if (checkout === undefined) throw new Error("JANUS must name a checkout of Janus that was built");
const vectors = fileURLToPath(new URL("../../vectors/janus/", import.meta.url));

/**
 * @typedef {object} Kind
 * @property {string} name
 * @property {"time-interval" | "leader-selected"} batchMode
 * @property {import("./janus.mjs").VdafDocument} vdaf
 * @property {() => number | number[]} draw
 */

/** @type {Kind[]} */
const kinds = [
  { name: "count", batchMode: "time-interval", vdaf: { type: "Prio3Count" }, draw: () => randomInt(2) },
  {
    name: "sum",
    batchMode: "time-interval",
    vdaf: { type: "Prio3Sum", maxMeasurement: 1000 },
    draw: () => randomInt(1001),
  },
  {
    name: "sum-vec",
    batchMode: "time-interval",
    vdaf: { type: "Prio3SumVec", length: 5, maxMeasurement: 100, chunkLength: 4 },
    draw: () => Array.from({ length: 5 }, () => randomInt(101)),
  },
  {
    name: "histogram",
    batchMode: "leader-selected",
    vdaf: { type: "Prio3Histogram", length: 7, chunkLength: 3 },
    draw: () => randomInt(7),
  },
];

/** The task's configuration, encoded (DAP-18, section 4.2). @param {import("./janus.mjs").Task} task */
function encoded({ leader, helper, timePrecision, minBatchSize, batchMode, vdaf }) {
  const number = (/** @type {number} */ value, /** @type {number} */ size) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes.subarray(8 - size);
  };
  const opaque = (/** @type {Buffer} */ bytes, /** @type {number} */ size) => [number(bytes.length, size), bytes];
  const { type, length = 0, maxMeasurement = 0, chunkLength = 0 } = vdaf;
  const types = ["Prio3Count", "Prio3Sum", "Prio3SumVec", "Prio3Histogram"];
  const parameters = [
    [],
    [number(maxMeasurement, 8)],
    [number(length, 4), number(maxMeasurement, 8), number(chunkLength, 4)],
    [number(length, 4), number(chunkLength, 4)],
  ];
  const id = types.indexOf(type);
  return Buffer.concat([
    ...opaque(Buffer.from(TASK_INFO), 1),
    ...opaque(Buffer.from(leader), 2),
    ...opaque(Buffer.from(helper), 2),
    number(timePrecision, 8),
    number(minBatchSize, 8),
    number(batchMode === "time-interval" ? 1 : 2, 1),
    ...opaque(Buffer.alloc(0), 2),
    number(id + 1, 4),
    ...opaque(Buffer.concat(parameters[id] ?? []), 2),
    ...opaque(Buffer.alloc(0), 2),
  ]);
}

const random = (/** @type {number} */ size) => randomBytes(size).toString("base64url");

function collectorKey() {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const [open, hidden] = [publicKey.export({ format: "jwk" }), privateKey.export({ format: "jwk" })];
  return { id: randomInt(256), publicKey: open.x ?? "", privateKey: hidden.d ?? "" };
}

const peer = buildPeer(checkout);
const folder = mkdtempSync(join(tmpdir(), "prio-janus-"));
const postgres = await startPostgres({ settings: { max_connections: 300 } });
if (postgres === null) throw new Error("PostgreSQL must be installed");
const [leaderSide, helperSide] = [await new Recorder().start(), await new Recorder().start()];
const leader = await Janus.create(checkout, join(folder, "leader"), postgres.url, "leader");
const helper = await Janus.create(checkout, join(folder, "helper"), postgres.url, "helper");
/** @type {Awaited<ReturnType<typeof startClient>> | undefined} */
let client;
try {
  const tasks = kinds.map((kind) => ({
    ...kind,
    /** @type {import("./janus.mjs").Task} */
    task: {
      id: random(32),
      leader: leaderSide.url,
      helper: helperSide.url,
      timePrecision: TIME_PRECISION,
      minBatchSize: REPORTS,
      batchMode: kind.batchMode,
      vdaf: kind.vdaf,
      verifyKey: random(32),
      collector: collectorKey(),
      leaderToken: random(16),
      collectorToken: random(16),
    },
  }));
  const [leaderPort, helperPort] = [await freePort(), await freePort()];
  await leader.start(
    leaderPort,
    tasks.map(({ task }) => ({ task, role: /** @type {const} */ ("Leader") })),
  );
  await helper.start(
    helperPort,
    tasks.map(({ task }) => ({ task, role: /** @type {const} */ ("Helper") })),
  );
  leaderSide.target = leader.url;
  helperSide.target = helper.url;
  client = await startClient(checkout);
  const [, version = "?"] = /version = "([^"]*)"/.exec(readFileSync(join(checkout, "Cargo.toml"), "utf8")) ?? [];
  mkdirSync(vectors, { recursive: true });
  for (const { name, task, draw } of tasks) {
    const measurements = Array.from({ length: REPORTS }, draw);
    const now = Math.floor(Date.now() / 1000);
    const start = now - (now % TIME_PRECISION) - TIME_PRECISION;
    for (const measurement of measurements)
      await client.upload(task, measurement, start + randomInt(2 * TIME_PRECISION));
    const interval = task.batchMode === "time-interval" ? { start, duration: 2 * TIME_PRECISION } : undefined;
    let collected;
    // A leader-selected batch can be collected once the leader has filled one.
    for (const end = Date.now() + 60_000; collected === undefined; ) {
      try {
        collected = await collect(peer, task, encoded(task), interval);
      } catch (error) {
        if (!String(error).includes("The batch implied by the query is invalid") || Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
    const of = (/** @type {Recorder} */ side, /** @type {string} */ method, /** @type {string} */ resource) =>
      side.exchanges
        .filter((exchange) => exchange.method === method && exchange.path.startsWith(`/tasks/${task.id}/${resource}`))
        .map(({ path, requestType, request, status, responseType, response }) => ({
          path,
          ...(requestType === undefined ? {} : { requestType, request: request.toString("hex") }),
          status,
          ...(responseType === undefined ? {} : { responseType }),
          response: response.toString("hex"),
        }));
    const finished = of(leaderSide, "GET", "collection_jobs").filter(({ response }) => response !== "");
    const { leaderToken, collectorToken, collector, ...publicPart } = task;
    const file = {
      program: `Janus ${version} (DAP-18 in progress): two aggregators, client and collector`,
      task: { ...publicPart, taskInfo: TASK_INFO, configuration: encoded(task).toString("hex") },
      collector: {
        id: collector.id,
        publicKey: Buffer.from(collector.publicKey, "base64url").toString("hex"),
        privateKey: Buffer.from(collector.privateKey, "base64url").toString("hex"),
      },
      hpkeKeys: { leader: await leader.hpkeKeys(), helper: await helper.hpkeKeys() },
      hpkeConfigs: [leaderSide, helperSide].map((side) =>
        side.exchanges.find(({ path }) => path === "/hpke_config")?.response.toString("hex"),
      ),
      measurements,
      uploads: of(leaderSide, "POST", "reports"),
      aggregationJobs: of(helperSide, "PUT", "aggregation_jobs"),
      aggregateShares: of(helperSide, "PUT", "aggregate_shares"),
      collectionJobs: { created: of(leaderSide, "PUT", "collection_jobs"), finished: finished.slice(-1) },
      count: collected.count,
      result: collected.result,
    };
    writeFileSync(join(vectors, `${name}.json`), `${JSON.stringify(file, null, 1)}\n`);
    console.log(`${name}: ${collected.count} reports, result ${collected.result.join(",")}`);
  }
} finally {
  await Promise.all([client?.stop(), leader.stop(), helper.stop(), leaderSide.stop(), helperSide.stop()]);
  await postgres.stop();
  if (process.env["KEEP"] === undefined) rmSync(folder, { recursive: true, force: true });
  else console.log(folder);
}
