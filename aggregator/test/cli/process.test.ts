// The command as a process, from the built package: what it prints, how it ends, and `dev` with people who answer.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { DapClient, type TaskDocument } from "prio/dap";
import { Prio3Histogram } from "prio/prio3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BuiltCommand } from "../support/process.js";

let command: BuiltCommand;
beforeAll(() => {
  command = new BuiltCommand("process");
});
afterEach(() => command.kill());
afterAll(() => command.remove());

describe("as a process", () => {
  test("help and version on standard output, errors on standard error, and their statuses", async () => {
    expect(await command.run(["--version"])).toMatchObject({ code: 0, stdout: "0.1.0\n", stderr: "" });
    expect((await command.run(["task", "--help"])).stdout).toContain("rotate-tokens");
    const typo = await command.run(["taks"]);
    expect(typo).toMatchObject({ code: 2, stdout: "" });
    expect(typo.stderr).toContain("hint: did you mean task?");
    const noKey = await command.run(["serve"], { PRIO_AGGREGATOR_KEY: "", PRIO_AGGREGATOR_KEY_FILE: "" });
    expect(noKey).toMatchObject({ code: 1, stdout: "" });
    expect(noKey.stderr).toMatch(/^prio-aggregator: error: expected the key of this deployment/);
    expect(readdirSync(command.folder)).toEqual([]);
  });
});

test("the licences of what is bundled are beside it", () => {
  expect(readFileSync(join(command.dist, "LICENSE"), "utf8")).toContain("MIT License");
  expect(readFileSync(join(command.dist, "THIRD-PARTY-NOTICES"), "utf8")).toContain("@noble/curves");
});

describe("dev", () => {
  const start = (args: readonly string[]) => command.start(["dev", "--port", "0", ...args], { TMPDIR: command.folder });

  /** What people who answer the survey do. */
  async function answer(survey: string, answers: readonly number[]): Promise<void> {
    const { task } = (await (await fetch(`${survey}survey.json`)).json()) as { task: TaskDocument };
    const client = new DapClient({ task, vdaf: new Prio3Histogram({ length: 5, chunkLength: 2 }) });
    for (const one of answers) expect(await client.upload(one)).toBe("accepted");
  }

  const totalsOf = async (survey: string) =>
    (await (await fetch(`${survey}results.json`)).json()) as { reports: number; totals: number[] };

  test("shows the first count when enough have answered, and nothing before; Ctrl-C leaves nothing", async () => {
    const dev = start(["--min-batch-size", "4"]);
    const survey = await dev.until(/Survey +(\S+)/);
    await dev.until(/Ctrl-C ends everything/);
    for (const name of ["", "survey.js", "survey.css"]) expect((await fetch(survey + name)).status).toBe(200);
    await answer(survey, [0, 2, 2]);
    expect(await totalsOf(survey)).toMatchObject({ reports: 0, totals: [0, 0, 0, 0, 0] });
    await answer(survey, [4]);
    await dev.until(/4 answers in 1 batch/);
    expect(await totalsOf(survey)).toEqual({ batches: 1, reports: 4, totals: [1, 0, 2, 0, 1] });
    expect(await dev.until(/by bus or train +█+ +(\d)/)).toBe("2");

    const admin = await dev.until(/Leader .*page: (\S+)/);
    const status = (await (await fetch(`${admin}status.json`)).json()) as { tasks: { results: unknown[] }[] };
    expect(status.tasks[0]?.results).toMatchObject([{ reports: 4, totals: ["1", "0", "2", "0", "1"] }]);

    expect(await dev.end("SIGINT")).toBe(0);
    expect(readdirSync(command.folder)).toEqual([]);
  });

  test("with --data it goes on where it was, and other commands can look", async () => {
    const data = join(command.folder, "kept");
    for (const [answers, batches] of [
      [[1, 1], 1],
      [[3, 1], 2],
    ] as const) {
      const dev = start(["--data", data, "--min-batch-size", "2"]);
      const survey = await dev.until(/Survey +(\S+)/);
      await dev.until(/Ctrl-C/);
      expect(await totalsOf(survey)).toMatchObject({ batches: batches - 1 });
      await answer(survey, answers);
      await dev.until(new RegExp(`in ${batches} batch`));
      if (batches === 2) expect((await totalsOf(survey)).totals).toEqual([0, 3, 0, 1, 0]);
      expect(await dev.end("SIGTERM")).toBe(0);
    }
    expect(statSync(join(data, "leader", "key")).mode & 0o777).toBe(0o600);
    const list = await command.run(["task", "list", "--database", `sqlite:${join(data, "helper", "store.sqlite")}`]);
    expect(list.stdout).toMatch(/helper +active +histogram:5/);
    expect(existsSync(join(data, "task.json"))).toBe(true);
  });

  test("a port that is taken is one sentence", async () => {
    const dev = start(["--min-batch-size", "2"]);
    const { port } = new URL(await dev.until(/Survey +(\S+)/));
    const second = await command.run(["dev", "--port", port], { TMPDIR: command.folder });
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(`prio-aggregator: error: port ${port} is in use\n`);
  });
});
