// Computation in slices: verifying a job of 500 reports takes a tenth of a second, in which nothing else would be
// answered. So the event loop gets its turn after every few milliseconds.
//
// Of one task, a computation ends before the next begins. If they took turns, all of its jobs on the way would end at
// the same moment: first the helper would wait for all of them, and then the leader. Tasks do take turns, so that one
// that is always busy keeps no other from going on.

/** Milliseconds. */
const SLICE = 5;

/** Lets everything else have its turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Of each task, what ends when the computations that were asked for have ended. */
const lasts = new WeakMap<object, Promise<unknown>>();

/**
 * Maps each item in its order, after what was asked for the same task before. Yields to the event loop between items.
 */
export function mapInSlices<T, R>(task: object, items: readonly T[], map: (item: T, index: number) => R): Promise<R[]> {
  const last = lasts.get(task) ?? Promise.resolve();
  const result = last.then(() => inSlices(items, map));
  lasts.set(
    task,
    result.catch(() => undefined),
  );
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
