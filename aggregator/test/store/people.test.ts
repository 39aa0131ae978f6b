// Counters, results and the audit.

import { expect, test } from "vitest";
import { emptyStore, once, taskOf } from "./support.js";

test("counters add up by task and name", async () => {
  const store = await emptyStore();
  const [task, other] = [await taskOf(store, "a"), await taskOf(store, "b")];
  for (let i = 0; i < 20; i++) {
    await once(store, (tx) =>
      tx.addCounters([
        { task, name: "uploaded", n: 130 },
        { task, name: "refused:report_replayed", n: 1 },
        { task, name: "uploaded", n: 1 },
        { task: other, name: "uploaded", n: 7 },
      ]),
    );
  }
  await once(store, (tx) => tx.addCounters([]));
  expect(await once(store, (tx) => tx.counters(task))).toEqual([
    { name: "refused:report_replayed", n: 20 },
    { name: "uploaded", n: 2620 },
  ]);
  expect(await once(store, (tx) => tx.counters(other))).toEqual([{ name: "uploaded", n: 140 }]);
});

test("a result is replaced by its name, and the newest come first", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await once(store, async (tx) => {
    await tx.putResult({ task, name: "a", result: "[1]", at: 1 });
    await tx.putResult({ task, name: "b", result: "[2]", at: 2 });
    await tx.putResult({ task, name: "a", result: "[3]", at: 3 });
  });
  const results = await once(store, (tx) => tx.results(task, 10));
  expect(results).toEqual([
    { task, name: "a", result: "[3]", at: 3 },
    { task, name: "b", result: "[2]", at: 2 },
  ]);
  expect(await once(store, (tx) => tx.results(task, 1))).toHaveLength(1);
});

test("the audit has its last lines first", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await once(store, async (tx) => {
    await tx.insertAudit({ at: 5, what: "task created", task });
    await tx.insertAudit({ at: 5, what: "key rotated", task: null });
  });
  expect(await once(store, (tx) => tx.audit(10))).toEqual([
    { at: 5, what: "key rotated", task: null },
    { at: 5, what: "task created", task },
  ]);
  expect(await once(store, (tx) => tx.audit(1))).toHaveLength(1);
});
