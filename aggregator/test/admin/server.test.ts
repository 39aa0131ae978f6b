// The admin port: metrics, health, the status that the page shows, and results that are put there.

import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { measuredStore } from "../../src/admin/measured-store.js";
import { DEFINITIONS } from "../../src/admin/metrics.js";
import type { Status } from "../../src/admin/status.js";
import type { JobKind, NewJob } from "../../src/store/store.js";
import { openTestAdmin, type TestAdmin } from "../support/admin.js";

let at: TestAdmin;
let why: string | null;
beforeEach(async () => {
  why = null;
  at = await openTestAdmin({ notReady: () => why, names: ["admin.example"] });
});
afterEach(() => at.close());

const get = async (path: string) => {
  const response = await fetch(at.admin.url + path);
  return { status: response.status, text: await response.text(), headers: response.headers };
};
const status = async () => JSON.parse((await get("/status.json")).text) as Status;

/** With a Host header of its own, which fetch does not send. */
const getAs = (host: string, path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request(at.admin.url + path, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });

const job = (task: number, kind: JobKind, n: number, more: Partial<NewJob> = {}): NewJob => ({
  ...{ task, kind, id: new Uint8Array(16).fill(n), state: "requested", step: 0, requestHash: null, request: null },
  ...{ answer: null, detail: "{}", times: null, batch: null, notBefore: at.now, ...more },
});

describe("health", () => {
  test("alive always; ready when the store answers, a key is active, and the process does not stop", async () => {
    expect(await get("/healthz")).toMatchObject({ status: 200, text: "ok\n" });
    expect(await get("/readyz")).toMatchObject({ status: 503, text: "no HPKE key is active\n" });
    await at.ctx.keys.refresh();
    expect(await get("/readyz")).toMatchObject({ status: 200, text: "ok\n" });
    why = "stopping";
    expect(await get("/readyz")).toMatchObject({ status: 503, text: "stopping\n" });
    expect((await get("/healthz")).status).toBe(200);
  });

  test("HEAD is answered as GET is, for load balancers", async () => {
    await at.ctx.keys.refresh();
    for (const path of ["/healthz", "/readyz", "/metrics", "/status.json"]) {
      const head = await fetch(at.admin.url + path, { method: "HEAD" });
      expect([path, head.status, await head.text()]).toEqual([path, 200, ""]);
    }
  });

  test("a store that does not answer is said, and does not take the port down", async () => {
    await at.ctx.keys.refresh();
    at.store.run = () => Promise.reject(new Error("the database has gone away"));
    expect(await get("/readyz")).toMatchObject({ status: 503, text: "the store does not answer\n" });
    expect((await get("/metrics")).status).toBe(200);
    expect((await get("/status.json")).status).toBe(500);
  });
});

