// The test vectors of the VDAF draft and of libprio-rs (vectors/vdaf-18): every operation that they list, in its order,
// gives the recorded bytes, or fails where they say so. On packed vectors, and on BigInt vectors.
/// <reference types="vite/types/importMeta.d.ts" />

import { describe, expect, it } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { fromHex, toHex } from "../../src/core/bytes.js";
import { FIELD_64, FIELD_128 } from "../../src/core/fields.js";
import { packed64Space } from "../../src/core/packed64.js";
import { PrioError } from "../../src/errors.js";
import { polyEval } from "../../src/prio3/gadgets.js";
import {
  Prio3Count,
  Prio3Histogram,
  Prio3L1BoundSum,
  Prio3MultihotCountVec,
  Prio3Sum,
  Prio3SumVec,
  Prio3SumVecWithMultiproof,
} from "../../src/prio3/instances.js";
import { stepsOf } from "../../src/prio3/prio3.js";
import { Prio3Steps } from "../../src/prio3/steps.js";
import { XOF_TURBO_SHAKE_128 } from "../../src/prio3/xof.js";
import type { AggregateShare, OutputShare, VerifyState } from "../../src/vdaf/vdaf.js";

interface Report {
  readonly measurement: unknown;
  readonly nonce: string;
  readonly rand: string;
  readonly public_share: string;
  readonly input_shares: readonly string[];
  readonly verifier_shares: readonly (readonly string[])[];
  readonly verifier_messages: readonly string[];
  readonly out_shares: readonly string[];
}

interface Operation {
  readonly operation: "shard" | "verify_init" | "verifier_shares_to_message" | "verify_next" | "aggregate" | "unshard";
  readonly aggregator_id: number;
  readonly report_index: number;
  readonly success: boolean;
}

interface Vector {
  readonly shares: number;
  readonly length: number;
  readonly chunk_length: number;
  readonly max_measurement: number;
  readonly max_weight: number;
  readonly max_value: number;
  readonly ctx: string;
  readonly verify_key: string;
  readonly reports: readonly Report[];
  readonly agg_shares: readonly string[];
  readonly agg_result: unknown;
  readonly operations: readonly Operation[];
}

const files = import.meta.glob<Vector>("../../vectors/vdaf-18/Prio3*.json", { eager: true, import: "default" });
const vectors = Object.entries(files).map(([path, vector]) => ({ name: path.replace(/.*\/|\.json/g, ""), vector }));

// biome-ignore lint/suspicious/noExplicitAny: the measurements of all instances.
type AnyPrio3 = Prio3Steps<any, any, unknown>;

/** libprio-rs's circuit for a gadget of degree 3: x·(x − 1)·(x − 2) is 0 for the measurements 0, 1 and 2. */
function higherDegree(shares: number): AnyPrio3 {
  return new Prio3Steps({
    algorithmId: 0xffffffff,
    space: packed64Space(),
    circuit: {
      gadget: polyEval([2, -3]),
      gadgetCalls: 1,
      measurementLength: 1,
      jointRandLength: 0,
      evalOutputLength: 1,
      outputLength: 1,
      encode: (space, measurement: number) => space.fromIntegers([measurement]),
      setInputs: (_space, wires, meas) => wires.setAll(meas, 1),
      outputs: (_space, _meas, gadgetOutputs) => gadgetOutputs,
      truncate: (_space, meas) => meas,
      decode: ([sum]) => sum,
    },
    xof: XOF_TURBO_SHAKE_128,
    proofs: 1,
    shares,
    maxOutput: 2n,
  });
}

function instanceOf(name: string, vector: Vector): AnyPrio3 {
  const { shares, length, chunk_length: chunkLength, max_measurement: maxMeasurement } = vector;
  switch (name.split("_")[0]) {
    case "Prio3Count":
      return stepsOf(new Prio3Count({ shares }) as never);
    case "Prio3Sum":
      return stepsOf(new Prio3Sum({ shares, maxMeasurement }) as never);
    case "Prio3SumVec":
      return stepsOf(new Prio3SumVec({ shares, length, maxMeasurement, chunkLength }) as never);
    case "Prio3SumVecWithMultiproof":
      return stepsOf(
        new Prio3SumVecWithMultiproof({ shares, length, maxMeasurement, chunkLength, proofs: 3 }) as never,
      );
    case "Prio3Histogram":
      return stepsOf(new Prio3Histogram({ shares, length, chunkLength }) as never);
    case "Prio3MultihotCountVec":
      return stepsOf(new Prio3MultihotCountVec({ shares, length, chunkLength, maxWeight: vector.max_weight }) as never);
    case "Prio3L1BoundSum":
      return stepsOf(new Prio3L1BoundSum({ shares, length, chunkLength, maxValue: vector.max_value }) as never);
    case "Prio3HigherDegree":
      return higherDegree(shares);
    default:
      throw new Error(`no instance for ${name}`);
  }
}

