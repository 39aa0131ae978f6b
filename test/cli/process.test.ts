// `prio process` and `prio status` as an operator sees them: what they say where, and how they end.

import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Board } from "../../src/cli/board.js";
import { runCommand } from "../../src/cli/command.js";
import { Interruption } from "../../src/cli/io.js";
import type { ServerId } from "../../src/index.js";
import { DATE, Deployment, SIDES } from "../process/deployment.js";
import { type CommandOptions, prio, sink } from "./support.js";

let d: Deployment;
beforeEach(() => {
  d = new Deployment([{ batch_id: "visits", n_data: 3 }]);
  for (const side of SIDES) {
    writeFileSync(d.at(side, "keys.txt"), d.keys[side].privateKey.toHex(), { mode: 0o600 });
    writeFileSync(d.at(side, "secret.txt"), d.secret, { mode: 0o600 });
  }
  d.share({ visits: [[[1, 0, 1]], [[1, 1, 0]]] });
});
afterEach(() => d.remove());

/** Writes a side's configuration, and returns the options that name it. */
function configured(side: ServerId, config: Record<string, unknown> = {}): string[] {
  const files = { privateKeyFiles: ["keys.txt"], sharedSecretFile: "secret.txt" };
  return ["--config", d.writeConfig(side, { ...files, ...config }), "--date", DATE];
}
const run = (side: ServerId, config = {}, argv: string[] = [], options: CommandOptions = {}) =>
  prio(["process", ...configured(side, config), ...argv], options);
const secrets = () => [d.secret, ...SIDES.map((side) => d.keys[side].privateKey.toHex())];
const once = { retry: { delay: 0.001, limit: 0 } };

describe("prio process", () => {
  test("says each step on standard error, and shows the day on standard output", async () => {
    const [a, b] = await Promise.all([run("A"), run("B", {}, ["--quiet"])]);
    expect([a.code, b.code]).toEqual([0, 0]);
    expect(a.stdout).toBe(
      `${DATE}\nbatch   state      rows  left out  reports\nvisits  published     2         0        2\n`,
    );
    expect(b).toMatchObject({ stdout: a.stdout, stderr: "" });
    expect(a.stderr).toContain(`prio: ${DATE} visits: verify1: 2 rows, 0 left out\n`);
    expect(a.stderr).toContain(`prio: ${DATE} visits: publish: published totals of 2 reports\n`);
    for (const secret of secrets()) expect(a.stderr + a.stdout).not.toContain(secret);
  });

  test("--log json: an object a line on standard output, and nothing else there", async () => {
    const [a] = await Promise.all([run("A", {}, ["--log", "json"]), run("B")]);
    expect([a.code, a.stderr]).toEqual([0, ""]);
    const events = a.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(["run-started", "stage-done", "run-ended"]),
    );
    for (const event of events) expect(event).toMatchObject({ time: expect.stringMatching(/Z$/), level: "info" });
    expect(events.find(({ event, stage }) => event === "stage-done" && stage === "verify2")).toMatchObject({
      date: DATE,
      batch: "visits",
      rows: 2,
      leftOut: 0,
    });
    expect(events.at(-1)).toMatchObject({ event: "run-ended", exitCode: 0 });
  });

  test("ends with 8 when the peer is not there, 6 when it has no shares, 7 when another run is there", async () => {
    const alone = await run("A", once);
    expect(alone.code).toBe(8);
    expect(alone.stdout).toContain("visits  waiting  the peer's manifest of this batch did not come in 1 looks");
    expect(alone.stderr).toContain("prio: warning: ");

    const waiting = run("A", { deadline: 3 });
    const busy = await run("A");
    expect([busy.code, busy.stdout]).toEqual([7, ""]);
    expect(busy.stderr).toMatch(/prio: error: another run is there: .* is in use by process \d+\n$/);
    expect((await waiting).code).toBe(8);

    rmSync(d.day("B", "ingest", "raw/shares/batch_id=visits"), { recursive: true });
    const [a] = await Promise.all([run("A", { publicKeyInternal: d.keys.A.publicKey.toHex() }), run("B")]);
    expect([a.code, a.stdout.split("\n")[2]]).toEqual([6, "visits  missing  no shares there"]);
  }, 100_000);

  test("stops on a signal, gives the lock back, and goes on in the next run", async () => {
    const interruption = new Interruption();
    const [stdout, stderr] = [sink({}), sink({})];
    const ended = runCommand(["process", ...configured("A")], {
      stdin: process.stdin,
      stdout: stdout.stream,
      stderr: stderr.stream,
      env: {},
      interruption,
    });
    while (!stderr.text().includes("waiting for the peer's manifest"))
      await new Promise((resolve) => setTimeout(resolve, 2));
    expect(interruption.interrupt(143)).toBe(true);
    expect(interruption.interrupt(143)).toBe(false);
    expect(await ended).toBe(143);
    expect(readdirSync(d.at("A", "work")).filter((name) => name.startsWith("lock"))).toEqual([]);
    expect(Object.keys(d.files("A", "private")).filter((name) => name.includes("_locks"))).toEqual([]);
    const [a] = await Promise.all([run("A"), run("B")]);
    expect(a.code).toBe(0);
  });

  describe("a configuration that is wrong ends with 2, and begins nothing", () => {
    test.each<[string, Record<string, unknown>, string]>([
      ["a wrong name", { pear: "prio" }, "config.json: /pear: no such value\nprio: hint: did you mean peer?"],
      ["no secret", { sharedSecretFile: undefined }, "missing /sharedSecretFile (SHARED_SECRET_FILE)"],
      ["no key", { privateKeyFiles: undefined }, "missing /privateKeyFiles (PRIVATE_KEY_FILE)"],
      [
        "another's key",
        { publicKeyInternal: "0".repeat(63).concat("9") },
        "no private key belongs to /publicKeyInternal",
      ],
      ["a file that is no secret", { sharedSecretFile: "keys.txt" }, "/sharedSecretFile: server secret: "],
      ["a secret for a key", { privateKeyFiles: ["secret.txt"] }, "/privateKeyFiles: private key: expected 64 hex"],
    ])("%s", async (_name, config, message) => {
      const { code, stdout, stderr } = await run("A", config);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(message);
      for (const secret of secrets()) expect(stderr).not.toContain(secret);
      expect(existsSync(d.at("A", "work"))).toBe(false);
    });

    test("a day that is none, wherever it comes from", async () => {
      const argv = configured("A").slice(0, 2);
      const option = await prio(["process", ...argv, "--date", "2026-02-30"]);
      expect([option.code, option.stderr]).toEqual([
        2,
        expect.stringContaining("--date: expected a day as YYYY-MM-DD"),
      ]);
      const variable = await prio(["process", ...argv], { env: { SUBMISSION_DATE: "today" } });
      expect([variable.code, variable.stderr]).toEqual([2, expect.stringContaining("SUBMISSION_DATE: expected a day")]);
    });
  });

  test("names the objects of stores in errors, with the public keys in them", async () => {
    await run("B", once);
    const manifest = d.day("A", "shared", "intermediate/external/manifest/batch_id=visits/_manifest.json");
    writeFileSync(manifest, "{}");
    const { code, stderr } = await run("A", once);
    expect(code).toBe(6);
    expect(stderr).toContain(`prio: error: ${DATE} visits: manifest: ${manifest}: is not a manifest`);
  });
});

