// What page, servers and crowd agree on.

import { Config, PublicKey, type ServerId } from "prio";
import { FIELDS } from "./questions.js";

/** So many reports are published together at least: the difference of two totals is the sum of what came between. */
export const MIN_BATCH = 20;

export function configFor(keys: Record<ServerId, string>): Config {
  const [serverA, serverB] = [PublicKey.fromHex(keys.A), PublicKey.fromHex(keys.B)];
  return new Config({ fields: FIELDS, batchId: "browser example", serverA, serverB });
}
