// A store whose transactions are measured, by their names.

import type { Metrics } from "../metrics.js";
import type { Store, Transaction } from "../store/store.js";

export function measuredStore(store: Store, metrics: Metrics): Store {
  return {
    async run<T>(name: string, body: (tx: Transaction) => Promise<T>): Promise<T> {
      const start = performance.now();
      let outcome = "failed";
      try {
        const result = await store.run(name, body);
        outcome = "done";
        return result;
      } finally {
        metrics.observe("transaction_seconds", (performance.now() - start) / 1000, { name, outcome });
      }
    },
    compact: () => store.compact(),
    close: () => store.close(),
  };
}
