// Computation in slices: verifying a job of 500 reports takes a tenth of a second, in which nothing else would be
// answered. So the event loop gets its turn after every few milliseconds.
//
// One computation ends before the next begins. If they took turns, all jobs on the way would end at the same moment:
// first the helper would wait for all of them, and then the leader.

/** Milliseconds. */
const SLICE = 5;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Ends when the computations that were asked for have ended. */
let last: Promise<unknown> = Promise.resolve();

/** Maps each item in its order, after what other callers asked for. Yields to the event loop between items. */
export function mapInSlices<T, R>(items: readonly T[], map: (item: T, index: number) => R): Promise<R[]> {
  const result = last.then(() => inSlices(items, map));
  last = result.catch(() => undefined);
  return result;
}

async function inSlices<T, R>(items: readonly T[], map: (item: T, index: number) => R): Promise<R[]> {
  const results: R[] = [];
  // This clock decides when others have their turn, and nothing else.
  let since = performance.now();
  for (const [index, item] of items.entries()) {
    results.push(map(item, index));
    if (performance.now() - since < SLICE) continue;
    await turn();
    since = performance.now();
  }
  return results;
}