describe("prio status", () => {
  const status = (side: ServerId, argv: string[] = [], options: CommandOptions = {}) =>
    prio(["status", ...configured(side), ...argv], options);

  test("before, in the middle and after", async () => {
    const before = await status("A");
    expect([before.code, before.stderr]).toEqual([0, ""]);
    expect(before.stdout).toBe(`${DATE}\nbatch   state\nvisits  not begun\nno run is going on\n`);
    await run("B", once);
    await run("A", once);
    const middle = JSON.parse((await status("A", ["--json"])).stdout);
    expect(middle).toMatchObject({
      date: DATE,
      runs: [],
      hasShares: true,
      batches: [
        { batch: "visits", state: "waiting", own: "verify1", peer: "manifest", rows: 2, leftOut: 0, reports: 2 },
      ],
    });
    expect(middle.batches[0].waitingFor).toContain("the peer's verify1 result");
    await Promise.all([run("A"), run("B")]);
    expect((await status("B")).stdout).toMatch(/^visits +published +published +aggregate +2 +0 +2 +20\d\d-\S+Z$/m);
  });

  test("changes nothing, and needs neither keys nor the lock", async () => {
    await run("A", once);
    const files = d.files("A", "private", "shared", "work");
    for (const name of ["keys.txt", "secret.txt"]) rmSync(d.at("A", name));
    const interruption = new Interruption();
    expect((await status("A")).code).toBe(0);
    expect(interruption.isOver).toBe(false);
    expect(d.files("A", "private", "shared", "work")).toEqual(files);
  });

  test("fits a narrow terminal, and tells a run that was killed", async () => {
    await run("A", once);
    const path = d.day("A", "private", "_status.json");
    writeFileSync(
      path,
      JSON.stringify({
        date: DATE,
        updated: "",
        hasEnded: false,
        batches: [{ batch: "visits", state: "working", stage: "verify1", since: "2026-03-01T00:00:00.000Z" }],
      }),
    );
    const { stdout } = await status("A", [], { columns: 30, env: { NO_COLOR: "1" } });
    for (const line of stdout.split("\n").slice(0, 3)) expect(line.length).toBeLessThanOrEqual(30);
    expect(stdout).toContain("visits  stopped");
  });
});

test("the board redraws its lines in place, those that are not done first, in the width of the terminal", () => {
  const { stream, text } = sink({ isTTY: true as const, columns: 40, rows: 5 });
  const board = new Board(stream, (_style, painted) => painted, []);
  const at = (batch: string, more: object) => ({
    batch,
    stage: "verify1",
    since: "",
    state: "working" as const,
    ...more,
  });
  board.set(DATE, at("a", { state: "published", reports: 1200 }), undefined);
  for (const batch of ["b", "c", "d"]) board.set(DATE, at(batch, {}), 1000);
  board.set(DATE, at("d", { state: "waiting", waitingFor: "something that takes very long to come" }), undefined);
  board.draw();
  expect(text().split("\x1b[J").at(-1)).toBe(
    `${DATE} b  verify1, 1,000 rows\n${DATE} c  verify1, 1,000 rows\nand 2 more, of which 1 are done\n`,
  );
  board.clear();
  expect(text().endsWith("\x1b[3A\r\x1b[J")).toBe(true);
  for (const line of text().split("\n")) expect(line.length).toBeLessThan(60);
});
