// `prio collect` against a fake pair over HTTP: results in all forms, what is refused before anything is asked, and
// runs that go on where another one ended.

import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../../src/cli/command.js";
import { Interruption } from "../../src/cli/io.js";
import { DapClient, type DapTask, encodeHpkeConfig, PROBLEM_TYPES, type VdafDescription } from "../../src/dap/index.js";
import { answer, problem } from "../dap/fake-fetch.js";
import { collectorKeys, FakePair, NOW, taskOf } from "../dap/fake-pair.js";
import { type FakeServer, serve } from "../dap/fake-server.js";
import { prio, scratch, sink } from "./support.js";

const folder = scratch();
const [TASK, KEY, TOKEN, STATE] = ["task.json", "collector.json", "token", "state.json"].map((name) =>
  folder.path(name),
) as [string, string, string, string];
let server: FakeServer;
let pair: FakePair;

beforeAll(async () => {
  server = await serve(() => pair);
});
afterAll(async () => {
  await server.close();
  folder.remove();
});
afterEach(() => folder.empty());

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const keyFile = JSON.stringify({
  hpkeConfig: base64(encodeHpkeConfig(collectorKeys.config)),
  privateKey: base64(collectorKeys.toBytes()),
});

function newTask(vdaf: VdafDescription, other: Partial<Parameters<typeof taskOf>[1]> = {}): DapTask {
  return taskOf(vdaf, { leader: `${server.url}/dap`, helper: `${server.url}/helper`, ...other });
}

/** A task with measurements at both aggregators, and the collector's files. */
async function measured(task: DapTask, measurements: readonly unknown[]): Promise<void> {
  pair = new FakePair(task);
  pair.retryAfter = "0";
  await new DapClient(pair.options).uploadMany(measurements as never[]);
  pair.fake.sent.length = 0;
  writeFileSync(TASK, JSON.stringify(task));
  writeFileSync(KEY, keyFile, { mode: 0o600 });
  writeFileSync(TOKEN, "collectors-token\n", { mode: 0o600 });
}

const histogram = { type: "Prio3Histogram", length: 3, chunkLength: 2 } as const;
beforeEach(() => measured(newTask(histogram), [0, 1, 1, 1]));

const files = ["--task", TASK, "--private-key-file", KEY, "--token-file", TOKEN];
const collect = (args: readonly string[], options?: Parameters<typeof prio>[1]) =>
  prio(["collect", ...files, ...args], options);
const day = ["--date", "2026-03-01"];

describe("a result", () => {
  it("is a table with bars", async () => {
    const { code, stdout, stderr } = await collect(day);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      `2026-03-01T00:00Z to 2026-03-02T00:00Z: 4 reports
0  1  25.0 %  ██████████
1  3  75.0 %  ${"█".repeat(30)}
2  0   0.0 %
`,
    );
    expect(pair.fake.sent.map(({ method, headers }) => [method, headers["authorization"]])).toEqual([
      ["POST", "Bearer collectors-token"],
    ]);
  });

  it("has the labels that are given, and fits a narrow terminal", async () => {
    writeFileSync(folder.path("labels"), "yes\nno\nperhaps\n");
    const { stdout } = await collect([...day, "--labels", folder.path("labels")], { columns: 40 });
    const lines = stripVTControlCharacters(stdout).trimEnd().split("\n");
    expect(lines.slice(1).map((line) => line.split(" ")[0])).toEqual(["yes", "no", "perhaps"]);
    for (const line of lines.slice(1)) expect(line.length).toBeLessThan(40);
  });

  it("is CSV or JSON, whole or not at all", async () => {
    expect((await collect([...day, "--format", "csv"])).stdout).toBe(
      `start,end,reports,label,total
2026-03-01T00:00Z,2026-03-02T00:00Z,4,0,1
2026-03-01T00:00Z,2026-03-02T00:00Z,4,1,3
2026-03-01T00:00Z,2026-03-02T00:00Z,4,2,0
`,
    );
    const output = folder.path("result.json");
    expect((await collect([...day, "--format", "json", "--output", output])).stdout).toBe("");
    expect(JSON.parse(readFileSync(output, "utf8"))).toEqual({
      task: pair.task.idText,
      start: "2026-03-01T00:00Z",
      end: "2026-03-02T00:00Z",
      reportCount: 4,
      result: [1, 3, 0],
      labels: ["0", "1", "2"],
    });
  });

  it("with noise has error bars", async () => {
    pair.noise = { sample: () => 1n };
    const args = [...day, "--noise", "laplace:scale=1/2", "none"];
    const { code, stdout } = await collect(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^0 {2}3 ± 1\.2 +75\.0 % {2}█+▒+$/m);
    expect(stdout).toMatch(
      /^noise: laplace:scale=1\/2 of the leader, none of the helper; ± is two standard deviations$/m,
    );
    const { deviation, noise } = JSON.parse((await collect([...args, "--format", "json"])).stdout);
    // The variance of the discrete distribution of the scale 1/2 is 0.362.
    expect(deviation).toBeCloseTo(0.6017, 3);
    expect(noise).toEqual({ leader: "laplace:scale=1/2", helper: "none" });
    pair.noise = { sample: () => -9n };
    expect((await collect(args)).stdout).toMatch(/^0 {2}-17 ± 1\.2 +-425\.0 %$/m);
    expect((await collect(day)).stderr).toMatch(/hint: if the aggregators add noise, say which with --noise/);
  });

  it.each<[VdafDescription, unknown[], RegExp]>([
    [{ type: "Prio3Count" }, [true, false, true], /^total {2}2 {2}66\.7 % /m],
    [{ type: "Prio3Sum", maxMeasurement: 100 }, [10, 30], /^total {2}40 {2}mean 20\.00 /m],
    [
      { type: "Prio3SumVec", length: 2, maxMeasurement: 9, chunkLength: 1 },
      [
        [1, 2],
        [3, 4],
      ],
      /^1 {2}6 {2}mean 3\.00 /m,
    ],
    [{ type: "Prio1", fields: 2 }, [[true, false]], /^0 {2}1 {2}100\.0 % /m],
    [{ type: "Prio1", count: 2, precision: 4 }, [[15, 0]], /^0 {2}15 {2}mean 15\.00 /m],
  ])("of %j is shown as what it is", async (vdaf, measurements, line) => {
    await measured(newTask(vdaf), measurements);
    expect((await collect(day)).stdout).toMatch(line);
  });
});

