// What must hold of a pair, whatever happened to it: compared with what was uploaded, and with what a collector got.

import { Problem } from "../../src/problem.js";
import { readCollectionJob } from "../../src/protocol/leader/collection-jobs.js";
import type { Role, Store, StoredPartial, Transaction } from "../../src/store/store.js";
import type { Pair } from "./pair.js";

/** A report, which a faultless pair counts if it is good. */
export interface Made {
  readonly content: ReturnType<Pair["report"]>;
  readonly isGood: boolean;
}

/** A collection job. */
export interface Asked {
  readonly body: Uint8Array;
  readonly id: Uint8Array;
  isDeleted: boolean;
}

export interface World {
  readonly pair: Pair;
  readonly stores: Readonly<Record<Role, Store>>;
  /** The n-th has the n-th bucket of every result. */
  readonly reports: readonly Made[];
  /** Reports that were uploaded, and of these the ones whose upload was answered. */
  readonly sent: ReadonlySet<number>;
  readonly taken: ReadonlySet<number>;
  readonly asked: readonly Asked[];
  readonly minBatchSize: number;
}

export interface Verdict {
  /** What was wrong, if something was. */
  readonly faults: readonly string[];
  /** Reports in results. */
  readonly counted: number;
  readonly batches: number;
}

export async function judge(world: World): Promise<Verdict> {
  const faults: string[] = [];
  const expect = (holds: boolean, what: string): void => {
    if (!holds) faults.push(what);
  };
  const counters = { leader: await countersOf(world.stores.leader), helper: await countersOf(world.stores.helper) };
  const states = { leader: await statesOf(world.stores.leader), helper: await statesOf(world.stores.helper) };

  // Nothing waits for ever: only a collection of too few reports does.
  for (const role of ["leader", "helper"] as const) {
    for (const [name, count] of Object.entries(states[role])) {
      const isOver = name === "collect waiting" || /(done|deleted|failed)$/.test(name);
      expect(isOver, `${role}: ${count} jobs: ${name}`);
    }
  }
  const waiting = await read(world.stores.leader, (tx) => tx.countWaiting(1));
  expect(waiting === 0, `${waiting} reports wait`);

  // Both have counted the same, in all and in each bucket that is not collected.
  const [aggregated, ofHelper] = [counters.leader["aggregated"] ?? 0, counters.helper["aggregated"] ?? 0];
  expect(aggregated === ofHelper, `${aggregated} and ${ofHelper} aggregated`);
  const [atLeader, atHelper] = [await bucketsOf(world.stores.leader), await bucketsOf(world.stores.helper)];
  let open = 0;
  for (const [name, { count, checksum }] of atLeader) {
    open += count;
    const other = atHelper.get(name);
    expect(other?.count === count && other.checksum === checksum, `bucket ${name}: ${count} and ${other?.count}`);
  }

  const { counts, batches } = await resultsOf(world, expect);
  for (const [i, n] of counts) {
    expect(n === 1, `report ${i} is counted ${n} times`);
    expect(world.reports[i]?.isGood === true, `report ${i} is false`);
    expect(world.sent.has(i), `report ${i} was not uploaded`);
  }
  // A result that its collector deleted is one that nobody sees.
  if (!world.asked.some(({ isDeleted }) => isDeleted)) {
    const good = (some: ReadonlySet<number>) => [...some].filter((i) => world.reports[i]?.isGood).length;
    const [most, least] = [good(world.sent), good(world.taken)];
    const all = counts.size + open;
    const late = counters.leader["refused:batch_collected"] ?? 0;
    expect(all <= most && all + late >= least, `${least} to ${most} good reports: ${all} counted, ${late} too late`);
    expect(aggregated === all, `${aggregated} aggregated: ${counts.size} in results, ${open} in open batches`);
  }
  if (faults.length > 0) faults.push(JSON.stringify({ states, counters }));
  return { faults, counted: counts.size, batches };
}

/** How often each report is in a result. */
async function resultsOf(
  { pair, stores, asked, minBatchSize }: World,
  expect: (holds: boolean, what: string) => void,
): Promise<{ readonly counts: ReadonlyMap<number, number>; readonly batches: number }> {
  const counts = new Map<number, number>();
  let batches = 0;
  const ctx = { ...pair.leader.ctx, store: stores.leader };
  for (const { body, id } of asked) {
    const answer = await readCollectionJob(ctx, pair.leader.task, id).catch((error: unknown) => {
      if (error instanceof Problem) return error;
      throw error;
    });
    if (answer instanceof Problem) {
      expect(answer.type === "gone" || answer.type === "batchOverlap", `a collection: ${answer.message}`);
    } else if (answer.body !== null) {
      batches++;
      const { count, result } = pair.open(answer.body, body);
      const totals = result as bigint[];
      expect(count >= minBatchSize, `a batch of ${count}`);
      expect(totals.reduce((sum, n) => sum + n, 0n) === BigInt(count), `a batch of ${count}: ${totals.join()}`);
      for (const [i, n] of totals.entries()) if (n !== 0n) counts.set(i, (counts.get(i) ?? 0) + Number(n));
    }
  }
  return { counts, batches };
}

const read = <T>(store: Store, body: (tx: Transaction) => Promise<T>): Promise<T> => store.run("judge", body);

async function countersOf(store: Store): Promise<Record<string, number>> {
  const rows = await read(store, (tx) => tx.counters(1));
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

async function statesOf(store: Store): Promise<Record<string, number>> {
  const rows = await read(store, (tx) => tx.jobStates(1));
  return Object.fromEntries(rows.map(({ kind, state, count }) => [`${kind} ${state}`, count]));
}

/** The partial aggregates of each bucket together, by its name in hex. */
async function bucketsOf(store: Store): Promise<Map<string, { readonly count: number; readonly checksum: string }>> {
  const everything = { from: new Uint8Array(0), to: new Uint8Array(33).fill(255) };
  const buckets = new Map<string, StoredPartial[]>();
  for (const partial of await read(store, (tx) => tx.partials(1, everything))) {
    const name = Buffer.from(partial.bucket).toString("hex");
    buckets.set(name, [...(buckets.get(name) ?? []), partial]);
  }
  return new Map(
    Array.from(buckets, ([name, partials]) => {
      const checksum = new Uint8Array(32).map((_, i) => partials.reduce((xor, one) => xor ^ (one.checksum[i] ?? 0), 0));
      const count = partials.reduce((sum, one) => sum + one.count, 0);
      return [name, { count, checksum: Buffer.from(checksum).toString("hex") }];
    }),
  );
}