const bytes = (hex: string): Uint8Array => fromHex(hex, "vector", hex.length / 2);

/** What a step returns; null if it says that the report does not hold, or refuses its bytes. */
function outcome<T>(step: () => T): T | null {
  try {
    return step();
  } catch (error) {
    if (error instanceof PrioError) return null;
    throw error;
  }
}

/** Carries the operations out on what the vector recorded. States are written and read in between. */
function carryOut(prio3: AnyPrio3, vector: Vector): void {
  const [ctx, key] = [bytes(vector.ctx), bytes(vector.verify_key)];
  const states = new Map<string, VerifyState>();
  const outputs = new Map<string, OutputShare>();
  const totals: AggregateShare[] = [];
  for (const { operation, aggregator_id: id, report_index: index, success } of vector.operations) {
    const report = vector.reports[index] as Report;
    const at = `${index} ${id}`;
    if (operation === "shard") {
      const shards = prio3.shardWith(ctx, report.measurement, bytes(report.nonce), (length) => {
        const rand = bytes(report.rand);
        expect(rand.length).toBe(length);
        return rand;
      });
      expect(toHex(shards.publicShare)).toBe(report.public_share);
      expect(shards.inputShares.map(toHex)).toEqual(report.input_shares);
    } else if (operation === "verify_init") {
      const step = outcome(() =>
        prio3.verifyInit(
          key,
          ctx,
          id,
          bytes(report.nonce),
          bytes(report.public_share),
          bytes(report.input_shares[id] ?? ""),
        ),
      );
      expect(step !== null).toBe(success);
      if (step === null) continue;
      expect(toHex(step.verifierShare)).toBe(report.verifier_shares[0]?.[id]);
      states.set(at, prio3.readState(step.state.toBytes()));
    } else if (operation === "verifier_shares_to_message") {
      const shares = (report.verifier_shares[0] ?? []).map(bytes);
      const message = outcome(() => prio3.verifierSharesToMessage(ctx, shares));
      expect(message !== null).toBe(success);
      if (message !== null) expect(toHex(message)).toBe(report.verifier_messages[0]);
    } else if (operation === "verify_next") {
      const message = bytes(report.verifier_messages[0] ?? "");
      const output = prio3.verifyNext(ctx, states.get(at) as VerifyState, message);
      expect(output !== null).toBe(success);
      if (output === null) continue;
      outputs.set(at, output);
      const alone = prio3.aggregateInit();
      const again = prio3.verifyNext(ctx, prio3.readState(states.get(at)?.toBytes() as Uint8Array), message);
      alone.add(again as OutputShare);
      expect(toHex(alone.toBytes())).toBe(
        (report.out_shares[id] as unknown as string | string[]).toString().replaceAll(",", ""),
      );
    } else if (operation === "aggregate") {
      const total = prio3.aggregateInit();
      for (let i = 0; i < vector.reports.length; i++) total.add(outputs.get(`${i} ${id}`) as OutputShare);
      expect(toHex(total.toBytes())).toBe(vector.agg_shares[id]);
      expect(total.count).toBe(vector.reports.length);
      totals[id] = total;
    } else {
      const result = prio3.unshard(vector.agg_shares.map(bytes), vector.reports.length);
      expect(String(result)).toBe(String(vector.agg_result));
    }
  }
}

describe("the draft's vectors", () => {
  it("are all here", () => {
    expect(vectors).toHaveLength(26);
    expect(vectors.filter(({ name }) => name.includes("_bad_"))).toHaveLength(8);
    expect(vectors.flatMap(({ vector }) => vector.operations).filter(({ success }) => !success)).toHaveLength(8);
  });

  it.each(vectors)("$name", ({ name, vector }) => {
    carryOut(instanceOf(name, vector), vector);
  });

  it.each(vectors)("$name on BigInt vectors", ({ name, vector }) => {
    const isOf64 = /^Prio3(Count|Sum|SumVecWithMultiproof|HigherDegree)_/.test(name);
    const steps = instanceOf(name, vector);
    carryOut(isOf64 ? steps.over(bigIntSpace(FIELD_64)) : steps.over(bigIntSpace(FIELD_128)), vector);
  });
});
