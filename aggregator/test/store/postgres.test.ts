// What only PostgreSQL has: transactions that run at the same time, conflicts, and a server that goes away. They hold
// each other at chosen points, which one SQLite file would not let them.
// vitest.config.ts leaves them out where there is no PostgreSQL.

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { PostgresStore } from "../../src/store/postgres/store.js";
import type { Transaction } from "../../src/store/store.js";
import { bytesOf, emptyPlace, emptyStore, newJob, once, onPostgres, reportOf, taskOf } from "./support.js";

/** A point where a transaction waits for another one. */
function point(): { reached: Promise<void>; reach: () => void } {
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return { reached, reach };
}

describe("on PostgreSQL", () => {
  test("a worker claims past the reports that another is claiming", async () => {
    const store = await emptyStore();
    const task = await taskOf(store);
    await once(store, (tx) =>
      tx.insertReports(
        [0, 1, 2, 3].map((i) => ({ task, ...reportOf(i, i) })),
        1,
      ),
    );
    await store.run("first", async (first) => {
      await first.claimReports(task, bytesOf("a"), 2);
      const second = await once(store, (tx) => tx.claimReports(task, bytesOf("b"), 9));
      expect(second.map(({ time }) => time)).toEqual([2, 3]);
    });
  });

  test("a worker acquires past the jobs that another is acquiring", async () => {
    const store = await emptyStore();
    const task = await taskOf(store);
    await once(store, async (tx) => {
      for (const name of ["a", "b"]) await tx.insertJob(newJob(task, name), 1);
    });
    await store.run("first", async (first) => {
      await first.acquireJobs(["aggregate"], 1, 10, 20);
      const second = await once(store, (tx) => tx.acquireJobs(["aggregate"], 9, 10, 20));
      expect(second.map(({ id }) => id)).toEqual([bytesOf("b")]);
    });
  });

  test("shared holders of a task do not wait for one another, an exclusive one waits for them", async () => {
    const store = await emptyStore();
    const task = await taskOf(store);
    const events: string[] = [];
    let exclusive: Promise<void> | undefined;
    await store.run("first", async (first) => {
      await first.lockTask(task, "shared");
      await once(store, (tx) => tx.lockTask(task, "shared"));
      const asked = point();
      exclusive = store.run("exclusive", async (tx) => {
        asked.reach();
        await tx.lockTask(task, "exclusive");
        events.push(`exclusive sees ${(await tx.audit(9)).length}`);
      });
      await asked.reached;
      await first.insertAudit({ at: 1, what: "shared", task });
      events.push("shared ends");
    });
    await exclusive;
    expect(events).toEqual(["shared ends", "exclusive sees 1"]);
  });

  test("a deadlock is tried again until both are done", async () => {
    const store = await emptyStore();
    const task = await taskOf(store);
    await once(store, async (tx) => {
      for (const name of ["a", "b"]) await tx.insertJob(newJob(task, name), 1);
    });
    let bodies = 0;
    const both = [point(), point()];
    const hold = (mine: number) =>
      store.run("hold", async (tx) => {
        bodies++;
        await tx.lockJob(task, "aggregate", bytesOf(mine === 0 ? "a" : "b"));
        both[mine]?.reach();
        await both[1 - mine]?.reached;
        await tx.lockJob(task, "aggregate", bytesOf(mine === 0 ? "b" : "a"));
        await tx.addCounters([{ task, name: "held", n: 1 }]);
      });
    await Promise.all([hold(0), hold(1)]);
    expect(bodies).toBe(3);
    expect(await once(store, (tx) => tx.counters(task))).toEqual([{ name: "held", n: 2 }]);
  });

  test("a key that is being added keeps the horizon from passing over it", async () => {
    const store = await emptyStore();
    const task = await taskOf(store);
    await once(store, (tx) => tx.insertReplayKeys(task, [{ id: bytesOf("old"), time: 1 }]));
    let removing: Promise<number> | undefined;
    await store.run("adding", async (tx) => {
      expect(await tx.insertReplayKeys(task, [{ id: bytesOf("new"), time: 1 }])).toEqual([]);
      removing = once(store, (other) => other.removeReplayKeys(task, 5, 10));
      // If the horizon moved now, the old key would be gone and could be added again.
      expect(await tx.insertReplayKeys(task, [{ id: bytesOf("old"), time: 1 }])).toEqual([bytesOf("old")]);
    });
    expect(await removing).toBe(2);
  });

  test("connections that the server ends are made again, and the transactions carried out", async () => {
    const { url } = emptyPlace();
    // A name of its own, so that nobody else's connections are cut.
    const store = await PostgresStore.open(`${url}&application_name=cut`, 2);
    const task = await taskOf(store);
    const cut = () =>
      onPostgres("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut'");
    let bodies = 0;
    await store.run("cut", async (tx) => {
      bodies++;
      await tx.addCounters([{ task, name: "n", n: 1 }]);
      if (bodies === 1) await cut();
      await tx.addCounters([{ task, name: "m", n: 1 }]);
    });
    expect(bodies).toBe(2);
    expect(await once(store, (tx) => tx.counters(task))).toEqual([
      { name: "m", n: 1 },
      { name: "n", n: 1 },
    ]);
    await store.close();
  });

  test("what cannot become right is not tried again", async () => {
    const store = await emptyStore();
    let bodies = 0;
    const wrong = store.run("wrong", async (tx: Transaction) => {
      bodies++;
      await tx.insertAudit({ at: 1, what: "a text cannot have \0", task: null });
    });
    await expect(wrong).rejects.toThrow("invalid byte sequence");
    expect(bodies).toBe(1);
  });

  test("a URL that is none is refused without being shown", async () => {
    const wrong = PostgresStore.open("postgres://user:secret@host:port/database", 1);
    const error: unknown = await wrong.catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("expected postgres://USER:PASSWORD@HOST/DATABASE");
    expect(inspect(error)).not.toContain("secret");
  });

  test("a schema of another form than a name is refused", async () => {
    const { url } = emptyPlace();
    const wrong = url.replace(/schema=.*/, "schema=a%22b");
    await expect(PostgresStore.open(wrong, 1)).rejects.toThrow("expected a schema of letters");
  });
});
