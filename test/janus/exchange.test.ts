// Reports, jobs and batches between Janus and this project, each in every role: Janus' leader and our helper, our
// leader and Janus' helper; half of the reports of Janus' client and half of ours; one batch for each collector. With
// time intervals, the helper answers at once and has to refuse two reports more; else it answers by and by. The results
// are the plain sums.

import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, Janus, startClient, type Task, type VdafDocument } from "../../scripts/janus/janus.mjs";
import { freePort, startPostgres } from "../../scripts/postgres.mjs";
import * as dap from "../../src/dap/index.js";
import { collectorFetch, documentOf, Ours, uploadBadReports } from "./ours.js";

/** Reports of a batch, half of each client. */
const REPORTS = 100;
const TIME_PRECISION = 300;

const VDAFS: readonly { vdaf: VdafDocument; draw: () => number | number[] }[] = [
  { vdaf: { type: "Prio3Count" }, draw: () => randomInt(2) },
  { vdaf: { type: "Prio3Sum", maxMeasurement: 100_000 }, draw: () => randomInt(100_001) },
  {
    vdaf: { type: "Prio3SumVec", length: 20, maxMeasurement: 255, chunkLength: 10 },
    draw: () => Array.from({ length: 20 }, () => randomInt(256)),
  },
  { vdaf: { type: "Prio3Histogram", length: 30, chunkLength: 6 }, draw: () => randomInt(30) },
];

const random = (size: number): string => randomBytes(size).toString("base64url");

/** What everyone knows of a task but where its aggregators are. */
function newTask(vdaf: VdafDocument, batchMode: Task["batchMode"], urls: { leader: string; helper: string }): Task {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const collector = { id: randomInt(256), publicKey: "", privateKey: "" };
  collector.publicKey = publicKey.export({ format: "jwk" }).x ?? "";
  collector.privateKey = privateKey.export({ format: "jwk" }).d ?? "";
  return {
    ...{
      id: `A${random(32).slice(1)}`,
      ...urls,
      timePrecision: TIME_PRECISION,
      minBatchSize: REPORTS,
      batchMode,
      vdaf,
    },
    helperMode: batchMode === "time-interval" ? "sync" : "async",
    ...{ verifyKey: random(32), collector, leaderToken: random(24), collectorToken: random(24) },
  };
}

const folder = mkdtempSync(join(tmpdir(), "prio-janus-"));
const [janusPort, ourPort] = [await freePort(), await freePort()];
const janusUrl = `http://127.0.0.1:${janusPort}/`;
const ourUrl = `http://127.0.0.1:${ourPort}/`;
const PAIRS = [
  { pair: "Janus' leader, our helper", isOurLeader: false, urls: { leader: janusUrl, helper: ourUrl } },
  { pair: "our leader, Janus' helper", isOurLeader: true, urls: { leader: ourUrl, helper: janusUrl } },
];
/** Jobs of a hundred reports would be 5 MB: more than Janus' helper reads. */
const LONG: VdafDocument = { type: "Prio3SumVec", length: 200, maxMeasurement: 255, chunkLength: 1600 };
const CASES = PAIRS.flatMap(({ pair, isOurLeader, urls }) =>
  VDAFS.flatMap(({ vdaf, draw }) =>
    (["time-interval", "leader-selected"] as const).map((batchMode) => ({
      ...{ pair, isOurLeader, draw, type: vdaf.type, batchMode },
      task: newTask(vdaf, batchMode, urls),
    })),
  ),
);
for (const { pair, isOurLeader, urls } of PAIRS) {
  const draw = () => Array.from({ length: 200 }, () => randomInt(256));
  const task = newTask(LONG, "time-interval", urls);
  CASES.push({ pair, isOurLeader, draw, type: "Prio3SumVec", batchMode: "time-interval", task });
}

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let janus: Janus;
let ours: Ours;
let client: Awaited<ReturnType<typeof startClient>>;

beforeAll(async () => {
  const checkout = process.env["JANUS"] ?? "";
  postgres = await startPostgres({ settings: { max_connections: 300 } });
  if (postgres === null) throw new Error("PostgreSQL 15 or later is needed");
  janus = await Janus.create(checkout, join(folder, "janus"), postgres.url, "janus");
  ours = new Ours(join(folder, "ours"));
  for (const { task, isOurLeader } of CASES) {
    ours.add(task, isOurLeader ? "leader" : "helper");
    if (isOurLeader) task.collectorToken = ours.collectorToken(task);
  }
  await ours.start(ourPort);
  await janus.start(
    janusPort,
    CASES.map(({ task, isOurLeader }) => ({ task, role: isOurLeader ? ("Helper" as const) : ("Leader" as const) })),
  );
  client = await startClient(checkout);
});