describe("metrics", () => {
  test("what was counted and what is in the store, in Prometheus' text", async () => {
    const task = await at.addTask("leader");
    const key = at.keyOf(task);
    await at.store.run("fill", async (tx) => {
      await tx.insertReports(
        [{ task: key, id: new Uint8Array(16), time: 500_000, content: new Uint8Array(9) }],
        at.now,
      );
      await tx.insertJob(job(key, "aggregate", 1), at.now);
      await tx.addCounters([{ task: key, name: "refused:report_replayed", n: 3 }]);
    });
    at.ctx.metrics.observe("upload_group_reports", 5);
    at.now += 60;
    const { text, headers } = await get("/metrics");
    expect(headers.get("content-type")).toContain("text/plain");
    const id = task.idText;
    for (const line of [
      `prio_aggregator_reports_waiting{task="${id}"} 1`,
      `prio_aggregator_reports_oldest_seconds{task="${id}"} 60`,
      `prio_aggregator_jobs{task="${id}",kind="aggregate",state="requested"} 1`,
      `prio_aggregator_reports{task="${id}",what="refused:report_replayed"} 3`,
      "prio_aggregator_upload_group_reports_sum 5",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    await at.store.run("end", (tx) => tx.updateJob(job(key, "aggregate", 1), { state: "done" }, at.now));
    expect((await get("/metrics")).text).not.toContain('state="requested"');
  });

  test("the table has every name that the sources count and measure by, with its labels", () => {
    const src = fileURLToPath(new URL("../../src", import.meta.url));
    const paths = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
    const text = paths.map((path) => readFileSync(join(src, path), "utf8")).join("\n");
    const calls = [...text.matchAll(/metrics\.(count|observe|set)\(\s*"(\w+)"([^;]*)\);/g)];
    expect(calls.length).toBeGreaterThan(4);
    const kinds = { count: "counter", observe: "histogram", set: "gauge" } as const;
    for (const [, kind, name, rest = ""] of calls) {
      const definition = DEFINITIONS[name as string];
      expect(definition?.kind, name).toBe(kinds[kind as keyof typeof kinds]);
      const given = (/\{([^}]*)\}/.exec(rest)?.[1] ?? "").split(",").map((one) => one.split(":")[0]?.trim() ?? "");
      expect(given.filter((label) => label !== "").sort(), name).toEqual([...(definition?.labels ?? [])].sort());
    }
    // What nobody counts would stand in /metrics as 0 for ever.
    const used = calls.map(([, , name]) => name);
    expect(Object.keys(DEFINITIONS).filter((name) => !used.includes(name))).toEqual([]);
  });

  test("a name or a label that the table lacks does not stop the work", () => {
    at.ctx.metrics.count("no_such_name");
    at.ctx.metrics.observe("upload_group_reports", 1, { colour: "blue" });
  });
});

describe("the status", () => {
  test("says what is waited for, since when, and how many jobs", async () => {
    const task = await at.addTask("leader");
    const key = at.keyOf(task);
    const trouble = { attempts: 2, problem: "waiting for the helper: 403" };
    await at.store.run("fill", async (tx) => {
      for (const n of [1, 2, 3]) await tx.insertJob(job(key, "aggregate", n), at.now);
      await tx.updateJob(job(key, "aggregate", 1), { ...trouble, notBefore: at.now + 40 }, at.now);
      await tx.updateJob(job(key, "aggregate", 2), { ...trouble, notBefore: at.now + 30 }, at.now + 5);
      // One that ended is not waited for.
      await tx.updateJob(job(key, "aggregate", 3), { ...trouble, state: "abandoned" }, at.now);
    });
    const first = { ...{ kind: "aggregate", problem: "waiting for the helper: 403", jobs: 2 }, since: at.now };
    expect((await status()).tasks[0]?.troubles).toEqual([{ ...first, next: at.now + 30 }]);
    // The next attempt fails as well: it is still since the first one.
    const later = at.now + 600;
    await at.store.run("again", async (tx) => {
      for (const n of [1, 2])
        await tx.updateJob(job(key, "aggregate", n), { attempts: 3, notBefore: later + 60 }, later);
    });
    expect((await status()).tasks[0]?.troubles).toEqual([{ ...first, next: later + 60 }]);
    await at.store.run("over", async (tx) => {
      for (const n of [1, 2]) await tx.updateJob(job(key, "aggregate", n), { attempts: 0, problem: null }, later);
    });
    expect((await status()).tasks[0]?.troubles).toEqual([]);
  });

  test("says what was given up, and why a collection failed", async () => {
    const key = at.keyOf(await at.addTask("leader"));
    const times = { from: 1, to: 2 };
    const failed = { problem: "batchMismatch", detail: "the helper counted 7 reports" };
    await at.store.run("fill", async (tx) => {
      for (const n of [1, 2]) await tx.insertJob(job(key, "aggregate", n), at.now);
      await tx.updateJob(job(key, "aggregate", 1), { state: "abandoned", problem: "the ids differ" }, at.now + 3);
      await tx.updateJob(job(key, "aggregate", 2), { state: "abandoned", problem: "the ids differ" }, at.now + 9);
      const detail = JSON.stringify({ failure: failed });
      await tx.insertJob(job(key, "collect", 1, { times, state: "failed", detail }), at.now);
    });
    const [task] = (await status()).tasks;
    expect(task?.givenUp).toEqual([{ kind: "aggregate", problem: "the ids differ", jobs: 2, at: at.now + 9 }]);
    expect(task?.collections).toMatchObject([
      { state: "failed", problem: "batchMismatch: the helper counted 7 reports" },
    ]);
  });

  test("has batches with their sizes and times, collections, counters, noise and keys, and no secret", async () => {
    await at.addTask("helper");
    const task = await at.addTask("leader", { noise: { mechanism: "laplace", epsilon: "1" } });
    const key = at.keyOf(task);
    const bucket = new Uint8Array(8);
    new DataView(bucket.buffer).setBigUint64(0, 500_000n);
    const partial = { bucket, count: 7, checksum: new Uint8Array(32), share: new Uint8Array(4) };
    await at.store.run("fill", async (tx) => {
      await tx.insertPartials(key, new Uint8Array(16), [{ ...partial, minTime: 500_000, maxTime: 500_000 }]);
      await tx.insertJob(job(key, "collect", 1, { times: { from: 499_998, to: 499_999 }, state: "finished" }), at.now);
      await tx.addCounters([{ task: key, name: "uploaded", n: 12 }]);
    });
    const { tasks, keys } = await status();
    expect(tasks.map(({ role }) => role)).toEqual(["helper", "leader"]);
    expect(keys).toEqual([{ id: 1, state: "active", since: at.now }]);
    expect(tasks[1]).toMatchObject({
      ...{ id: task.idText, measures: "histogram:5", minBatchSize: 1000, noise: "laplace:epsilon=1", hash: task.hash },
      counters: { uploaded: 12 },
      batches: [{ start: 1_800_000_000, name: null, reports: 7, jobs: 1 }],
      collections: [{ kind: "collect", state: "finished", start: 1_799_992_800, end: 1_799_996_400 }],
    });
    // Laplace of scale 2: the square root of 2 times it.
    expect(tasks[1]?.deviation).toBeCloseTo(2 * Math.SQRT2);
    const token = at.ctx.tasks.byId(task.idText)?.peer.token as string;
    expect(JSON.stringify(await status())).not.toContain(token);
  });
});

describe("results", () => {
  const RESULT = {
    start: "2026-12-01T00:00:00Z",
    end: "2026-12-01T01:00:00Z",
    reportCount: 6,
    result: ["1", "2", "3"],
  };
  const put = (body: unknown, headers: Record<string, string> = { "content-type": "application/json" }) =>
    fetch(`${at.admin.url}/results`, { method: "POST", headers, body: JSON.stringify(body) });

  test("come by POST, and stand in the status", async () => {
    const task = await at.addTask("leader");
    expect((await put({ ...RESULT, task: task.idText })).status).toBe(204);
    expect((await status()).tasks[0]?.results).toEqual([
      {
        ...{ name: "2026-12-01T00:00Z/2026-12-01T01:00Z", reports: 6, totals: ["1", "2", "3"] },
        ...{ labels: [], deviation: null, at: at.now },
      },
    ]);
    const [line] = await at.store.run("audit", (tx) => tx.audit(1));
    expect(line?.what).toBe("result 2026-12-01T00:00Z/2026-12-01T01:00Z put");
  });

  test("what is no result, or of no task, is refused in a sentence", async () => {
    const task = await at.addTask("leader");
    for (const [body, message] of [
      [{ ...RESULT, task: "nobody's" }, "there is no task"],
      [{ ...RESULT, task: task.idText, result: {} }, "result: expected an integer"],
      [RESULT, "task: expected an id"],
      [null, "expected a JSON object"],
      [[], "expected a JSON object"],
    ] as const) {
      const response = await put(body);
      expect(response.status).toBe(400);
      expect(((await response.json()) as { error: string }).error).toContain(message);
    }
  });

  test("a form of another page cannot send one", async () => {
    const task = await at.addTask("leader");
    const response = await put({ ...RESULT, task: task.idText }, { "content-type": "text/plain" });
    expect(response.status).toBe(415);
    expect((await status()).tasks[0]?.results).toEqual([]);
  });
});

test("transactions are measured by name, whether they succeed or not", async () => {
  const store = measuredStore(at.store, at.ctx.metrics);
  await store.run("a good one", (tx) => tx.tasks());
  await expect(store.run("a bad one", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  const { text } = await get("/metrics");
  expect(text).toContain('prio_aggregator_transaction_seconds_count{name="a good one",outcome="done"} 1');
  expect(text).toContain('prio_aggregator_transaction_seconds_count{name="a bad one",outcome="failed"} 1');
});

test("a name that somebody else's DNS leads here gets nothing but health and metrics", async () => {
  const { port } = new URL(at.admin.url);
  expect(await getAs(`evil.example:${port}`, "/status.json")).toBe(421);
  expect(await getAs(`evil.example:${port}`, "/metrics")).toBe(200);
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, "admin.example"]) {
    expect(await getAs(host, "/status.json"), host).toBe(200);
  }
});

test("every answer has the policy that the page needs, and may not be kept", async () => {
  const { headers } = await get("/status.json");
  expect(headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
});
