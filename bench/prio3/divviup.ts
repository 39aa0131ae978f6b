// The measurement of `@divviup/prio3`, which speaks draft 08 (run.mjs installs it). It is asked and answers as
// program.ts, and differs where that package does: verification reads no bytes, but starts from what sharding left in
// memory, where the helper's shares are expanded already.
//
//   divviup.mjs PATH TYPE [NUMBERS]      PATH: of the package's module

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { startClocks } from "../clock.js";
import type { Duration, Prio3Block } from "../results.js";

/** What is used of the package. Only its users know the types of what goes through. */
interface Vdaf {
  readonly randSize: number;
  readonly verifyKeySize: number;
  shard(measurement: unknown, nonce: Buffer, rand: Buffer): Promise<Shards>;
  encodePublicShare(share: unknown): Buffer;
  encodeInputShare(share: unknown): Buffer;
  prepareInit(
    key: Buffer,
    id: number,
    parameter: null,
    nonce: Buffer,
    publicShare: unknown,
    inputShare: unknown,
  ): Promise<Preparation>;
  encodePreparationShare(share: unknown): Buffer;
  unshardPreparationShares(parameter: null, shares: unknown[]): Promise<unknown>;
  prepareNext(state: unknown, message: unknown): { outputShare: unknown };
  aggregate(parameter: null, outputs: unknown[]): unknown;
  unshard(parameter: null, shares: unknown[], count: number): unknown;
}
interface Shards {
  readonly publicShare: unknown;
  readonly inputShares: unknown[];
}
interface Preparation {
  readonly preparationState: unknown;
  readonly preparationShare: unknown;
}

const [, , path = "", type = "", ...numbers] = process.argv;
const [a = 0, b = 0, chunkLength = 0] = numbers.map(Number);
const module = (await import(pathToFileURL(path).href)) as Record<string, new (options: object) => Vdaf>;
const bits = (max: number) => Math.log2(max + 1);

/** As in program.ts: the options, the measurement, and what it adds to the result. */
function workOf(): [options: object, measurement: unknown, values: readonly number[]] {
  const list = (value: (i: number) => number) => Array.from({ length: a }, (_, i) => value(i));
  switch (type) {
    case "Prio3Count":
      return [{}, true, [1]];
    case "Prio3Sum":
      return [{ bits: bits(a) }, Math.floor(a / 3), [Math.floor(a / 3)]];
    case "Prio3Histogram":
      return [{ length: a, chunkLength: b }, 1, list((i) => Number(i === 1))];
    case "Prio3SumVec": {
      const alternating = list((i) => i % 2);
      return [{ length: a, bits: bits(b), chunkLength }, alternating, alternating];
    }
    default:
      throw new Error(`bench: @divviup/prio3 has no ${type}`);
  }
}
const [options, measurement, values] = workOf();
const vdaf = new (module[type] as (typeof module)[string])({ shares: 2, ...options });

const key = Buffer.alloc(vdaf.verifyKeySize, 1);
const totals: unknown[] = [vdaf.aggregate(null, []), vdaf.aggregate(null, [])];
/** Reports of the blocks before. */
let counted = 0;

async function step<T>(duration: Duration, reports: number, one: (i: number) => Promise<T> | T): Promise<T[]> {
  const results = new Array<T>(reports);
  const stop = startClocks();
  for (let i = 0; i < reports; i++) results[i] = await one(i);
  stop(duration);
  return results;
}

const at = <T>(list: readonly T[], i: number): T => list[i] as T;

async function runBlock(reports: number): Promise<Prio3Block> {
  const block: Prio3Block = { shard: [0, 0], leader: [0, 0], helper: [0, 0], finish: [0, 0] };
  const nonces = Array.from({ length: reports }, (_, i) => {
    const nonce = Buffer.alloc(16);
    nonce.writeUInt32LE(counted + i);
    return nonce;
  });
  counted += reports;
  const sent = await step(block.shard, reports, async (i) => {
    const rand = crypto.getRandomValues(Buffer.alloc(vdaf.randSize));
    const shards = await vdaf.shard(measurement, at(nonces, i), rand);
    vdaf.encodePublicShare(shards.publicShare);
    for (const share of shards.inputShares) vdaf.encodeInputShare(share);
    return shards;
  });
  const init = (duration: Duration, id: number) =>
    step(duration, reports, async (i) => {
      const { publicShare, inputShares } = at(sent, i);
      const preparation = await vdaf.prepareInit(key, id, null, at(nonces, i), publicShare, inputShares[id]);
      vdaf.encodePreparationShare(preparation.preparationShare);
      return preparation;
    });
  const [led, helped] = [await init(block.leader, 0), await init(block.helper, 1)];
  const add = (id: number, state: unknown, message: unknown) => {
    totals[id] = vdaf.aggregate(null, [totals[id], vdaf.prepareNext(state, message).outputShare]);
  };
  const messages = await step(block.finish, reports, async (i) => {
    const { preparationState, preparationShare } = at(helped, i);
    const message = await vdaf.unshardPreparationShares(null, [at(led, i).preparationShare, preparationShare]);
    add(1, preparationState, message);
    return message;
  });
  for (const [i, { preparationState }] of led.entries()) add(0, preparationState, messages[i]);
  return block;
}

function checkResult(): void {
  const expected = values.map((value) => BigInt(value) * BigInt(counted));
  if (String(vdaf.unshard(null, totals, counted)) !== String(expected)) {
    throw new Error("bench: the result is not that of the measurements");
  }
}

console.log(JSON.stringify({ version: "@divviup/prio3 0.8.0" }));
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await runBlock(Number(line))));
}
checkResult();
