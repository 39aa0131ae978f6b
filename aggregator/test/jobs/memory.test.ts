// What processes keep between two steps of a job is bounded in bytes, however large reports are.

import { expect, test } from "vitest";
import type { Context } from "../../src/context.js";
import { memoryOf, type OnTheWay } from "../../src/jobs/memory.js";
import { type GoingOn, statesOf } from "../../src/protocol/helper/states.js";
import type { AggregatorTask } from "../../src/tasks/task.js";

const MEBIBYTE = 1 << 20;
const taskOf = (maxReportBytes: number) => ({ key: 1, limits: { maxReportBytes } }) as AggregatorTask;
const idOf = (n: number) => new Uint8Array(16).fill(n);

test("at the leader", () => {
  const memory = memoryOf({} as Context);
  const job = (n: number) => ({ task: 1, kind: "aggregate", id: idOf(n) }) as const;
  const what = { request: new Uint8Array(0), turns: new Array(40) as OnTheWay["turns"] };
  for (let n = 1; n <= 4; n++) memory.keep(job(n), what, taskOf(MEBIBYTE));
  // Of four times 40 MiB, the oldest went; and what is taken makes room.
  expect([1, 2, 3, 4].map((n) => memory.take(job(n)))).toEqual([undefined, what, what, what]);
  for (let n = 1; n <= 3; n++) memory.keep(job(n), what, taskOf(MEBIBYTE));
  expect([1, 2, 3].map((n) => memory.take(job(n)))).toEqual([what, what, what]);
});

test("at the helper", () => {
  const memory = statesOf({} as Context);
  const states = new Map(Array.from({ length: 40 }, (_, n) => [String(n), {} as GoingOn]));
  for (let n = 1; n <= 4; n++) memory.keep(taskOf(MEBIBYTE), idOf(n), states);
  expect([1, 2, 3, 4].map((n) => memory.take(1, idOf(n)))).toEqual([undefined, states, states, states]);
  for (let n = 1; n <= 4; n++) memory.keep(taskOf(1000), idOf(n), states);
  expect([1, 2, 3, 4].map((n) => memory.take(1, idOf(n)))).toEqual([states, states, states, states]);
});
