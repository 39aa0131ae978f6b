// What processes keep between two steps of a job is bounded in bytes, however large reports are.

import { expect, test } from "vitest";
import type { Context } from "../../src/context.js";
import { JobMemory } from "../../src/protocol/job-memory.js";
import type { AggregatorTask } from "../../src/tasks/task.js";

const MEBIBYTE = 1 << 20;
const taskOf = (maxReportBytes: number, key = 1) => ({ key, limits: { maxReportBytes } }) as AggregatorTask;
const idOf = (n: number) => new Uint8Array(16).fill(n);

test("the oldest jobs go, and what is taken makes room", () => {
  const memory = JobMemory.ofContexts<string>()({} as Context);
  for (let n = 1; n <= 4; n++) memory.keep(taskOf(MEBIBYTE), idOf(n), `job ${n}`, 40);
  // Of four times 40 MiB, the oldest went.
  expect([1, 2, 3, 4].map((n) => memory.take(1, idOf(n)))).toEqual([undefined, "job 2", "job 3", "job 4"]);
  expect(memory.take(1, idOf(2))).toBeUndefined();
  for (let n = 1; n <= 3; n++) memory.keep(taskOf(MEBIBYTE), idOf(n), "again", 40);
  expect([1, 2, 3].map((n) => memory.take(1, idOf(n)))).toEqual(["again", "again", "again"]);
  for (let n = 1; n <= 100; n++) memory.keep(taskOf(1000), idOf(n), "small", 40);
  expect(memory.take(1, idOf(1))).toBe("small");
});

test("a job that is kept twice counts once, and jobs of two tasks are two", () => {
  const memory = new JobMemory<string>();
  for (let n = 1; n <= 10; n++) memory.keep(taskOf(MEBIBYTE), idOf(1), `${n}`, 40);
  memory.keep(taskOf(MEBIBYTE, 2), idOf(1), "of the other task", 80);
  expect([memory.take(1, idOf(1)), memory.take(2, idOf(1))]).toEqual(["10", "of the other task"]);
});

test("each context has one memory", () => {
  const memoryOf = JobMemory.ofContexts<string>();
  const [one, other] = [{}, {}] as Context[];
  memoryOf(one as Context).keep(taskOf(1), idOf(1), "here", 1);
  expect(memoryOf(other as Context).take(1, idOf(1))).toBeUndefined();
  expect(memoryOf(one as Context).take(1, idOf(1))).toBe("here");
});
