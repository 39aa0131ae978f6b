// What the reports of a job take in memory: a client can make a report of empty extensions, which takes some 60 times
// its bytes when it is read. Whoever held a job's reports read would be ended by 500 such uploads, and again by the
// same job after each restart.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { encodeReport, ReportError } from "prio/dap";
import { expect, test } from "vitest";
import { beginReports } from "../../src/protocol/leader/turns.js";
import type { WaitingReport } from "../../src/store/store.js";
import { Pair } from "../support/pair.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

test("the leader holds no more than a few reports of a job read at a time", async () => {
  const pair = await Pair.make();
  const publicExtensions = Array.from({ length: 16_000 }, (_, i) => ({
    ...{ extensionType: i + 1, extensionData: new Uint8Array(0) },
  }));
  const report = pair.report(true, { publicExtensions });
  const content = encodeReport(report);
  expect(content.length).toBeLessThan(65_536);
  let held = 0;
  const before = heap();
  const reports = Array.from({ length: 40 }, (_, i): WaitingReport => {
    return {
      ...{ id: report.reportMetadata.reportId, time: Number(pair.time) },
      get content() {
        // When the last one's turn comes, the others are done.
        if (i === 39) held = heap() - before;
        return content;
      },
    };
  });
  const { refused } = await beginReports(pair.leader.ctx, pair.leader.task, reports, pair.now);
  expect(refused.map(({ error }) => error)).toEqual(new Array(40).fill(ReportError.invalidMessage));
  expect(held).toBeLessThan(20e6);
});
