// Computation in slices: verifying a job of 500 reports takes a tenth of a second, in which nothing else would be
// answered. So the event loop gets its turn after every few milliseconds.
//
// What begins a job is nearly all of its computation. Of one task, one such computation ends before the next begins:
// if they took turns, all jobs on the way would end at the same moment, and first the helper would wait for all of
// them, and then the leader. What ends a job takes little, and does not wait. Tasks do take turns, so that one that
// is always busy keeps no other from going on.

/** Milliseconds. */
const SLICE = 5;

/** Lets everything else have its turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Of each task, what ends when the computations in turn that were asked for have ended. */
const lasts = new WeakMap<object, Promise<unknown>>();

/** Maps each item in its order. Yields to the event loop between them. */
export async function mapInSlices<T, R>(items: readonly T[], map: (item: T, index: number) => R): Promise<R[]> {
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

/** The same, after all that was asked of this function for the same task before. */
export function mapInTurn<T, R>(task: object, items: readonly T[], map: (item: T, index: number) => R): Promise<R[]> {
  const result = (lasts.get(task) ?? Promise.resolve()).then(() => mapInSlices(items, map));
  // Without the results: nobody may ask for this task again.
  const ended = result.then(
    () => undefined,
    () => undefined,
  );
  lasts.set(task, ended);
  return result;
}
