// A client whose insides the page can show, and which can cheat. `shard` refuses a 2 before it computes anything, so a
// cheat has to call the inner functions, as the author of another client could. This one takes the same steps as the
// library, for any values.

import { bigIntSpace } from "../../../src/core/bigint-vector.js";
import { FIELD_128 } from "../../../src/core/fields.js";
import { sumVec } from "../../../src/prio3/circuits/sum-vec.js";
import { Prio3Steps } from "../../../src/prio3/steps.js";
import { XOF_TURBO_SHAKE_128 } from "../../../src/prio3/xof.js";
import type { Report } from "../messages.js";
import type { SplitReport } from "../protocol.js";
import { FIELDS } from "../questions.js";
import { ctx, idOf, vdaf } from "./batch.js";
import { elementsIn, rest } from "./inside.js";

/** The library's instance, but for the check of the measurement. */
const unchecked = new Prio3Steps({
  algorithmId: vdaf.algorithmId,
  space: bigIntSpace(FIELD_128),
  circuit: {
    ...sumVec(FIELDS, 1n, vdaf.chunkLength),
    encode: (space, values: readonly number[]) => space.fromIntegers(values),
  },
  xof: XOF_TURBO_SHAKE_128,
  proofs: 1,
  shares: vdaf.shares,
  maxOutput: 1n,
});

/** Splits any small values, bits or not. */
export function split(fields: readonly number[]): SplitReport {
  const report = shard(unchecked, fields);
  const a = elementsIn(report.a.share, FIELDS);
  return { ...report, shares: { a, b: a.map((share, i) => rest(fields[i] as number, share)) } };
}

/** The report of a client that knows only the public `shard`. */
export function encode(fields: readonly number[]): Report {
  return shard(vdaf, fields);
}

function shard(
  instance: Pick<Prio3Steps<never, readonly number[], unknown>, "shard">,
  fields: readonly number[],
): Report {
  const nonce = crypto.getRandomValues(new Uint8Array(vdaf.nonceSize));
  const { publicShare, inputShares } = instance.shard(ctx, fields, nonce);
  const [a, b] = inputShares;
  if (a === undefined || b === undefined) throw new Error("expected two shares");
  return { id: idOf(nonce), a: { share: a, common: publicShare }, b: { share: b, common: publicShare } };
}
