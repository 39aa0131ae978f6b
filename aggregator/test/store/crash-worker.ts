// A process that does to a store what a leader does, until it is killed. crash.test.ts runs it: argv has the store's
// URL and a number that no other process has. A line on standard output says what was committed, once it was.

import { createHash, randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { openStore } from "../../src/store/open.js";

const [url = "", name = ""] = process.argv.slice(2);
const store = await openStore(url, { connections: 4 });
const [task] = await store.run("task", async (tx) => (await tx.tasks()).map(({ key }) => key));
if (task === undefined) throw new Error("there is no task");

const say = (what: string, id: Uint8Array) => writeSync(1, `${what} ${Buffer.from(id).toString("hex")}\n`);
const idOf = (i: number) => createHash("sha256").update(`${name} ${i}`).digest().subarray(0, 16);

async function upload(): Promise<never> {
  for (let i = 0; ; i += 20) {
    const reports = Array.from({ length: 20 }, (_, k) => ({
      task: Number(task),
      id: idOf(i + k),
      time: i % 3,
      content: randomBytes(2500),
    }));
    await store.run("upload", async (tx) => {
      const n = await tx.insertReports(reports, i);
      await tx.addCounters([{ task: Number(task), name: "uploaded", n }]);
    });
    for (const { id } of reports) say("uploaded", id);
  }
}

async function claim(): Promise<never> {
  for (;;) {
    const id = randomBytes(16);
    await store.run("claim", async (tx) => {
      const reports = await tx.claimReports(Number(task), id, 35);
      await tx.insertReplayKeys(Number(task), reports);
      const detail = JSON.stringify({ reports: reports.length });
      const empty = { requestHash: null, request: null, answer: null, times: null, batch: null, notBefore: 0 };
      await tx.insertJob(
        { task: Number(task), id, kind: "aggregate", state: "created", step: 0, detail, ...empty },
        Date.now(),
      );
    });
    say("claimed", id);
  }
}

async function finish(): Promise<never> {
  for (;;) {
    const at = Date.now();
    const jobs = await store.run("acquire", (tx) => tx.acquireJobs(["aggregate"], 3, at, at + 200));
    for (const { id, lease } of jobs) {
      await store
        .run("finish", async (tx) => {
          await tx.updateJob(lease, { state: "done" }, at, { lease, release: true });
          const reports = await tx.reportsOf(Number(task), id);
          if (reports.length > 0) {
            const sums = { checksum: new Uint8Array(32), share: randomBytes(500), minTime: 0, maxTime: 2 };
            await tx.insertPartials(Number(task), id, [{ bucket: new Uint8Array(8), count: reports.length, ...sums }]);
          }
          await tx.removeReports(Number(task), id);
          await tx.addCounters([{ task: Number(task), name: "counted", n: reports.length }]);
        })
        .then(
          () => say("finished", id),
          (error: unknown) => {
            if (!(error instanceof Error && error.name === "LeaseLost")) throw error;
          },
        );
    }
  }
}

writeSync(1, "ready\n");
await Promise.all([upload(), claim(), finish(), finish()]);
