// A client whose insides the page can show, and which can cheat. `Client.encode` refuses a 2 before it computes
// anything, so a cheat has to call the inner functions, as the author of another client could. This one splits and
// seals exactly as the library does, takes any values, and returns the shares.

import type { Config, Packets } from "prio";
import { systemRandom } from "../../src/core/random.js";
import { randomSealing } from "../../src/crypto/ecies.js";
import { drawReportRandomness, sealReport, shareReport } from "../../src/prio1/client.js";
import { snipOf } from "../../src/prio1/config.js";
import { expandSeed } from "../../src/prio1/packet.js";

export interface SplitReport {
  readonly packets: Packets;
  /** Each server's share of each field: they add up to the value, modulo p. */
  readonly shares: { readonly a: readonly bigint[]; readonly b: readonly bigint[] };
}

/** Splits and seals a report of any small values, bits or not. */
export function split(config: Config, fields: readonly number[]): SplitReport {
  const data = snipOf(config).space.fromIntegers(fields);
  const shares = shareReport(config, data, drawReportRandomness(config, systemRandom));
  return {
    packets: sealReport(config, shares, randomSealing(), randomSealing()),
    shares: { a: shares.a.data.toBigInts(), b: expandSeed(config, shares.b).data.toBigInts() },
  };
}

/** The cheat of this page: a 2 for the first answer, so that it counts twice. */
export function cheat(fields: readonly number[]): number[] {
  return [2, ...fields.slice(1)];
}
