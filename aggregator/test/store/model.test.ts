// Random transactions, carried out on a store and on the model, with the same answers. Some throw at their end: then
// the store must be as it was. Names are few, so that they meet.

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  ENDED,
  type JobChange,
  type JobKind,
  type LeasedJob,
  LeaseLost,
  type Transaction,
} from "../../src/store/store.js";
import { Model } from "./model.js";
import { bucketAt, bucketsIn, bytesOf, emptyStore, isPostgres, newJob, once, partialOf, taskOf } from "./support.js";

/** One operation on both; throws where the store's answer is not the model's. */
type Step = (real: Transaction, model: Model, world: World) => Promise<void>;

/** What a run knows beside the model. */
interface World {
  readonly task: number;
  /** Leases that were given out, held or not; the model knows a holder by the lease's number. */
  readonly leases: LeasedJob[];
}

/** Ends a transaction, and nothing of it may be left. */
class TakenBack extends Error {}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const nameOf = ({ kind, id }: { readonly kind: string; readonly id: Uint8Array }) => `${kind} ${hexOf(id)}`;

const id = fc.nat(9).map((i) => bytesOf(i));
const job = fc.nat(3).map((i) => bytesOf(`job ${i}`));
const batch = fc.nat(1).map((i) => bytesOf(`batch ${i}`, 32));
const time = fc.nat(6);
const range = fc.tuple(fc.nat(6), fc.nat(7));
const ids = fc.array(id, { maxLength: 6 });
const someIds = fc.option(ids);
const kind = fc.constantFrom<JobKind>("aggregate", "collect", "verify");
const state = fc.constantFrom("created", "requested", ...ENDED);
const at = fc.nat(20);

const orAll = (chosen: Uint8Array[] | null) => chosen ?? undefined;
const namesOf = (chosen: Uint8Array[] | null) => chosen?.map(hexOf) ?? null;
const timesOf = ([from, to]: readonly [number, number]) => ({ from, to });

const reports: fc.Arbitrary<Step>[] = [
  fc
    .record({ all: fc.array(fc.record({ id, time, content: fc.uint8Array({ maxLength: 40 }) }), { maxLength: 8 }), at })
    .map(({ all, at }) => async (real, model, { task }) => {
      const added = await real.insertReports(
        all.map((report) => ({ task, ...report })),
        at,
      );
      const expected = model.insertReports(
        all.map((report) => ({ ...report, id: hexOf(report.id), content: hexOf(report.content) })),
        at,
      );
      expect(added).toBe(expected);
    }),
  fc.record({ range, limit: fc.nat(5) }).map(({ range, limit }) => async (real, model, { task }) => {
    expect(await real.countWaiting(task, timesOf(range), limit)).toBe(model.countWaiting(range, limit));
    const expected = model.waiting(limit + 1);
    const found = (await real.waiting(limit + 1)).filter((waiting) => waiting.task === task);
    expect(found).toEqual(expected === null ? [] : [{ task, ...expected }]);
  }),
  fc.record({ job, limit: fc.nat(6), range }).map(({ job, limit, range }) => async (real, model, { task }) => {
    const claimed = (await real.claimReports(task, job, limit, timesOf(range))).map(({ id }) => hexOf(id));
    expect(claimed).toEqual(model.claimReports(hexOf(job), limit, range, claimed));
  }),
  job.map((job) => async (real, model, { task }) => {
    const found = await real.reportsOf(task, job);
    const named = found.map(({ id, time, content }) => ({ id: hexOf(id), time, content: hexOf(content) }));
    expect(named).toEqual(model.reportsOf(hexOf(job)));
  }),
  fc.record({ job, chosen: someIds }).map(({ job, chosen }) => async (real, model, { task }) => {
    await real.removeReports(task, job, orAll(chosen));
    model.removeReports(hexOf(job), namesOf(chosen));
  }),
  fc.record({ job, to: job, chosen: ids }).map(({ job, to, chosen }) => async (real, model, { task }) => {
    await real.moveReports(task, job, to, chosen);
    model.moveReports(hexOf(job), hexOf(to), namesOf(chosen));
  }),
];

const replayKeys: fc.Arbitrary<Step>[] = [
  fc.array(fc.record({ id, time }), { maxLength: 6 }).map((keys) => async (real, model, { task }) => {
    const seen = await real.insertReplayKeys(task, keys);
    expect(seen.map(hexOf)).toEqual(model.insertReplayKeys(keys.map(({ id, time }) => ({ id: hexOf(id), time }))));
  }),
  fc.nat(3).map((before) => async (real, model, { task }) => {
    expect(await real.removeReplayKeys(task, before, 1000)).toBe(model.removeReplayKeys(before));
  }),
];

