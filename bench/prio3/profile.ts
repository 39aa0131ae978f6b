// Where the time of a step goes (run.mjs --profile): samples this package's steps with V8's profiler, and says how many
// of the samples were in which part of the code, in percent.
//
//   profile.mjs TYPE [NUMBERS]      for example: profile.mjs Prio3SumVec 1000 1 33

import { readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";
import { runtimeVersion } from "../clock.js";
import type { Prio3Part, Prio3Profile } from "../results.js";
import { ctx, key, workOf } from "./work.js";

/** How long a step runs before it is sampled, and how long it is sampled. */
const WARM_UP_MS = 3000;
const SAMPLED_MS = 4000;
const INTERVAL_US = 200;

/** The bundle says where the code of each source begins. */
const bundle = readFileSync(fileURLToPath(import.meta.url), "utf8").split("\n");

/** The source of a line of the bundle. @param line from 0 */
function sourceOf(line: number): string {
  for (let i = line; i >= 0; i--) {
    const source = /^\/\/ (\S+\.ts)$/.exec(bundle[i] ?? "")?.[1];
    if (source !== undefined) return source;
  }
  return "";
}

/** The part of the code that a sample was in. */
function partOf({ functionName, url, lineNumber }: Profiler.ProfileNode["callFrame"]): Prio3Part {
  if (functionName === "(garbage collector)") return "collector";
  // `run` is the job that draws the bytes.
  if (!url.startsWith("file:")) return /random|^run$/i.test(functionName) ? "random" : "rest";
  const source = sourceOf(lineNumber);
  if (source.includes("src/crypto/")) return "xof";
  if (/^(read|write)|[dn]codeVector/.test(functionName) || source.endsWith("core/bytes.ts")) return "bytes";
  if (/core\/limbs\d+\.ts$/.test(source)) return "arithmetic";
  if (source.endsWith("core/random.ts")) return "random";
  return source.includes("src/core/") ? "vectors" : "rest";
}

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.setSamplingInterval", { interval: INTERVAL_US });

/** Repeats a step for some time. */
function repeat(step: () => unknown, ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; ) for (let i = 0; i < 10; i++) step();
}

async function profile(step: () => unknown): Promise<Record<Prio3Part, number>> {
  repeat(step, WARM_UP_MS);
  await session.post("Profiler.start");
  repeat(step, SAMPLED_MS);
  const { nodes, samples = [] } = (await session.post("Profiler.stop")).profile;
  const parts = new Map(nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]));
  const counts = { xof: 0, arithmetic: 0, bytes: 0, vectors: 0, collector: 0, random: 0, rest: 0 };
  for (const id of samples) counts[parts.get(id) ?? "rest"]++;
  const percent = (count: number) => Math.round((100 * count) / samples.length);
  return Object.fromEntries(Object.entries(counts).map(([part, n]) => [part, percent(n)])) as typeof counts;
}

const [, , type = "", ...numbers] = process.argv;
const { vdaf, measurement } = workOf(type, numbers.map(Number));
const nonce = new Uint8Array(vdaf.nonceSize);
const { publicShare, inputShares } = vdaf.shard(ctx, measurement, nonce);
const init = (id: number) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, inputShares[id] as Uint8Array);
const result: Prio3Profile = {
  version: runtimeVersion(),
  percent: {
    shard: await profile(() => vdaf.shard(ctx, measurement, nonce)),
    leader: await profile(() => init(0)),
    helper: await profile(() => init(1)),
  },
};
console.log(JSON.stringify(result));
