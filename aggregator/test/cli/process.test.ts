// The command as a process, from the built package: what it prints, how it ends, and `dev` with people who answer.

import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DapClient, type TaskDocument } from "prio/dap";
import { Prio3Histogram } from "prio/prio3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "dist/main.js");
const folder = mkdtempSync(join(tmpdir(), "prio-process-"));
const children: ChildProcess[] = [];

beforeAll(() => {
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")]);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [main, ...args],
      { env: { ...process.env, ...env }, cwd: folder },
      (error, stdout, stderr) => {
        resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr });
      },
    );
  });

/** Text that a child has printed so far, and a wait until it has printed something. */
function printed(child: ChildProcess): { text: () => string; until: (what: RegExp) => Promise<string> } {
  let text = "";
  const waiting: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (const look of waiting) look();
    });
  }
  return {
    text: () => text,
    until: (what) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = what.exec(text);
          if (found !== null) resolve(found[1] ?? found[0]);
        };
        waiting.push(look);
        child.once("exit", () => reject(new Error(`it ended: ${text}`)));
        look();
      }),
  };
}

describe("as a process", () => {
  test("help and version on standard output, errors on standard error, and their statuses", async () => {
    expect(await run(["--version"])).toMatchObject({ code: 0, stdout: "0.1.0\n", stderr: "" });
    expect((await run(["task", "--help"])).stdout).toContain("rotate-tokens");
    const typo = await run(["taks"]);
    expect(typo).toMatchObject({ code: 2, stdout: "" });
    expect(typo.stderr).toContain("Did you mean task?");
    const noKey = await run(["serve"], { PRIO_AGGREGATOR_KEY: "", PRIO_AGGREGATOR_KEY_FILE: "" });
    expect(noKey).toMatchObject({ code: 1, stdout: "" });
    expect(noKey.stderr).toMatch(/^prio-aggregator: error: expected the key of this deployment/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("dev", () => {
  const start = (args: readonly string[]) => {
    const child = spawn(process.execPath, [main, "dev", "--port", "0", ...args], {
      env: { ...process.env, TMPDIR: folder },
    });
    children.push(child);
    return { child, out: printed(child) };
  };
  const ended = (child: ChildProcess) =>
    new Promise<number | null>((resolve) => {
      child.once("exit", (code) => resolve(code));
    });

  /** What people who press the survey's buttons do. */
  async function answer(survey: string, answers: readonly number[]): Promise<void> {
    const { task } = (await (await fetch(`${survey}survey.json`)).json()) as { task: TaskDocument };
    const client = new DapClient({ task, vdaf: new Prio3Histogram({ length: 5, chunkLength: 2 }) });
    for (const one of answers) expect(await client.upload(one)).toBe("accepted");
  }

  const totalsOf = async (survey: string) =>
    ((await (await fetch(`${survey}survey.json`)).json()) as { totals: { reports: number; totals: number[] } }).totals;

  test("shows the first count when enough have answered, and nothing before; Ctrl-C leaves nothing", async () => {
    const { child, out } = start(["--min-batch-size", "4"]);
    const survey = await out.until(/Survey +(\S+)/);
    await out.until(/Ctrl-C ends everything/);
    await answer(survey, [0, 2, 2]);
    expect(await totalsOf(survey)).toMatchObject({ reports: 0, totals: [0, 0, 0, 0, 0] });
    await answer(survey, [4]);
    await out.until(/4 answers in 1 batch/);
    expect(await totalsOf(survey)).toEqual({ batches: 1, reports: 4, totals: [1, 0, 2, 0, 1] });
    expect(await out.until(/by bus or train +█+ +(\d)/)).toBe("2");

    const admin = await out.until(/Leader .*page: (\S+)/);
    const status = (await (await fetch(`${admin}status.json`)).json()) as { tasks: { results: unknown[] }[] };
    expect(status.tasks[0]?.results).toMatchObject([{ reports: 4, totals: ["1", "0", "2", "0", "1"] }]);

    const code = ended(child);
    child.kill("SIGINT");
    expect(await code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("with --data it goes on where it was, and other commands can look", async () => {
    const data = join(folder, "kept");
    for (const [answers, batches] of [
      [[1, 1], 1],
      [[3, 1], 2],
    ] as const) {
      const { child, out } = start(["--data", data, "--min-batch-size", "2"]);
      const survey = await out.until(/Survey +(\S+)/);
      await out.until(/Ctrl-C/);
      expect(await totalsOf(survey)).toMatchObject({ batches: batches - 1 });
      await answer(survey, answers);
      await out.until(new RegExp(`in ${batches} batch`));
      if (batches === 2) expect((await totalsOf(survey)).totals).toEqual([0, 3, 0, 1, 0]);
      const code = ended(child);
      child.kill("SIGTERM");
      expect(await code).toBe(0);
    }
    expect(statSync(join(data, "leader", "key")).mode & 0o777).toBe(0o600);
    const list = await run(["task", "list", "--database", `sqlite:${join(data, "helper", "store.sqlite")}`]);
    expect(list.stdout).toMatch(/helper +active +histogram:5/);
    expect(existsSync(join(data, "task.json"))).toBe(true);
  });

  test("a port that is taken is one sentence", async () => {
    const { out } = start(["--min-batch-size", "2"]);
    const survey = await out.until(/Survey +(\S+)/);
    const { port } = new URL(survey);
    const second = await run(["dev", "--port", port], { TMPDIR: folder });
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(`prio-aggregator: error: port ${port} is in use\n`);
  });
});