describe("the batch", () => {
  it.each([
    [
      ["--date", "2026-03-01"],
      ["2026-03-01T00:00Z", "2026-03-02T00:00Z"],
    ],
    [
      ["--start", "2026-03-01", "--end", "2026-03-02"],
      ["2026-03-01T00:00Z", "2026-03-02T00:00Z"],
    ],
    [
      ["--start", "2026-03-01T12:00Z", "--end", "2026-03-01T15:00:00+01:00"],
      ["2026-03-01T12:00Z", "2026-03-01T14:00Z"],
    ],
    [
      ["--start", `${NOW / 1000 - 2096}`, "--end", "2026-03-01T13:00Z"],
      ["2026-03-01T12:00Z", "2026-03-01T13:00Z"],
    ],
  ])("is that of %j", async (args, [start, end]) => {
    expect(JSON.parse((await collect([...args, "--format", "json"])).stdout)).toMatchObject({ start, end });
  });

  it.each([
    [[], "missing option --date, --start and --end, or --next-batch"],
    [["--date", "2026-02-30"], "--date: expected a day as YYYY-MM-DD"],
    [["--start", "2026-03-01"], "--start needs --end"],
    [["--end", "2026-03-01"], "--end needs --start"],
    [["--start", "2026-03-01T12:00", "--end", "2026-03-02"], "--start: expected a time such as 2026-03-01T12:00Z"],
    [["--start", "2026-02-30", "--end", "2026-03-02"], "--start: expected a time such as"],
    [["--start", "2026-03-01T25:00Z", "--end", "2026-03-02"], "--start: expected a time such as"],
    [
      ["--start", "2026-03-01T12:30Z", "--end", "2026-03-02"],
      "multiples of 3600 seconds, got 2026-03-01T12:30:00.000Z",
    ],
    [["--start", "2026-03-02", "--end", "2026-03-01"], "expected an end after the start"],
    [[...day, "--next-batch"], "got several of them"],
    [["--next-batch"], "--next-batch needs --state"],
    [["--next-batch", "--state", STATE], "expected an interval of time"],
    [[...day, "--noise", "lots"], "--noise: expected laplace:epsilon=…"],
    [[...day, "--format", "xml"], "--format: expected table, csv or json"],
    [[...day, "--output", KEY], "would write over the file of --private-key-file"],
    [[...day, "--output", TASK], "would write over the file of --task"],
    [[...day, "--state", TOKEN], "would write over the file of --token-file"],
  ])("that cannot be is a usage error, and nothing is asked: %j", async (args, message) => {
    const { code, stdout, stderr } = await collect(args as string[]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(pair.fake.sent).toEqual([]);
  });

  it("is warned about while its interval is not over", async () => {
    const { code, stderr } = await collect(["--date", "9998-01-01"]);
    expect(stderr).toContain("warning: the interval is not over: its reports that come after the result");
    expect(code).not.toBe(2);
  });
});

describe("files", () => {
  it("of keys are their owner's alone, and are what keygen writes", async () => {
    const made = folder.path("made.json");
    expect(await prio(["keygen", "--collector", "--output", made])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(statSync(made).mode & 0o777).toBe(0o600);
    const { hpkeConfig, privateKey } = JSON.parse(readFileSync(made, "utf8"));
    expect([hpkeConfig.length, privateKey.length]).toEqual([55, 43]);
    const other = await prio(["collect", "--task", TASK, "--private-key-file", made, ...day]);
    expect(other.stderr).toContain("its key is not the one whose public key is in the task's document");
    const { collectorHpkeConfig: _, ...document } = pair.task.toJSON();
    writeFileSync(TASK, JSON.stringify({ ...document, collectorHpkeConfig: hpkeConfig }));
    // The right pair, which did not make the shares of this batch.
    const { stderr } = await prio(["collect", "--task", TASK, "--private-key-file", made, ...day]);
    expect(stderr).toMatch(/error: collector: the leader's share/);
    chmodSync(made, 0o644);
    expect((await prio(["collect", "--task", TASK, "--private-key-file", made, ...day])).stderr).toMatch(/chmod 600/);
  });

  it.each([
    ["", "expected a collector's key pair"],
    ["{}", "expected a collector's key pair"],
    [keyFile.replace(/"privateKey":"./, '"privateKey":"'), "expected a collector's key pair"],
    [keyFile.replace(/"privateKey":".{8}/, '"privateKey":"AAAAAAAA'), "does not belong to the public key"],
  ])("that are none of keys are errors, and never shown (%#)", async (text, message) => {
    writeFileSync(KEY, text, { mode: 0o600 });
    const { code, stderr } = await collect(day);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    for (const [secret] of text.matchAll(/[\w-]{20,}/g)) expect(stderr).not.toContain(secret);
  });

  it.each([
    ["?", "expected a task's document, as JSON"],
    ["{}", "task"],
    ["[]", "task"],
  ])("that are no task are usage errors: %s", async (text, message) => {
    writeFileSync(TASK, text);
    const { code, stderr } = await collect(day);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it("that are missing are named", async () => {
    const { code, stderr } = await prio(["collect", "--task", folder.path("no"), "--private-key-file", KEY, ...day]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("no such file or directory")]);
    expect((await prio(["collect", ...day])).stderr).toContain("missing options --task, --private-key-file");
  });

  it("of tokens are secret, have one line, and are not needed with the variable", async () => {
    writeFileSync(TOKEN, "two\nlines");
    expect((await collect(day)).stderr).toContain("expected a bearer token");
    chmodSync(TOKEN, 0o644);
    expect((await collect(day)).stderr).toContain("is open to others");
    const args = ["collect", "--task", TASK, "--private-key-file", KEY, ...day];
    expect((await prio(args, { env: { COLLECTOR_TOKEN: "from-the-environment" } })).code).toBe(0);
    expect(pair.fake.sent.at(-1)?.headers["authorization"]).toBe("Bearer from-the-environment");
    expect((await prio(args)).code).toBe(0);
    expect(pair.fake.sent.at(-1)?.headers["authorization"]).toBeUndefined();
  });
});

describe("errors of the leader", () => {
  it.each([
    [401, "the server does not accept the token (status 401)", "the token is in --token-file"],
    [403, "the server does not accept the token (status 403)", "the token is in --token-file"],
    [404, "the server has nothing at this address", ""],
  ])("of status %d say what to do", async (status, message, hint) => {
    pair.instead["collection_jobs"] = [answer(status)];
    const { code, stderr } = await collect(day);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain("collectors-token");
  });

  it.each(["batchInvalid", "batchOverlap", "invalidBatchSize", "batchMismatch"] as const)(
    "%s is explained",
    async (type) => {
      pair.instead["collection_jobs"] = [problem(400, { type: PROBLEM_TYPES[type], detail: "\u001b[31mred" })];
      const { code, stdout, stderr } = await collect(day);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(`(${type}; it says: "[31mred")`);
    },
  );
});

describe("a collection that was interrupted", () => {
  const args = ["--date", "2026-03-01", "--state", STATE, "--format", "json"];

  it("goes on from its state, which is removed when the result is safe", async () => {
    pair.polls = 2;
    pair.instead["1"] = [
      () => {
        interruption.interrupt(130);
        return answer(200, "", { "retry-after": "1000" });
      },
    ];
    const interruption = new Interruption();
    const [stdout, stderr] = [sink({}), sink({})];
    const io = { stdin: Readable.from([]), stdout: stdout.stream, stderr: stderr.stream, env: {}, interruption };
    const run = runCommand(["collect", ...files, ...args], io);
    expect(await run).toBe(130);
    expect([stdout.text(), stderr.text()]).toEqual([
      "",
      "prio: waiting: the leader has no result yet (the minimum batch size is 1)\n" +
        "prio: hint: the leader goes on; the same command goes on with it\n",
    ]);
    const state = JSON.parse(readFileSync(STATE, "utf8"));
    expect(state).toMatchObject({ task: pair.task.idText, job: `${server.url}/dap/jobs/1` });
    expect(readFileSync(STATE, "utf8")).not.toContain("collectors-token");

    pair.polls = 0;
    pair.fake.sent.length = 0;
    // The batch is in the state.
    const again = await collect(["--state", STATE, "--format", "json"]);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("going on with the collection of") });
    expect(JSON.parse(again.stdout)).toMatchObject({ result: [1, 3, 0] });
    expect(pair.fake.sent.map(({ method }) => method)).toEqual(["GET"]);
    expect(existsSync(STATE)).toBe(false);
  });

  it("keeps its state when the result cannot be written, or the leader refuses", async () => {
    const failed = await collect([...args, "--output", "/dev/full"]);
    expect(failed.code).toBe(1);
    expect(existsSync(STATE)).toBe(true);
    pair.instead["1"] = [answer(404)];
    expect((await collect(args)).stderr).toContain(`remove ${STATE} to make a new one`);
    expect(existsSync(STATE)).toBe(true);
    expect((await collect(args)).code).toBe(0);
    expect(existsSync(STATE)).toBe(false);
  });

  it("goes on with its own batch alone", async () => {
    pair.instead["collection_jobs"] = [answer(401)];
    await collect(args);
    expect(existsSync(STATE)).toBe(true);
    const other = await collect(["--date", "2026-03-02", "--state", STATE]);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("it is the state of another batch") });
    writeFileSync(TASK, JSON.stringify(newTask(histogram)));
    expect((await collect(args)).stderr).toContain("it is the state of another task");
    for (const text of ["", "null", "{}", '{"task": 1}']) {
      writeFileSync(STATE, text);
      expect((await collect(args)).stderr).toContain("expected the state of a collection");
    }
  });

  it("gets the same batch of the leader's choice again", async () => {
    await measured(newTask(histogram, { batchMode: "leader-selected" }), [2]);
    const next = ["--next-batch", "--state", STATE];
    pair.instead["collection_jobs"] = [
      (request) => {
        pair.usual(request);
        return answer(201, "", { location: pair.location, "retry-after": "0" }, request.url);
      },
    ];
    pair.instead["1"] = [answer(401)];
    expect((await collect(next)).code).toBe(1);
    const { code, stdout } = await collect(next);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^2026-03-01T12:00Z to 2026-03-01T13:00Z: 1 reports\n/)]);
    expect(pair.jobs.length).toBe(1);
  });

  it("has the job's id in JSON, which tells batches of the leader's choice apart", async () => {
    await measured(newTask(histogram, { batchMode: "leader-selected" }), [2]);
    for (const id of ["lc7aUeGpdSNosNlh-UZhKA", "JJxrYjqYSNosNlh-UZhKAA"]) {
      pair.location = `/dap/collection_jobs/${id}`;
      const { stdout } = await collect(["--next-batch", "--state", STATE, "--format", "json"]);
      expect(JSON.parse(stdout)).toMatchObject({ start: "2026-03-01T12:00Z", job: id });
    }
  });
});

it("says once without a terminal that it waits, and not with --quiet", async () => {
  pair.polls = 2;
  const { code, stderr } = await collect(day);
  expect([code, stderr]).toEqual([0, "prio: waiting: the leader has no result yet (the minimum batch size is 1)\n"]);
  pair.polls = 2;
  expect((await collect([...day, "--quiet"])).stderr).toBe("");
});

it("shows on a terminal what it waits for, and takes the line away", async () => {
  pair.polls = 1;
  const { code, stderr } = await collect(day, { columns: 60 });
  expect(code).toBe(0);
  expect(stderr).toContain("0:00  the leader has no result yet  (asking again in 1 s)");
  expect(stderr.endsWith("\r\u001b[K")).toBe(true);
});
