// A process that dies, at every point between two transactions and requests: totals are exact, and what both sides
// counted is equal. A lease of a process that died ends after two minutes of the test's clock.

import type { Report, VdafOptions } from "prio/dap";
import { describe, expect, test } from "vitest";
import { at, Crashing, type Fate } from "./support/crashes.js";
import { Pair } from "./support/pair.js";

const CASES: readonly {
  readonly vdaf: VdafOptions;
  readonly measurements: readonly unknown[];
  readonly total: unknown;
}[] = [
  { vdaf: { type: "Prio3Count" }, measurements: [true, false, true, true, true], total: 4n },
  { vdaf: { type: "Prio3Histogram", length: 3 }, measurements: [0, 2, 2, 1, 2], total: [1n, 1n, 3n] },
  {
    vdaf: { type: "Prio1", fields: 2 },
    measurements: [
      [1, 0],
      [1, 1],
      [0, 0],
      [1, 0],
      [0, 1],
    ],
    total: [3n, 2n],
  },
];

describe.each(["sync", "async"] as const)("helper: %s", (helperMode) => {
  describe.each(CASES)("$vdaf", ({ vdaf, measurements, total }) => {
    const options = { vdaf, helperMode, minBatchSize: 5, limits: { maxJobReports: 4 } };
    let first: { readonly like: Pair; readonly reports: readonly Report[] } | undefined;

    /** A whole run, with a report that does not open at the helper. Returns how often one died. */
    async function runs(fate: Fate): Promise<number> {
      const pair = await Pair.make({ ...options, ...(first && { like: first.like }) });
      first ??= {
        like: pair,
        reports: [...measurements.map((m) => pair.report(m)), unopened(pair.report(measurements[0]))],
      };
      await pair.upload(...first.reports);
      const crashing = new Crashing(pair, fate);
      const body = pair.query({ start: 0n, duration: 2n ** 63n });
      const id = await crashing.until(() => pair.ask(body));
      const collected = await crashing.run(3000, () => pair.fetch(id, body));
      crashing.end();
      expect(collected).toMatchObject({ count: 5, result: total });
      const expected = { aggregated: 5, collected: 5, "refused:hpke_decrypt_error": 1 };
      expect(await pair.counters("leader")).toEqual(expected);
      expect(await pair.counters("helper")).toEqual(expected);
      return crashing.crashes;
    }

    test("dies once, at every point", async () => {
      let n = 1;
      while ((await runs(at(n))) > 0) n++;
      expect(n).toBeGreaterThan(40);
    });

    test("dies again and again", async () => {
      for (let seed = 1; seed <= 10; seed++) {
        let x = seed;
        await runs(() => (x = (x * 48_271) % 2_147_483_647) % 12 === 0);
      }
    });
  });
});

function unopened(report: Report): Report {
  return { ...report, helperEncryptedInputShare: { ...report.helperEncryptedInputShare, configId: 77 } };
}