afterAll(async () => {
  await Promise.all([client?.stop(), janus?.stop(), ours?.stop()]);
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// At once, as tasks are in one deployment.
describe.concurrent.each(CASES)("$pair: $type, $batchMode", ({ task, draw, isOurLeader }) => {
  const document = documentOf(task);
  const vdaf = dap.vdafFromJSON(task.vdaf as dap.VdafDescription);
  const dapTask = dap.DapTask.fromJSON(document);
  /** The start of the bucket before the last one, in seconds: the first batch is in it, and the second after it. */
  const first = (Math.floor(Date.now() / 1000 / TIME_PRECISION) - 2) * TIME_PRECISION;
  const isTimeInterval = task.batchMode === "time-interval";

  /** Uploads a batch by both clients, and returns the plain sum. */
  async function upload(batch: number): Promise<number[]> {
    const start = first + batch * TIME_PRECISION;
    const time = () => start + randomInt(TIME_PRECISION);
    const measurements = Array.from({ length: REPORTS }, draw);
    const [theirs, own] = [measurements.slice(0, REPORTS / 2), measurements.slice(REPORTS / 2)];
    // A few at once, as clients come.
    for (let i = 0; i < theirs.length; i += 10) {
      await Promise.all(theirs.slice(i, i + 10).map((measurement) => client.upload(task, measurement, time())));
    }
    const ourClient = new dap.DapClient({ task: dapTask, vdaf: vdaf as never });
    const outcomes: { status: string }[] = [];
    // One by one, and several in one request.
    for (const measurement of own.slice(0, 5)) {
      outcomes.push({ status: await ourClient.upload(inputOf(measurement), { time: time() * 1000 }) });
    }
    outcomes.push(...(await ourClient.uploadMany(own.slice(5).map(inputOf), { time: time() * 1000 })));
    expect(outcomes.map(({ status }) => status)).toEqual(own.map(() => "accepted"));
    // A batch that the leader selects might wait for two others in their place.
    if (isTimeInterval) await uploadBadReports(dapTask, inputOf(draw()), time());
    return plainSum(measurements);
  }

  const inputOf = (measurement: number | number[]) =>
    (task.vdaf.type === "Prio3Count" ? measurement === 1 : measurement) as never;

  function plainSum(measurements: readonly (number | number[])[]): number[] {
    const { type, length = 1 } = task.vdaf;
    const vectors = measurements.map((one) =>
      type === "Prio3Histogram" ? Array.from({ length }, (_, bucket) => Number(bucket === one)) : [one].flat(),
    );
    return vectors.reduce((a, b) => a.map((x, i) => x + (b[i] as number)));
  }

  /** Tries again while Janus' leader has no batch to give. */
  async function untilThereIsOne<T>(attempt: () => Promise<T>): Promise<T> {
    for (const end = Date.now() + 120_000; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
      try {
        return await attempt();
      } catch (error) {
        if (isTimeInterval || !/batch/i.test(String(error)) || Date.now() > end) throw error;
      }
    }
  }

  test("each collector gets the plain sum of its batch", async () => {
    const theirs = await upload(0);
    const interval = isTimeInterval ? { start: first, duration: TIME_PRECISION } : undefined;
    const peer = process.env["JANUS_PEER"] ?? "";
    const batch = await untilThereIsOne(() => collect(peer, task, dapTask.encodedConfiguration, interval));
    expect([batch.count, batch.result]).toEqual([REPORTS, theirs]);

    const own = await upload(1);
    const start = (first + TIME_PRECISION) * 1000;
    const keyPair = dap.HpkeKeyPair.fromBytes(task.collector.id, Buffer.from(task.collector.privateKey, "base64url"));
    const collector = new dap.DapCollector({
      ...{ task: dapTask, vdaf: vdaf as dap.CollectedVdaf<unknown>, keyPair, token: task.collectorToken },
      ...(isOurLeader ? {} : { fetch: collectorFetch }),
    });
    const query = isTimeInterval ? { start, end: start + TIME_PRECISION * 1000 } : ("next-batch" as const);
    const { reportCount, result } = await untilThereIsOne(() => collector.collect(query));
    expect([reportCount, [result].flat().map(Number)]).toEqual([REPORTS, own]);
  });
});
