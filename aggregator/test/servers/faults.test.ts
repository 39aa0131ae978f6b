// A helper that stops, breaks off, refuses, repeats and reorders, as the leader sees it over a bad network; and servers
// that are stopped and started again while they work.

import type { VdafDescription } from "prio/dap";
import { afterEach, describe, expect, test } from "vitest";
import { createLogger } from "../../src/log.js";
import { startProcess } from "../../src/roles/process.js";
import { FAULTS, type FaultyProxy, startFaultyProxy } from "../support/faulty-proxy.js";
import { type Pair, startPair } from "../support/servers.js";

let pair: Pair | null = null;
let proxy: FaultyProxy | null = null;
afterEach(async () => {
  await pair?.stop();
  await proxy?.close();
  pair = null;
  proxy = null;
});

const TIME = Date.UTC(2026, 10, 1, 12);
const INTERVAL = { start: TIME, end: TIME + 3_600_000 };
const VDAFS: readonly VdafDescription[] = [{ type: "Prio3Count" }, { type: "Prio1", fields: 1 } as never];

describe("a pair", () => {
  test("counts every report once over a network that does everything wrong", async () => {
    const started = await startPair();
    pair = started;
    const faulty = await startFaultyProxy(() => `http://127.0.0.1:${started.helper.process.port}`, 2);
    proxy = faulty;
    const cases = VDAFS.flatMap((vdaf) => (["sync", "async"] as const).map((helperMode) => ({ vdaf, helperMode })));
    await Promise.all(
      cases.map(async ({ vdaf, helperMode }) => {
        const settings = { helperMode, reportExpiry: null, maxJobReports: 10 };
        const task = await started.addTask({ vdaf, batchMode: "time-interval" }, settings, {
          helper: `http://127.0.0.1:${faulty.port}/helper`,
        });
        const bits = Array.from({ length: 25 }, (_, i) => i % 3 === 0);
        const measurements = vdaf.type === "Prio3Count" ? bits : bits.map((bit) => [bit]);
        await task.client.uploadMany(measurements, { time: TIME });
        const { result, reportCount } = await task.collector.collect(INTERVAL);
        expect([reportCount, result]).toEqual([25, vdaf.type === "Prio3Count" ? 9n : [9n]]);
      }),
    );
    for (const fault of FAULTS) expect([fault, faulty.happened.get(fault)]).not.toEqual([fault, undefined]);
  });

  test("keeps every report whose upload was answered when it is stopped, and goes on where it was", async () => {
    pair = await startPair({ uploadGroupDelay: "20" });
    const { leader, helper } = pair;
    const settings = { maxJobReports: 10, reportExpiry: null };
    const task = await pair.addTask(
      { vdaf: { type: "Prio1", fields: 1 } as never, batchMode: "time-interval" },
      settings,
    );
    let accepted = 0;
    const uploads = Array.from({ length: 60 }, () =>
      task.client.upload([true], { time: TIME }).then(
        () => void accepted++,
        () => undefined,
      ),
    );
    await Promise.race(uploads);
    for (const side of [leader, helper]) {
      const { port } = side.process;
      await side.process.stop();
      const listen = { host: "127.0.0.1", port: port ?? 0 };
      const log = createLogger("debug", { write: (line) => void side.lines.push(line) });
      side.process = await startProcess({ ...side.config, listen }, side.secrets, log);
    }
    await Promise.all(uploads);
    expect(accepted).toBeGreaterThan(0);
    // Uploads that were tried again because their answer was lost are the same reports.
    const { result, reportCount } = await task.collector.collect(INTERVAL);
    expect(reportCount).toBe(accepted);
    expect(result).toEqual([BigInt(accepted)]);
    const text = [...leader.lines, ...helper.lines].join("");
    expect(text).not.toContain('"level":"error"');
  });
});
