// This package's side of the measurement of Prio3 (run.mjs): takes blocks of reports through a client and both
// aggregators, and says how long each step took. It is asked and answers as ../program.ts.
//
//   program.mjs TYPE [NUMBERS]      for example: program.mjs Prio3SumVec 1000 1 33
//
// The results are checked at the end of the input.

import { createInterface } from "node:readline";
import type { OutputShare, VerifyState } from "../../src/prio3/index.js";
import { runtimeVersion, step } from "../clock.js";
import type { Duration, Prio3Block } from "../results.js";
import { ctx, key, workOf } from "./work.js";

const [, , type = "", ...numbers] = process.argv;
const { vdaf, measurement, values } = workOf(type, numbers.map(Number));
const totals = { leader: vdaf.aggregateInit(), helper: vdaf.aggregateInit() };
/** Reports of the blocks before. */
let counted = 0;

function nonceOf(report: number): Uint8Array {
  const nonce = new Uint8Array(vdaf.nonceSize);
  new DataView(nonce.buffer).setUint32(0, report, true);
  return nonce;
}

/** A report that counts. All are honest. */
function accepted(output: ReturnType<typeof vdaf.verifyNext>): OutputShare {
  if (output === null || "state" in output) throw new Error("bench: an honest report was refused");
  return output;
}

const at = <T>(list: readonly T[], i: number): T => list[i] as T;

function runBlock(reports: number): Prio3Block {
  const nonces = Array.from({ length: reports }, (_, i) => nonceOf(counted + i));
  counted += reports;
  const block: Prio3Block = { shard: [0, 0], leader: [0, 0], helper: [0, 0], finish: [0, 0] };
  const sent = step(block.shard, reports, (i) => vdaf.shard(ctx, measurement, at(nonces, i)));
  const init = (duration: Duration, id: number) =>
    step(duration, reports, (i) => {
      const { publicShare, inputShares } = at(sent, i);
      return vdaf.verifyInit(key, ctx, id, at(nonces, i), publicShare, at(inputShares, id));
    });
  const [led, helped] = [init(block.leader, 0), init(block.helper, 1)];
  const next = (state: VerifyState, message: Uint8Array) => accepted(vdaf.verifyNext(ctx, state, message));
  const messages = step(block.finish, reports, (i) => {
    const { state, verifierShare } = at(helped, i);
    const message = vdaf.verifierSharesToMessage(ctx, [at(led, i).verifierShare, verifierShare]);
    if (message === null) throw new Error("bench: an honest report was refused");
    totals.helper.add(next(state, message));
    return message;
  });
  for (const [i, { state }] of led.entries()) totals.leader.add(next(state, at(messages, i)));
  return block;
}

function checkResult(): void {
  const result = vdaf.unshard([totals.leader.toBytes(), totals.helper.toBytes()], counted);
  const expected = values.map((value) => BigInt(value) * BigInt(counted));
  if (String(result) !== String(expected)) throw new Error("bench: the result is not that of the measurements");
}

console.log(JSON.stringify({ version: runtimeVersion() }));
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(runBlock(Number(line))));
checkResult();
