// --replays in real processes: runs that are killed at any moment, two runs at once, threads, and files that are piped.

import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scratch } from "../support.js";
import { ended, prio, start } from "./command.js";
import { Deployment, type Id } from "./deployment.js";

const folder = scratch();
afterAll(() => folder.remove());

const ROWS = 600;
const STAGES = ["verify1", "verify2", "aggregate"] as const;
type Stage = (typeof STAGES)[number];
let deployment: Deployment;
/** What an exchange that nobody disturbs writes at A. */
const undisturbed = new Map<Stage, string>();

const at = (...names: string[]) => deployment.path(...names);
const replays = (id: Id) => ["--replays", at(`replays-${id}`)];

beforeAll(async () => {
  deployment = await Deployment.in(folder.path, { BATCH_ID: "killed", N_DATA: "4", QUERY_POINTS: "stream" });
  const rows = Array.from({ length: ROWS }, (_, i) => `{"payload": [${i & 1}, ${(i >> 1) & 1}, 0, 1]}\n`);
  expect((await deployment.encode(deployment.write("data.ndjson", rows.join("")))).code).toBe(0);
  for (const stage of STAGES) {
    for (const id of ["A", "B"] as const) {
      expect((await deployment.stage(stage, id, "data.ndjson", replays(id))).code).toBe(0);
    }
    undisturbed.set(stage, deployment.read(stage, "A", "data.ndjson"));
  }
}, 120_000);

/** A run of a stage at A with a record of its own, over the files of the undisturbed exchange. */
const argv = (stage: Stage, record: string, jobs: string, input = at("raw", "A", "data.ndjson")): string[] => {
  const before = { verify1: undefined, verify2: "verify1", aggregate: "verify2" }[stage];
  const inputs =
    before === undefined
      ? []
      : ["--input-internal", at(before, "A", "data.ndjson"), "--input-external", at(before, "B", "data.ndjson")];
  const output = ["--output", at("out", stage), "--jobs", jobs, "--replays", record];
  return [stage, "--input", input, ...inputs, ...output];
};

it.each([
  ["verify1", "1"],
  ["verify2", "2"],
  ["aggregate", "1"],
] as const)(
  "kill -9 of %s at any moment, and %s again: the bytes of a run that nobody disturbed",
  async (stage, jobs) => {
    const record = at(`killed-${stage}`);
    const run = (directory: string) => start(argv(stage, directory, jobs), { env: deployment.env("A") });
    /** Kills a run after so many milliseconds. Returns whether it was still there. */
    const kill = async (directory: string, ready: () => boolean, milliseconds: number): Promise<boolean> => {
      const child = run(directory);
      const end = ended(child);
      for (let waited = 0; !ready() && waited < 20_000; waited += 5) await sleep(5);
      await sleep(milliseconds);
      child.kill("SIGKILL");
      return (await end).signal === "SIGKILL";
    };
    // The first run is not disturbed. It says how long one takes, and the next ones must make the same again.
    const begun = Date.now();
    expect((await ended(run(record))).code).toBe(0);
    const duration = Date.now() - begun;
    const fresh = at(`fresh-${stage}`);
    const isThere = [
      // A run over a record that does not know the reports yet, and two over one that does.
      await kill(fresh, () => existsSync(fresh), 0.2 * duration * Math.random()),
      await kill(record, () => true, duration * (0.3 + 0.6 * Math.random())),
      await kill(record, () => true, duration * (0.3 + 0.6 * Math.random())),
    ];
    expect(isThere).toContain(true);
    for (const directory of [record, fresh]) {
      rmSync(at("out"), { recursive: true, force: true });
      const again = await prio(argv(stage, directory, jobs), { env: deployment.env("A") });
      expect([again.code, again.stdout.toString()], again.stderr).toEqual([0, `0 errors out of ${ROWS} total\n`]);
      expect(deployment.read("out", stage, "data.ndjson"), stage).toBe(undisturbed.get(stage));
    }
  },
  120_000,
);

it("after a kill -9, the record knows every packet whose message has appeared", async () => {
  const record = at("known");
  rmSync(at("out"), { recursive: true, force: true });
  const child = start(argv("verify1", record, "1"), { env: deployment.env("A") });
  const end = ended(child);
  const output = at("out", "verify1", "data.ndjson");
  for (let waited = 0; !existsSync(output) && waited < 20_000; waited++) await sleep(1);
  child.kill("SIGKILL");
  await end;
  const [first, ...rest] = readFileSync(at("raw", "A", "data.ndjson"), "utf8")
    .trimEnd()
    .split("\n");
  const moved = deployment.write("moved/data.ndjson", `${[...rest, first].join("\n")}\n`);
  const said = await prio(argv("verify1", record, "1", moved), { env: deployment.env("A") });
  expect(said.stdout.toString()).toBe(`${ROWS} errors out of ${ROWS} total\n`);
  expect(said.stderr).toContain(`${ROWS} replayed`);
});

it("two runs at once: one is told that the other is there, and either is whole", async () => {
  rmSync(at("out"), { recursive: true, force: true });
  const record = at("at-once");
  const runs = await Promise.all([1, 2, 3].map(() => prio(argv("verify1", record, "1"), { env: deployment.env("A") })));
  for (const { code, stderr } of runs) if (code !== 0) expect(stderr).toMatch(/^prio: error: .* is in use by process/);
  expect(readdirSync(record).filter((name) => name.startsWith("lock"))).toEqual([]);
  const again = await prio(argv("verify1", record, "1"), { env: deployment.env("A") });
  expect([again.code, again.stdout.toString()]).toEqual([0, `0 errors out of ${ROWS} total\n`]);
  expect(deployment.read("out", "verify1", "data.ndjson")).toBe(undisturbed.get("verify1"));
}, 60_000);
