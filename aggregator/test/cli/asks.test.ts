// What commands ask a person on a terminal, and what an answer does.

import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runProgram } from "../../src/cli/program.js";
import { CREATE, Operator } from "../support/command.js";

let operator: Operator;
beforeEach(() => {
  operator = new Operator();
});
afterEach(() => operator.remove());

/** Runs a command on a terminal where somebody types. */
async function typing(answer: string, args: readonly string[]): Promise<{ status: number; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
  const stdin = Object.assign(Readable.from([Buffer.from(`${answer}\n`)]), { isTTY: true });
  const io = { stdin, stdout, stderr, env: operator.env, clock: () => operator.now };
  const status = await runProgram(args, io);
  return { status, stderr: String(stderr.read()) };
}

test("a task is ended when a person says yes, and by --yes without a question", async () => {
  const keys = ["--new-collector-key", operator.path("collector")];
  const { id } = JSON.parse((await operator.must([...CREATE, ...keys, "--json"])).stdout) as { id: string };
  const stateOf = async () =>
    (JSON.parse((await operator.must(["task", "show", id, "--json"])).stdout) as { state: string }).state;
  const no = await typing("no", ["task", "end", id]);
  expect(no).toMatchObject({ status: 1, stderr: expect.stringContaining("the task was not ended") });
  expect(await stateOf()).toBe("active");
  expect((await typing("yes", ["task", "end", id])).stderr).toContain("The task has ended");
  expect(await stateOf()).toBe("ended");
  expect((await operator.must(["task", "end", id, "--yes"])).stderr).not.toContain("for good?");
});
