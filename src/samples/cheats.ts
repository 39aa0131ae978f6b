// Clients of Prio v1 that cheat, for the demonstration. The library's Client refuses to make such packets.

import { packed87Space } from "../core/packed87.js";
import { systemRandom } from "../core/random.js";
import { randomSealing } from "../crypto/ecies.js";
import { drawReportRandomness, type Packets, sealReport, shareReport } from "../prio1/client.js";
import type { Config } from "../prio1/config.js";

/** The ways to cheat, and the check that must refuse each. */
export const CHEATS = [
  { name: "a 2 for a bit", expected: "the proof" },
  { name: "a changed share", expected: "the proof" },
  { name: "packets for the wrong server", expected: "decryption" },
  { name: "an earlier report again", expected: "the replay record" },
] as const;

export type Check = (typeof CHEATS)[number]["expected"];

/** The packets of a client that cheats. `earlier` are those of an honest client before it. */
export function cheat(config: Config, name: string, bits: number[], earlier: Packets | undefined): Packets {
  const space = packed87Space();
  const report = (values: number[]) =>
    shareReport(config, space.fromIntegers(values), drawReportRandomness(config, systemRandom));
  const sealed = (shares: ReturnType<typeof report>) => sealReport(config, shares, randomSealing(), randomSealing());
  if (name === "a 2 for a bit") return sealed(report([2, ...bits.slice(1)]));
  if (name === "a changed share") {
    const shares = report(bits);
    const { data } = shares.a;
    data.set(3, space.field.add(data.get(3), 1n));
    return sealed(shares);
  }
  if (name === "packets for the wrong server") {
    const { a, b } = sealed(report(bits));
    return { a: b, b: a };
  }
  if (earlier === undefined) throw new Error("there is no earlier report to send again");
  return earlier;
}
