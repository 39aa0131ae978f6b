// A client whose insides the page can show, and which can cheat. `Client.encode` refuses a 2 before it computes
// anything, so a cheat has to call the inner functions, as the author of another client could. This one splits and
// seals exactly as the library does, takes any values, and returns the shares.

import type { Config } from "prio";
import { systemRandom } from "../../../src/core/random.js";
import { randomSealing } from "../../../src/crypto/ecies.js";
import { drawReportRandomness, sealReport, shareReport } from "../../../src/prio1/client.js";
import { expandSeed } from "../../../src/prio1/packet.js";
import { snipOf } from "../../../src/prio1/parameters.js";
import type { Report } from "../messages.js";
import type { SplitReport } from "../protocol.js";

/** Splits and seals a report of any small values, bits or not. */
export function split(config: Config, fields: readonly number[]): SplitReport {
  const data = snipOf(config).space.fromIntegers(fields);
  const shares = shareReport(config, data, drawReportRandomness(config, systemRandom));
  return {
    ...reportOf(sealReport(config, shares, randomSealing(), randomSealing())),
    shares: { a: shares.a.data.toBigInts(), b: expandSeed(config, shares.b).data.toBigInts() },
  };
}

/** Two packets as a report with an id that nobody chose. */
export function reportOf({ a, b }: { readonly a: Uint8Array; readonly b: Uint8Array }): Report {
  const common = new Uint8Array(0);
  return { id: crypto.randomUUID(), a: { share: a, common }, b: { share: b, common } };
}
