// The gauges that stand for what is in the store, read when somebody asks for the metrics.

import type { Context } from "../context.js";
import type { PromMetrics } from "./metrics.js";
import { STORE_GAUGES } from "./metrics.js";
import { MOST_WAITING } from "./status.js";

/** Brings them up to date. Where the store does not answer, they are missing, and the others are still there. */
export async function updateGauges({ store, tasks, clock, log }: Context, metrics: PromMetrics): Promise<void> {
  const at = clock();
  const known = tasks.all();
  try {
    const found = await store.run("read gauges", async (tx) => {
      const rows: [name: string, value: number, labels: Record<string, string>][] = [];
      const waiting = new Map((await tx.waiting(MOST_WAITING)).map((one) => [one.task, one]));
      for (const { key, idText: task } of known) {
        const { reports, since } = waiting.get(key) ?? { reports: 0, since: at };
        rows.push(["reports_waiting", reports, { task }], ["reports_oldest_seconds", at - since, { task }]);
        for (const { kind, state, count } of await tx.jobStates(key)) rows.push(["jobs", count, { task, kind, state }]);
        for (const { name, n } of await tx.counters(key)) rows.push(["reports", n, { task, what: name }]);
      }
      return rows;
    });
    for (const name of Object.keys(STORE_GAUGES)) metrics.clear(name);
    for (const [name, value, labels] of found) metrics.set(name, value, labels);
  } catch (err) {
    for (const name of Object.keys(STORE_GAUGES)) metrics.clear(name);
    log.warn({ err }, "cannot read the store's gauges");
  }
}
