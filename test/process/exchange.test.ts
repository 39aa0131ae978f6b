// Both sides of a day in one process, with stores in directories: totals, restarts, and what only one side has.

import { EventEmitter, once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { Deployment, hurried, SIDES } from "./deployment.js";

let deployment: Deployment;
const deploy = (batches: Deployment["batches"]): Deployment => (deployment = new Deployment(batches));
afterEach(() => deployment.remove());

/** For a side that waits for minutes. */
const patient = { run: { clock: hurried() }, config: { deadline: 1_000_000 } };
/** Reports of three booleans. */
const booleans = (count: number, seed = 0): number[][] =>
  Array.from({ length: count }, (_, i) => [0, 1, 2].map((k) => Number((i * 7 + k * 3 + seed) % 5 < 2)));
const sums = (parts: readonly (readonly (readonly number[])[])[]): number[] =>
  parts.flat().reduce<number[]>((sum, values) => values.map((x, k) => x + (sum[k] ?? 0)), []);

const visits = { batch_id: "visits", n_data: 3 };
const clicks = { batch_id: "clicks", n_data: 3 };

/** A deployment with one batch of two parts. */
function visited(): Deployment {
  const d = deploy([visits]);
  d.share({ visits: [booleans(6), booleans(4, 1)] });
  return d;
}
const total = sums([booleans(6), booleans(4, 1)]);

describe("a day", () => {
  test("two sides publish the plain sums of several batches, booleans and integers, in several parts", async () => {
    const ages = [
      [
        [3, 15],
        [0, 7],
      ],
      [[9, 1]],
    ];
    const values = { visits: [booleans(6), booleans(4, 1)], "a/b": [booleans(5, 2)], ages };
    const d = deploy([visits, { batch_id: "a/b", n_data: 3 }, { batch_id: "ages", n_data: 2, precision: 4 }]);
    d.share(values);
    const { A, B } = await d.runBoth();
    expect(A.states).toEqual({ visits: "published", "a/b": "published", ages: "published" });
    expect(B.states).toEqual(A.states);
    const rows = d.published("A");
    expect(Object.fromEntries(Object.entries(rows).map(([name, { payload }]) => [name, payload]))).toEqual({
      "batch_id=visits": total,
      "batch_id=a%2Fb": sums(values["a/b"]),
      "batch_id=ages": sums(ages),
    });
    expect(d.published("B")).toEqual(rows);
    expect(rows["batch_id=visits"]).toMatchObject({ error: 0, total: 10, timestamp: "2026-03-01T00:00:00.000000" });
    // Nothing is left under way, and no lock.
    for (const side of SIDES) {
      expect(readdirSync(d.at(side, "work", "survey", "2026-03-01"))).toEqual([]);
      expect(Object.keys(d.files(side, "private")).filter((name) => name.includes("_locks"))).toEqual([]);
    }
  });

  test("the folders are prio-processor's", async () => {
    const d = visited();
    await d.runBoth();
    const [A, B] = SIDES.map((side) => d.keys[side].publicKey.toHex());
    const parts = ["_SUCCESS", "_manifest.json", "part-00000.json", "part-00001.json"];
    const folder = "batch_id=visits";
    const external = `shared/data/v1/${B}/survey/2026-03-01/intermediate/external`;
    expect(Object.keys(d.files("A", "shared"))).toEqual(
      [
        `${external}/aggregate/_SUCCESS`,
        ...["_SUCCESS", "_manifest.json", "part-00000.json"].map((name) => `${external}/aggregate/${folder}/${name}`),
        `${external}/manifest/${folder}/_manifest.json`,
        ...["verify1", "verify2"].flatMap((stage) => [
          `${external}/${stage}/_SUCCESS`,
          ...parts.map((name) => `${external}/${stage}/${folder}/${name}`),
        ]),
      ].sort(),
    );
    const own = Object.keys(d.files("B", "private"));
    expect(own).toContain(
      `private/data/v1/${A}/survey/2026-03-01/intermediate/internal/verify1/${folder}/part-00000.json`,
    );
    expect(own).toContain(`private/data/v1/${A}/survey/2026-03-01/processed/publish/${folder}/part-00000.json`);
    expect(own).toContain(`private/data/v1/${A}/survey/2026-03-01/processed/publish/${folder}/_SUCCESS`);
  });

  test("with noise of both, both publish the same totals, again the same when a run is repeated", async () => {
    const d = visited();
    const noisy = { A: { config: { noise: "laplace:scale=500" } }, B: { env: { NOISE: "gaussian:variance=250000" } } };
    const { A } = await d.runBoth(noisy);
    const row = d.published("A")["batch_id=visits"];
    expect(d.published("B")["batch_id=visits"]).toEqual(row);
    expect(row).toMatchObject({ noise: { A: ["laplace:scale=500"], B: ["gaussian:variance=250000"] } });
    expect(row?.payload).not.toEqual(total);
    expect(A.events.find(({ event }) => event === "batch-published")).toMatchObject({
      level: "info",
      message: "published totals of 10 reports; noise: laplace:scale=500 of A, gaussian:variance=250000 of B",
    });
    // All that a run made is lost, but for what it remembers of its checks.
    for (const side of SIDES) {
      for (const store of ["private", "shared"]) rmSync(d.at(side, store, "data"), { recursive: true });
    }
    await d.runBoth(noisy);
    expect(d.published("A")["batch_id=visits"]?.payload).toEqual(row?.payload);
  });

  test("noise of one side alone is told", async () => {
    const d = visited();
    const { A, B } = await d.runBoth({ B: { config: { noise: "laplace:epsilon=1" } } });
    expect(d.published("A")["batch_id=visits"]).toMatchObject({ noise: { A: [], B: ["laplace:epsilon=1,scale=3"] } });
    for (const { events } of [A, B]) {
      expect(events.find(({ event }) => event === "batch-published")).toMatchObject({
        level: "warn",
        message: "published totals of 10 reports; noise: none of A, laplace:epsilon=1,scale=3 of B",
      });
    }
  });

  test("one side may begin long before the other, which is told by events", async () => {
    const d = visited();
    const events = new EventEmitter();
    const waiting = once(events, "batch-waiting");
    const first = d.run("A", { run: { onEvent: ({ event }) => events.emit(event) } });
    await waiting;
    await Promise.all([first, d.run("B")]);
    expect(d.published("A")["batch_id=visits"]?.payload).toEqual(total);
  });

  test("events say what happens, without an id of a report", async () => {
    const d = visited();
    const { A } = await d.runBoth();
    const told = A.events.map(({ event, stage }) => `${event} ${stage ?? ""}`.trim());
    expect(told).toEqual(
      expect.arrayContaining(["day-started", "shares-fetched raw", "stage-done verify1", "handed-over verify1"]),
    );
    expect(told.at(-1)).toBe("day-ended");
    expect(A.events.find(({ event }) => event === "stage-done")?.fields).toMatchObject({ rows: 10, leftOut: 0 });
    expect(JSON.stringify(A.events)).not.toMatch(/"\d+-\d+"/);
  });

  test("what is published does not depend on when a run is repeated", async () => {
    const d = visited();
    await d.runBoth({ A: { env: { SOURCE_DATE_EPOCH: "" } } });
    const before = d.files("A", "private", "shared");
    const { A } = await d.runBoth({ A: { env: { SOURCE_DATE_EPOCH: "" } } });
    expect(A.states).toEqual({ visits: "published" });
    const after = d.files("A", "private", "shared");
    const isStatus = (name: string) => name.endsWith("_status.json");
    for (const name of Object.keys(before).filter((name) => !isStatus(name)))
      expect(after[name], name).toBe(before[name]);
  });
});

describe("what one side alone has", () => {
  const rawOf = (d: Deployment, side: "A" | "B", ...names: string[]) => d.day(side, "ingest", "raw/shares", ...names);

  test("a batch without shares at one side does not stop the others", async () => {
    const d = deploy([visits, clicks]);
    d.share({ visits: [booleans(4)], clicks: [booleans(4)] });
    rmSync(rawOf(d, "B", "batch_id=clicks"), { recursive: true });
    const { A, B } = await d.runBoth({ A: patient, B: patient });
    expect(A.states).toEqual({ visits: "published", clicks: "missing: no shares there" });
    expect(B.states).toEqual({ visits: "published", clicks: "missing: no shares here" });
    // What is repaired is published by the next run, though each side still finds what the other said before.
    d.sharePart("clicks", 0, booleans(4));
    for (const side of SIDES) rmSync(d.at(side, "work"), { recursive: true });
    const again = await d.runBoth();
    expect(again.A.states).toEqual({ visits: "published", clicks: "published" });
  });

  test("shares that come later are processed by the next run", async () => {
    const d = deploy([visits, clicks]);
    d.share({ visits: [booleans(4)] });
    expect((await d.runBoth({ A: patient, B: patient })).A.states).toEqual({ visits: "published", clicks: "empty" });
    d.sharePart("clicks", 0, booleans(5));
    expect((await d.runBoth()).A.states).toEqual({ visits: "published", clicks: "published" });
    expect(d.published("B")["batch_id=clicks"]?.payload).toEqual(sums([booleans(5)]));
  });

  test("rows that one side lacks are left out at both", async () => {
    const d = visited();
    const path = rawOf(d, "B", "batch_id=visits", "part-00001.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^.*\n/, ""));
    const { A, B } = await d.runBoth();
    expect(A.states).toEqual({ visits: "published" });
    const expected = sums([booleans(6), booleans(4, 1).slice(1)]);
    expect(d.published("A")["batch_id=visits"]).toMatchObject({ payload: expected, error: 1, total: 10 });
    expect(d.published("B")["batch_id=visits"]).toMatchObject({ payload: expected, error: 0, total: 9 });
    expect(B.events.find(({ event }) => event === "batch-agreed")?.fields).toEqual({ rowsHere: 9, rowsThere: 10 });
  });

  test("more rows left out than maxErrors allows end the batch at both", async () => {
    const d = visited();
    const path = rawOf(d, "B", "batch_id=visits", "part-00001.json");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^.*\n/, ""));
    const { A, B } = await d.runBoth({ A: { config: { maxErrors: "5%" } }, B: patient });
    expect(A.states["visits"]).toMatch("failed: 1 of 10 rows were left out, more than 5 %");
    expect(B.states["visits"]).toBe("failed: the peer has given this batch up at verify2");
    // With another limit the next run goes on.
    const again = await d.runBoth({ A: { config: { maxErrors: 1 } } });
    expect(again.A.states).toEqual({ visits: "published" });
  });

  test("too few reports are not published, and this side's share of them stays here", async () => {
    const d = visited();
    const { A } = await d.runBoth({ A: { config: { minReports: 11 } }, B: patient });
    expect(A.states["visits"]).toBe("failed: aggregate: 10 valid reports are fewer than 11");
    expect(existsSync(d.day("B", "shared", "intermediate/external/aggregate/batch_id=visits"))).toBe(false);
    expect(d.published("B")).toEqual({});
  });

  test("a batch that the configuration does not have is told", async () => {
    const d = visited();
    cpSync(rawOf(d, "A", "batch_id=visits"), rawOf(d, "A", "batch_id=bad-id"), { recursive: true });
    const { A } = await d.runBoth();
    expect(A.states).toEqual({ visits: "published" });
    expect(A.events.find(({ event }) => event === "shares-unknown")?.message).toContain("batch_id=bad-id");
  });

  test("a batch that only one configuration has is told at both sides", async () => {
    const d = deploy([visits, clicks]);
    d.share({ visits: [booleans(6)], clicks: [booleans(4)] });
    // A begins, and B ends its day without the batch.
    const looks = { config: { retry: { delay: 0.001, limit: 0 } } };
    expect((await d.run("A", looks)).states["clicks"]).toMatch(/^waiting/);
    const B = { config: { batches: [visits] } };
    const first = await d.runBoth({ A: patient, B });
    expect(first.B.states).toEqual({ visits: "published" });
    expect(first.B.events.find(({ event }) => event === "peer-unknown")).toMatchObject({
      level: "warn",
      message: "the peer has begun what is not in the configuration: batch_id=clicks",
      fields: { batches: 1 },
    });
    expect(first.A.states).toEqual({
      visits: "published",
      clicks: "failed: the peer's configuration does not have this batch",
    });
    // Once both have it, the batch goes on.
    const { A } = await d.runBoth();
    expect(A.states).toEqual({ visits: "published", clicks: "published" });
  });

  test("without _SUCCESS nothing begins, and the deadline ends the run", async () => {
    const d = visited();
    rmSync(rawOf(d, "A", "_SUCCESS"));
    const { states } = await d.run("A", { config: { retry: { delay: 0.001, limit: 3 } } });
    expect(states).toEqual({ visits: "waiting: the shares' _SUCCESS did not come in 4 looks" });
    const late = await d.run("A", { run: { clock: hurried() } });
    expect(late.states).toEqual({ visits: "waiting: the shares' _SUCCESS did not come until the deadline" });
    const hint = late.events.find(({ event }) => event === "batch-ended")?.message;
    expect(hint).toContain(`(it would be in ${rawOf(d, "A")})`);
    expect(existsSync(d.day("B", "shared"))).toBe(false);
  });

  test("_SUCCESS without parts is no batch", async () => {
    const d = visited();
    for (const name of ["part-00000.json", "part-00001.json"]) rmSync(rawOf(d, "A", "batch_id=visits", name));
    writeFileSync(rawOf(d, "A", "batch_id=visits", "_SUCCESS"), "");
    const { A, B } = await d.runBoth({ A: patient, B: patient });
    expect(A.states).toEqual({ visits: "missing: no shares here" });
    expect(B.states).toEqual({ visits: "missing: no shares there" });
  });

  test("a peer that is not there is waited for until the deadline, and no stage is said to be complete", async () => {
    const d = visited();
    const { states, events } = await d.run("A", { run: { clock: hurried() } });
    expect(states).toEqual({ visits: "waiting: the peer's manifest of this batch did not come until the deadline" });
    expect(events.find(({ event }) => event === "batch-waiting")?.message).toBe(
      "waiting for the peer's manifest of this batch",
    );
    expect(existsSync(d.day("B", "shared", "intermediate/external/verify1"))).toBe(false);
  });
});