const change = fc.record(
  { state, step: fc.nat(3), answer: fc.option(fc.uint8Array({ maxLength: 20 })) },
  { requiredKeys: [] },
) as fc.Arbitrary<Pick<JobChange, "state" | "step" | "answer">>;
const asTexts = ({ answer, ...rest }: Pick<JobChange, "state" | "step" | "answer">) => ({
  ...rest,
  ...(answer === undefined ? {} : { answer: answer === null ? null : hexOf(answer) }),
});

const jobs: fc.Arbitrary<Step>[] = [
  fc
    .record({ id: job, kind, state, times: fc.option(range), batch: fc.option(batch), notBefore: at, at })
    .map(({ id, at, times, ...rest }) => async (real, model, { task }) => {
      const row = newJob(task, "", { ...rest, id, times: times && timesOf(times) });
      const texts = { ...rest, id: hexOf(id), times, batch: rest.batch && hexOf(rest.batch), step: 0, answer: null };
      expect(await real.insertJob(row, at)).toBe(model.insertJob(texts, at));
    }),
  fc
    .record({ kinds: fc.uniqueArray(kind), limit: fc.nat(3), at, length: fc.nat(8) })
    .map(({ kinds, limit, at, length }) => async (real, model, { leases }) => {
      const acquired = await real.acquireJobs(kinds, limit, at, at + length);
      expect(acquired.map(nameOf)).toEqual(model.acquireJobs(kinds, limit, at, at + length, leases.length));
      // The model has one holder for all that are acquired together, as the store has one token.
      leases.push(...acquired.slice(0, 1));
    }),
  fc
    .record({ which: fc.nat(), id: job, kind, change, at, release: fc.boolean(), isHeld: fc.boolean() })
    .map(({ which, id, kind, change, at, release, isHeld }) => async (real, model, { task, leases }) => {
      const holder = isHeld && leases.length > 0 ? which % leases.length : null;
      const leased = holder === null ? { task, kind, id } : (leases[holder] as LeasedJob);
      const lease = holder === null ? undefined : { lease: (leases[holder] as LeasedJob).lease, release };
      const expected = model.updateJob(nameOf(leased), asTexts(change), at, holder, release);
      // Such an error ends the transaction: what follows must not be compared.
      if (expected === "done") await real.updateJob(leased, change, at, lease);
      else if (expected === "lost") throw new ExpectedError(real.updateJob(leased, change, at, lease), LeaseLost);
      else throw new ExpectedError(real.updateJob(leased, change, at, lease), Error);
    }),
  fc.record({ which: fc.nat(), until: at }).map(({ which, until }) => async (real, model, { leases }) => {
    const holder = leases.length === 0 ? 0 : which % leases.length;
    const leased = leases[holder];
    if (leased === undefined) return;
    expect(await real.renewLease(leased.lease, until)).toBe(model.renewLease(nameOf(leased), holder, until));
  }),
  fc.record({ id: job, kind }).map(({ id, kind }) => async (real, model, { task }) => {
    const expected = model.jobs.get(nameOf({ kind, id }));
    for (const found of [await real.job(task, kind, id), await real.lockJob(task, kind, id)]) {
      expect(found?.state).toBe(expected?.state);
      expect(found?.step).toBe(expected?.step);
      expect(found?.answer ? hexOf(found.answer) : found?.answer).toBe(expected?.answer);
      expect(found?.changedAt).toBe(expected?.changedAt);
    }
  }),
  fc
    .record({ kind, times: fc.option(range), batch: fc.option(batch) })
    .map(({ kind, times, batch }) => async (real, model, { task }) => {
      const where = { ...(times && { times: timesOf(times) }), ...(batch && { batch }) };
      const expected = model.countOpenJobs(kind, times, batch && hexOf(batch));
      expect(await real.countOpenJobs(task, kind, where)).toBe(expected);
      const states = await real.jobStates(task);
      expect(states.map(({ kind, state, count }) => `${kind} ${state} ${count}`)).toEqual(model.jobStates());
    }),
  at.map((before) => async (real, model, { task }) => {
    expect(await real.forgetJobs(task, before, 1000)).toBe(model.forgetJobs(before));
  }),
];

