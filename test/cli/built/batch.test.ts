// A large batch with bad rows of every kind through the built command, in each mode: the totals are the plain sums of
// the good rows, one and two jobs write the same bytes, and every bad row is listed with its reason.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../support.js";
import { Deployment, type Id } from "./deployment.js";

const REPORTS = 5000;
const FIELDS = 64;
/** 2 % of the rows. */
const BAD_EVERY = 50;

const valuesOf = (i: number): number[] =>
  Array.from({ length: FIELDS }, (_, k) => Number((i * 7 + k * k * 13) % 11 < 4));

interface Spoiler {
  readonly reason: string;
  /** `other` is an honest row before it. */
  readonly spoil: (row: Row, other: Row) => string;
}

/** Ways to spoil a row, at both servers alike. */
const spoilers: readonly Spoiler[] = [
  { reason: "malformed-json", spoil: ({ line }) => line.slice(0, -9) },
  { reason: "missing-field", spoil: ({ payload }) => JSON.stringify({ payload }) },
  { reason: "missing-field", spoil: ({ id }) => JSON.stringify({ id, payload: 7 }) },
  { reason: "malformed-base64", spoil: ({ id, payload }) => JSON.stringify({ id, payload: `!${payload.slice(1)}` }) },
  { reason: "cannot-open", spoil: ({ id, payload }) => JSON.stringify({ id, payload: payload.slice(0, 200) }) },
  { reason: "duplicate-id", spoil: ({ payload }, { id }) => JSON.stringify({ id, payload }) },
  { reason: "duplicate-packet", spoil: ({ id }, { payload }) => JSON.stringify({ id, payload }) },
  { reason: "malformed-json", spoil: () => "\u0000[]" },
];

interface Row {
  readonly line: string;
  readonly id: string;
  readonly payload: string;
}

const rowOf = (line: string): Row => ({ line, ...(JSON.parse(line) as { id: string; payload: string }) });

const folder = scratch();
let deployment: Deployment;
/** The reason at each bad line, from 1. */
const badLines = new Map<number, string>();
const sums = new Array<number>(FIELDS).fill(0);
/** The rows of both servers with the bad ones among them. */
const spoiled: Record<Id, string[]> = { A: [], B: [] };

beforeAll(async () => {
  deployment = await Deployment.in(folder.path, { BATCH_ID: "five thousand", N_DATA: String(FIELDS) });
  const all = Array.from({ length: REPORTS }, (_, i) => valuesOf(i));
  const data = deployment.write("data.ndjson", all.map((payload) => `${JSON.stringify({ payload })}\n`).join(""));
  const { code, stdout } = await deployment.encode(data, ["--jobs", "2"]);
  expect([code, stdout.toString()]).toEqual([0, "0 errors out of 5000 total\n"]);

  for (let i = BAD_EVERY - 1, k = 0; i < REPORTS; i += BAD_EVERY, k++) {
    badLines.set(i + 1, (spoilers[k % spoilers.length] as Spoiler).reason);
  }
  all.forEach((values, i) => {
    if (badLines.has(i + 1)) return;
    for (const [k, x] of values.entries()) sums[k] = (sums[k] as number) + x;
  });
  for (const id of ["A", "B"] as const) {
    const rows = deployment.read("raw", id, "data.ndjson").trimEnd().split("\n").map(rowOf);
    let k = 0;
    spoiled[id] = rows.map((row, i) =>
      badLines.has(i + 1) ? (spoilers[k++ % spoilers.length] as Spoiler).spoil(row, rows[i - 1] as Row) : row.line,
    );
  }
}, 60_000);

afterAll(() => folder.remove());

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

describe("5,000 reports of 64 fields, 100 of them bad at both servers", () => {
  it("stream: totals are the sums of the good rows, with one or two jobs, and every bad row is listed", async () => {
    for (const id of ["A", "B"] as const) deployment.write(`raw/${id}/stream.ndjson`, text(spoiled[id]));
    const argv = ["--query-points", "stream", "--jobs", "2"];
    expect(await deployment.collect("stream.ndjson", argv)).toEqual(sums);

    for (const stage of ["verify1", "verify2", "aggregate"] as const) {
      const errors = deployment.path("errors.ndjson");
      const alone = await deployment.stage(stage, "A", "stream.ndjson", [
        "--jobs",
        "1",
        "--output",
        deployment.path("alone"),
        "--errors",
        errors,
      ]);
      expect([alone.code, alone.stdout.toString()]).toEqual([0, "100 errors out of 5000 total\n"]);
      expect(deployment.read("alone", "stream.ndjson"), stage).toBe(deployment.read(stage, "A", "stream.ndjson"));
      const listed = deployment
        .read("errors.ndjson")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { line: number; reason: string });
      expect(listed.map(({ line, reason }) => [line, reason])).toEqual([...badLines]);
    }
  }, 120_000);

  it("report: another order of rows, and packets that open at one server only, disturb nothing", async () => {
    deployment.write("raw/A/report.ndjson", text(spoiled.A));
    // B has its rows backwards: of two rows with one id or packet it takes the other one, so these are left out of the
    // sums. The packet of B's second row is A's, which does not open at B.
    const rowsB = [...spoiled.B];
    const spoiledAlone = 1;
    const { id } = rowOf(rowsB[spoiledAlone] as string);
    rowsB[spoiledAlone] = JSON.stringify({ id, payload: rowOf(spoiled.A[spoiledAlone] as string).payload });
    deployment.write("raw/B/report.ndjson", text(rowsB.reverse()));

    const lost = new Set<number>([spoiledAlone]);
    for (const [line, reason] of badLines) if (reason.startsWith("duplicate")) lost.add(line - 2);
    const expected = sums.map((sum, k) => sum - [...lost].reduce((total, i) => total + (valuesOf(i)[k] as number), 0));
    expect(await deployment.collect("report.ndjson", ["--query-points", "report", "--jobs", "2"])).toEqual(expected);
  }, 120_000);

  it("batch: one point for all, the same sums", async () => {
    const part = 500;
    for (const id of ["A", "B"] as const) deployment.write(`raw/${id}/batch.ndjson`, text(spoiled[id].slice(0, part)));
    const expected = sums.map((_, k) => {
      const good = Array.from({ length: part }, (__, i) => i).filter((i) => !badLines.has(i + 1));
      return good.reduce((total, i) => total + (valuesOf(i)[k] as number), 0);
    });
    expect(await deployment.collect("batch.ndjson", ["--query-points", "batch"])).toEqual(expected);
  }, 60_000);

  it("stream: a packet that opens at one server only spoils the rest, and the hint says so", async () => {
    const part = 60;
    const rowsB = spoiled.B.slice(0, part);
    rowsB[9] = JSON.stringify({ id: rowOf(rowsB[9] as string).id, payload: rowOf(spoiled.A[9] as string).payload });
    deployment.write("raw/A/lost.ndjson", text(spoiled.A.slice(0, part)));
    deployment.write("raw/B/lost.ndjson", text(rowsB));
    for (const stage of ["verify1", "verify2"] as const) {
      for (const id of ["A", "B"] as const) await deployment.stage(stage, id, "lost.ndjson");
    }
    const { code, stdout, stderr } = await deployment.stage("aggregate", "A", "lost.ndjson");
    // Of 60 rows, nine pass; the tenth has no message from B, the 50th is bad by itself.
    expect([code, stdout.toString()]).toEqual([0, "51 errors out of 60 total\n"]);
    expect(stderr).toContain("49 proof-failed");
    expect(stderr).toMatch(/hint: every proof after line 9 fails: .* --query-points report/);
  }, 60_000);
});
