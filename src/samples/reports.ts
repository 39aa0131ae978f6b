// Reports for test batches: values, ids and packets that are the same for the same source of randomness, and packets
// that a server must refuse. Such packets hide nothing from whoever knows the source.

import { concat } from "../core/bytes.js";
import { FIELD_87 } from "../core/fields.js";
import type { RandomSource } from "../core/random.js";
import { randomSealing, seal } from "../crypto/ecies.js";
import { drawReportRandomness, type Packets, sealReport, shareReport } from "../prio1/client.js";
import { Config } from "../prio1/config.js";
import { snipOf } from "../prio1/parameters.js";
import { writePacketA, writePacketB } from "../prio1/wire.js";

/** What is wrong with both packets of a report, by the reason for which both servers refuse it. */
export const PACKET_FAULTS = ["malformed", "wrong-batch", "wrong-server", "proof-failed"] as const;
export type PacketFault = (typeof PACKET_FAULTS)[number];

/** Makes the reports of a batch. */
export class SampleReports {
  readonly #config: Config;
  readonly #precision: number;
  readonly #otherBatch: Config;
  /** The servers swapped: what is made for B is sealed to A's key. */
  readonly #swapped: Config;

  constructor(config: Config) {
    const { fields, batchId, serverA, serverB, prgKey, precision = 1 } = config;
    this.#config = config;
    this.#precision = precision;
    this.#otherBatch = new Config({ fields, batchId: concat(batchId, Uint8Array.of(0x2d)), serverA, serverB, prgKey });
    this.#swapped = new Config({ fields, batchId, serverA: serverB, serverB: serverA, prgKey });
  }

  /** The bits of a report, each 0 or 1 with the same probability. */
  drawBits(random: RandomSource): Uint8Array {
    const { fields } = this.#config;
    const bytes = random(Math.ceil(fields / 8));
    return Uint8Array.from({ length: fields }, (_, i) => ((bytes[i >> 3] as number) >> (i & 7)) & 1);
  }

  /** Adds the values of a report to sums, a boolean's as 0 or 1. */
  addValues(bits: Uint8Array, sums: Float64Array): void {
    const precision = this.#precision;
    for (let i = 0; i < sums.length; i++) {
      let value = 0;
      for (let k = 0; k < precision; k++) value = 2 * value + (bits[i * precision + k] as number);
      sums[i] = (sums[i] as number) + value;
    }
  }

  /** The packets of a report with these bits. */
  packets(bits: Uint8Array, random: RandomSource, fault?: PacketFault): Packets {
    const config = fault === "wrong-batch" ? this.#otherBatch : fault === "wrong-server" ? this.#swapped : this.#config;
    const data = snipOf(config).space.fromIntegers(bits);
    const shares = shareReport(config, data, drawReportRandomness(config, random));
    const [sealingA, sealingB] = [randomSealing(random), randomSealing(random)];
    if (fault === "malformed") {
      // A byte after the end.
      const end = Uint8Array.of(0);
      return {
        a: seal(config.serverA, concat(writePacketA(config, shares.a), end), sealingA),
        b: seal(config.serverB, concat(writePacketB(config, shares.b), end), sealingB),
      };
    }
    if (fault === "proof-failed") {
      const a = { ...shares.a, c: (shares.a.c + 1n) % FIELD_87.modulus };
      return sealReport(config, { ...shares, a }, sealingA, sealingB);
    }
    const packets = sealReport(config, shares, sealingA, sealingB);
    return fault === "wrong-server" ? { a: packets.b, b: packets.a } : packets;
  }
}