const batches: fc.Arbitrary<Step>[] = [
  fc
    .record({ job, bucket: time, count: fc.integer({ min: 1, max: 500 }) })
    .map((partial) => async (real, model, { task }) => {
      const insert = () => real.insertPartials(task, partial.job, [partialOf(bucketAt(partial.bucket), partial.count)]);
      if (model.insertPartial({ ...partial, job: hexOf(partial.job) })) await insert();
      else throw new ExpectedError(insert(), Error);
    }),
  fc.record({ range, size: fc.integer({ min: 1, max: 3 }) }).map(({ range, size }) => async (real, model, { task }) => {
    const found: { bucket: Uint8Array; job: Uint8Array; count: number }[] = [];
    for (let page = null as Awaited<ReturnType<Transaction["partials"]>> | null; page?.length !== 0; ) {
      page = await real.partials(task, bucketsIn(...range), { limit: size, after: page?.at(-1) });
      found.push(...page);
    }
    const named = found.map(({ bucket, job, count }) => ({ bucket: bucket[7], job: hexOf(job), count }));
    const expected = model.partialsIn(range);
    expect(named).toEqual(expected.map(({ bucket, job, count }) => ({ bucket, job, count })));
    const sum = expected.reduce((n, { count }) => n + count, 0);
    expect(await real.countAggregated(task, bucketsIn(...range))).toBe(sum);
    const buckets = (await real.buckets(task, 100)).map(({ bucket, count, jobs }) => ({
      bucket: bucket[7],
      count,
      jobs,
    }));
    expect(buckets).toEqual(model.buckets());
  }),
  range.map((range) => async (real, model, { task }) => {
    await real.removePartials(task, bucketsIn(...range));
    model.removePartials(range);
  }),
  fc
    .record({ from: fc.nat(6), length: fc.integer({ min: 1, max: 2 }) })
    .map(({ from, length }) => async (real, model, { task }) => {
      await real.lockTask(task, "exclusive");
      const insert = () => real.insertCollected(task, bucketsIn(from, from + length), 1);
      if (model.insertCollected([from, from + length])) await insert();
      else throw new ExpectedError(insert(), Error);
    }),
  range.map((range) => async (real, model, { task }) => {
    if (range[0] < range[1]) {
      expect(await real.isCollected(task, bucketsIn(...range))).toBe(model.isCollected(range));
    }
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const among = (await real.collectedAmong(task, all.map(bucketAt))).map((bucket) => bucket[7]);
    expect(among).toEqual(all.filter((bucket) => model.isCollected([bucket, bucket + 1])));
  }),
  fc.record({ name: fc.constantFrom("a", "b"), n: fc.nat(9) }).map(({ name, n }) => async (real, model, { task }) => {
    await real.addCounters([{ task, name, n }]);
    model.addCounter(name, n);
    const expected = [...model.counters].sort().map(([name, n]) => ({ name, n }));
    expect(await real.counters(task)).toEqual(expected);
  }),
];

/** An operation that must fail, and with it the transaction. */
class ExpectedError extends Error {
  readonly operation: Promise<unknown>;
  readonly of: new (
    ...args: never[]
  ) => Error;
  constructor(operation: Promise<unknown>, of: new (...args: never[]) => Error) {
    super("expected an error");
    this.operation = operation;
    this.of = of;
  }
}

const step = fc.oneof(...reports, ...replayKeys, ...jobs, ...batches);
const transactions = fc.array(
  fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 5 }),
    isTakenBack: fc.integer({ min: 0, max: 5 }).map((i) => i === 0),
  }),
  { minLength: 1, maxLength: 25, size: "max" },
);

test("random transactions have the answers of the model", { timeout: 300_000 }, async () => {
  const store = await emptyStore();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(transactions, async (all) => {
      const task = await taskOf(store, runs++);
      let world: World = { task, leases: [] };
      let model = new Model();
      for (const { steps, isTakenBack } of all) {
        const [nextModel, nextWorld] = [model.copy(), { task, leases: [...world.leases] }];
        const run = store.run("model", async (real) => {
          for (const step of steps) {
            try {
              await step(real, nextModel, nextWorld);
            } catch (error) {
              if (!(error instanceof ExpectedError)) throw error;
              await expect(error.operation).rejects.toThrow(error.of);
              throw new TakenBack();
            }
          }
          if (isTakenBack) throw new TakenBack();
        });
        const isDone = await run.then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof TakenBack)) throw error;
            return false;
          },
        );
        if (isDone) [model, world] = [nextModel, nextWorld];
      }
      // The jobs of this run are none of the next one's.
      await once(store, async (tx) => {
        for (const kind of ["aggregate", "collect", "verify"] as const) {
          for (const open of await tx.jobs(task, kind, 100)) await tx.updateJob(open, { state: "done" }, 0);
        }
      });
    }),
    { numRuns: isPostgres ? 100 : 150 },
  );
});
