// Uploads for keys that the process does not know: what another process has just made is taken, and clients who make
// ids up cause no more than a reading a second.

import { ReportError } from "prio/dap";
import { afterEach, beforeEach, expect, test } from "vitest";
import { uploadRefusals } from "../../src/protocol/leader/upload.js";
import type { AggregatorTask } from "../../src/tasks/task.js";
import { openTestAdmin, type TestAdmin } from "../support/admin.js";

let at: TestAdmin;
let task: AggregatorTask;
let readings: number;
beforeEach(async () => {
  at = await openTestAdmin();
  await at.addTask("leader");
  [task] = at.ctx.tasks.all() as [AggregatorTask];
  const { run } = at.store;
  readings = 0;
  at.store.run = (name, body) => {
    if (name === "read HPKE keys") readings++;
    return run.call(at.store, name, body) as ReturnType<typeof body>;
  };
});
afterEach(() => at.close());

const upload = (...configIds: number[]) =>
  uploadRefusals(
    at.ctx,
    task,
    configIds.map((configId) => ({
      reportMetadata: { reportId: new Uint8Array(16), time: BigInt(Math.floor(at.now / task.dap.timePrecision)) },
      leaderEncryptedInputShare: { configId },
    })),
  );

test("a key that another process has made since is read, and no other upload reads the keys", async () => {
  // The test's store has a key, which this process has not read yet.
  expect(await Promise.all([upload(1, 1), upload(1)])).toEqual([[null, null], [null]]);
  expect(await upload(1)).toEqual([null]);
  expect(readings).toBe(1);
});

test("ids that clients make up cause one reading in a second of the clock, however many come", async () => {
  for (let seconds = 0; seconds < 3; seconds++) {
    for (let i = 0; i < 100; i++) {
      expect(await upload(2 + i, 1, 255)).toEqual([ReportError.outdatedConfig, null, ReportError.outdatedConfig]);
    }
    expect(readings).toBe(seconds + 1);
    at.now++;
  }
});

test("a second has one reading also where the clock has fractions of it", async () => {
  for (const now of [100.25, 100.5, 100.999]) {
    at.now = now;
    await upload(255);
  }
  expect(readings).toBe(1);
});

test("where the keys cannot be read, a client is told to come again, and then it is taken", async () => {
  const { run } = at.store;
  at.store.run = () => Promise.reject(new Error("the database has gone away"));
  await expect(upload(1)).rejects.toMatchObject({ type: "unavailable", retryAfter: 5 });
  at.store.run = run;
  at.now++;
  expect(await upload(1)).toEqual([null]);
});
