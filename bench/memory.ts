// Measures memory: the peak of encoding the longest report, and what a session keeps of each report. One measurement a
// process, since a peak cannot be taken back; bench/run.mjs bundles this, runs each and writes results/memory.json.

import { Client, Config, generateKeyPair, MemoryReplayRecord, Server, ServerSecret } from "../src/index.js";
import type { GrowthRow, MemoryResults } from "./results.js";

/** The reports that are encoded one after the other, so that garbage which is not collected in time counts. */
const ENCODED = 10;
/** A million, of which the record alone is filled, and what real packets are made of in seconds. */
const RECORDED = 1_000_000;
const REAL = 30_000;

const MB = 2 ** 20;
const peakBytes = () => process.resourceUsage().maxRSS * 1024;

/** What is reachable, in bytes: the heap and the buffers outside it. */
function kept(): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("bench: run with --expose-gc");
  for (let k = 0; k < 3; k++) gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function encoding(): MemoryResults["encoding"] {
  const config = configOf(Config.maxFields).config;
  const client = new Client(config);
  const values = new Uint8Array(config.fields).fill(1);
  const loadedMb = Math.round(process.memoryUsage().rss / MB);
  for (let k = 0; k < ENCODED; k++) client.encode(values);
  return { fields: config.fields, reports: ENCODED, loadedMb, peakMb: Math.round(peakBytes() / MB) };
}

function configOf(fields: number) {
  const keys = { A: generateKeyPair(), B: generateKeyPair() };
  const batch = { batchId: "memory", serverA: keys.A.publicKey, serverB: keys.B.publicKey };
  return { keys, config: new Config({ fields, ...batch }) };
}

/** The replay record as a million reports leave it: one key for a packet, and one for a report id. */
function record(queryPoints: "stream" | "report"): GrowthRow {
  const replays = new MemoryReplayRecord();
  const keysPerReport = queryPoints === "report" ? 2 : 1;
  const key = new Uint8Array(32);
  const add = (reports: number) => {
    for (let k = 0; k < reports * keysPerReport; k++) {
      if (!replays.add(crypto.getRandomValues(key))) throw new Error("bench: a random key came twice");
    }
  };
  add(1);
  return { queryPoints, what: "record", reports: RECORDED, ...growthOf(RECORDED, () => add(RECORDED), replays) };
}

/**
 * Both servers' whole work on real packets; what they keep is server A's and server B's, so half of it is a session's.
 */
function session(queryPoints: "stream" | "report"): GrowthRow {
  const { keys, config } = configOf(10);
  const client = new Client(config);
  const secret = ServerSecret.generate();
  const a = new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints });
  const b = new Server(config, { id: "B", privateKey: keys.B.privateKey, secret, queryPoints });
  const values = new Uint8Array(config.fields).fill(1);
  let id = 0;
  const count = (reports: number) => {
    for (let k = 0; k < reports; k++) {
      const packets = client.encode(values);
      const reportId = queryPoints === "report" ? `report ${id++}` : undefined;
      const verifiers = [a.open(packets.a, reportId), b.open(packets.b, reportId)] as const;
      const [fromA, fromB] = [verifiers[0].verify1(), verifiers[1].verify1()];
      const answers = [verifiers[0].verify2(fromA, fromB), verifiers[1].verify2(fromA, fromB)] as const;
      const [ofA, ofB] = [verifiers[0].check(...answers), verifiers[1].check(...answers)];
      if (ofA === null || ofB === null) throw new Error("bench: an honest report was refused");
      a.aggregate(ofA);
      b.aggregate(ofB);
    }
  };
  // Code and tables that the first reports make are no growth.
  count(2_000);
  const { bytesPerReport } = growthOf(REAL, () => count(REAL), [a, b]);
  return { queryPoints, what: "session", reports: REAL, bytesPerReport: bytesPerReport / 2 };
}

/** What is measured stays reachable from here. */
const alive: object[] = [];

function growthOf(reports: number, run: () => void, measured: object) {
  alive.push(measured);
  const before = kept();
  const peakBefore = peakBytes();
  run();
  const bytesPerReport = (kept() - before) / reports;
  const peakBytesPerReport = (peakBytes() - peakBefore) / reports;
  return { bytesPerReport, peakBytesPerReport };
}

const measurements: Record<string, () => MemoryResults["encoding"] | GrowthRow> = {
  encoding,
  "record-stream": () => record("stream"),
  "record-report": () => record("report"),
  "session-stream": () => session("stream"),
  "session-report": () => session("report"),
};

const measurement = measurements[process.argv[2] ?? ""];
if (measurement === undefined) throw new Error(`bench: expected one of ${Object.keys(measurements).join(", ")}`);
console.log(
  JSON.stringify(measurement(), (_key, x) =>
    typeof x === "number" && !Number.isInteger(x) ? Number(x.toPrecision(4)) : x,
  ),
);
