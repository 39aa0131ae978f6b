// `prio-aggregator task …` as two operators use it: a task from one to the other, its states and tokens, and what each
// mistake leads to.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { decodeHpkeConfig, encodeHpkeConfig, HpkeKeyPair } from "prio/dap";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../src/store/open.js";
import { TaskRegistry } from "../../src/tasks/registry.js";
import { Secrets } from "../../src/tasks/secrets.js";
import type { AggregatorTask } from "../../src/tasks/task.js";
import { tokenHash } from "../../src/tasks/tokens.js";
import { CREATE, HELPER_URL, LEADER_URL, Operator } from "../support/command.js";

let leader: Operator;
let helper: Operator;
beforeEach(() => {
  leader = new Operator();
  helper = new Operator();
});
afterEach(() => {
  leader.remove();
  helper.remove();
});

/** What the servers of an operator make of the store. */
async function tasksOf(operator: Operator): Promise<readonly AggregatorTask[]> {
  const store = await openStore(operator.database);
  try {
    return (await TaskRegistry.load(store, Secrets.fromEnvironment(operator.env))).all();
  } finally {
    await store.close();
  }
}

async function taskOf(operator: Operator): Promise<AggregatorTask> {
  const [task] = await tasksOf(operator);
  if (task === undefined) throw new Error("expected a task");
  return task;
}

const create = (operator: Operator, ...more: string[]) =>
  operator.must([...CREATE, "--new-collector-key", operator.path("collector.json"), "--json", ...more]);

const idOf = (stdout: string): string => (JSON.parse(stdout) as { id: string }).id;

/** Makes a task at the leader and gives it to the helper. */
async function share(): Promise<string> {
  const id = idOf((await create(leader)).stdout);
  await leader.must(["task", "export", id, "--for", "peer", "--output", leader.path("peer.json")]);
  await helper.must(["task", "import", leader.path("peer.json"), "--yes"]);
  return id;
}

describe("a task between two operators", () => {
  test("both have the same task, verification key and hash, and the helper knows the leader's token", async () => {
    const id = await share();
    const [a, b] = [await taskOf(leader), await taskOf(helper)];
    expect([a.idText, a.role, b.idText, b.role]).toEqual([id, "leader", id, "helper"]);
    expect(b.dap.hash).toBe(a.dap.hash);
    expect(Buffer.from(b.verifyKey)).toEqual(Buffer.from(a.verifyKey));
    expect([a.peer.url, b.peer.url]).toEqual([HELPER_URL, LEADER_URL]);
    expect(a.peer.token).toMatch(/^[\w-]{43}$/);
    expect(b.peer.token).toBeNull();
    expect(b.acceptedTokens.peer.map((hash) => Buffer.from(hash).toString("hex"))).toEqual([
      tokenHash(a.peer.token as string),
    ]);
    expect([a.acceptedTokens.peer, b.acceptedTokens.collector]).toEqual([[], []]);
    const [hashA, hashB] = await Promise.all(
      [leader, helper].map(async (operator) => (await operator.must(["task", "show", id.slice(0, 6)])).stdout),
    );
    const compared = (text: string | undefined) =>
      text?.split("\n").filter((line) => /^(hash|secrets check) /.test(line));
    expect(compared(hashA)).toHaveLength(2);
    expect(compared(hashB)).toEqual(compared(hashA));
  });

  test("a helper may make it as well, and its leader then makes the collector's token", async () => {
    const args = CREATE.map((word) => (word === "leader" ? "helper" : word));
    const made = await helper.must([...args, "--new-collector-key", helper.path("collector.json"), "--json"]);
    const id = idOf(made.stdout);
    await helper.must(["task", "export", id, "--for", "peer", "--output", helper.path("peer.json")]);
    await leader.must(["task", "import", helper.path("peer.json"), "--yes"]);
    const [a, b] = [await taskOf(leader), await taskOf(helper)];
    expect([a.role, b.role, a.dap.leader]).toEqual(["leader", "helper", HELPER_URL]);
    expect(b.acceptedTokens.peer.map((hash) => Buffer.from(hash).toString("hex"))).toEqual([
      tokenHash(a.peer.token as string),
    ]);
    await leader.must(["task", "export", id, "--for", "collector", "--token-output", leader.path("token")]);
    const token = readFileSync(leader.path("token"), "utf8").trim();
    expect(a.acceptedTokens.collector.map((hash) => Buffer.from(hash).toString("hex"))).toEqual([tokenHash(token)]);
  });

  test("the collector's key that was made is the one of the task, in a file for its owner alone", async () => {
    await create(leader);
    const path = leader.path("collector.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { hpkeConfig, privateKey } = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    const config = decodeHpkeConfig(Buffer.from(hpkeConfig as string, "base64url"));
    const pair = HpkeKeyPair.fromBytes(config.id, Buffer.from(privateKey as string, "base64url"));
    expect((await taskOf(leader)).dap.collectorHpkeConfig).toEqual(config);
    expect(pair.config).toEqual(config);
  });

  test("the clients' document has no secret, and the peer's says that it has, in a file of mode 600", async () => {
    const id = idOf((await create(leader)).stdout);
    const clients = await leader.must(["task", "export", id, "--for", "clients"]);
    expect(JSON.parse(clients.stdout)).toMatchObject({ dap: "dap-18", id, leader: LEADER_URL });
    const peer = await leader.must(["task", "export", id, "--for", "peer", "--output", leader.path("peer.json")]);
    expect(peer.stderr).toContain("holds secrets that only the two operators may know");
    expect(statSync(leader.path("peer.json")).mode & 0o777).toBe(0o600);
    const { secrets } = JSON.parse((await leader.must(["task", "show", id, "--json", "--secrets"])).stdout) as {
      secrets: Record<string, string>;
    };
    const all = [clients, peer, await leader.must(["task", "show", id]), await leader.must(["task", "list"])];
    for (const secret of Object.values(secrets)) {
      expect(secret).toMatch(/^[\w-]{43}$/);
      for (const { stdout, stderr } of all) expect(stdout + stderr).not.toContain(secret);
    }
    expect(readFileSync(leader.path("store.db")).includes(secrets["verifyKeySeed"] as string)).toBe(false);
  });

  test("an import compares the hash: any digit that differs keeps it out", async () => {
    const id = idOf((await create(leader)).stdout);
    const { hash } = JSON.parse((await leader.must(["task", "show", id, "--json"])).stdout) as { hash: string };
    await leader.must(["task", "export", id, "--for", "peer", "--output", leader.path("peer.json")]);
    const wrong = (hash[0] === "0" ? "1" : "0") + hash.slice(1, 20);
    const refused = await helper.run(["task", "import", leader.path("peer.json"), "--expect-hash", wrong]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("not the expected one") });
    expect(await tasksOf(helper)).toEqual([]);
    const short = await helper.run(["task", "import", leader.path("peer.json"), "--expect-hash", hash.slice(0, 15)]);
    expect(short.status).toBe(2);
    await helper.must(["task", "import", leader.path("peer.json"), "--expect-hash", hash.slice(0, 16).toUpperCase()]);
    expect(await tasksOf(helper)).toHaveLength(1);
  });

  test.each([
    [
      "a public document",
      (text: string) => JSON.stringify((JSON.parse(text) as { task: unknown }).task),
      "lacks the shared secrets",
    ],
    ["no JSON", (text: string) => text.slice(5), "expected JSON"],
    ["a list", () => "[]", "expected a JSON object"],
    ["another file", () => "{}", "got other JSON"],
    [
      "another role",
      (text: string) => text.replace('"role": "helper"', '"role": "boss"'),
      'expected "leader" or "helper"',
    ],
    [
      "half a seed",
      (text: string) => text.replace(/("verifyKeySeed": ")[\w-]{20}/, "$1"),
      "verifyKeySeed: expected 32 bytes",
    ],
    ["a typo in the task", (text: string) => text.replace("minBatchSize", "minBatchsize"), "minBatch"],
    ["a newer version", (text: string) => text.replace("dap-18", "dap-19"), "dap-1"],
  ])("an import of %s is one sentence, and imports nothing", async (_what, change, message) => {
    const id = idOf((await create(leader)).stdout);
    await leader.must(["task", "export", id, "--for", "peer", "--output", leader.path("peer.json")]);
    const stdin = change(readFileSync(leader.path("peer.json"), "utf8"));
    const ran = await helper.run(["task", "import", "-", "--yes"], { stdin });
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain(message);
    expect(ran.stderr.split("\n").filter((line) => line.startsWith("prio-aggregator: error:"))).toHaveLength(1);
    expect(await tasksOf(helper)).toEqual([]);
  });

  test("a task is imported once, and a file is never written over", async () => {
    const id = await share();
    const again = await helper.run(["task", "import", leader.path("peer.json"), "--yes"]);
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("is in this store already") });
    const over = await leader.run(["task", "export", id, "--for", "peer", "--output", leader.path("peer.json")]);
    expect(over).toMatchObject({ status: 1, stderr: expect.stringContaining("exists already: nothing was written") });
  });
});

describe("the life of a task", () => {
  test("pause, resume and end, which is for good", async () => {
    const id = await share();
    const state = async () => (await taskOf(leader)).state;
    await leader.must(["task", "pause", id]);
    expect(await state()).toBe("paused");
    expect((await leader.must(["task", "pause", id])).stderr).toContain("is paused already");
    await leader.must(["task", "resume", id]);
    expect(await state()).toBe("active");
    await leader.must(["task", "end", id]);
    expect(await state()).toBe("ended");
    const back = await leader.run(["task", "resume", id]);
    expect(back).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("has ended, and that is for good"),
    });
  });

  test("the leader's token changes without a moment in which none is valid", async () => {
    const id = await share();
    const before = (await taskOf(leader)).peer.token as string;
    const accepted = async () =>
      (await taskOf(helper)).acceptedTokens.peer.map((hash) => Buffer.from(hash).toString("hex"));
    await helper.must(["task", "rotate-tokens", id, "--for", "peer", "--output", helper.path("token")]);
    const token = readFileSync(helper.path("token"), "utf8").trim();
    expect(await accepted()).toEqual([tokenHash(token), tokenHash(before)]);
    const taken = await leader.must([
      ...["task", "rotate-tokens", id, "--for", "peer", "--token-file", helper.path("token")],
    ]);
    expect(taken.stderr).toContain("The leader shows the new token");
    expect((await taskOf(leader)).peer.token).toBe(token);
    await helper.must(["task", "rotate-tokens", id, "--for", "peer", "--revoke-old"]);
    expect(await accepted()).toEqual([tokenHash(token)]);
  });

  test("the collector's token changes the same way; a third one waits until the oldest is revoked", async () => {
    const id = await share();
    const rotate = (...more: string[]) => leader.run(["task", "rotate-tokens", id, "--for", "collector", ...more]);
    const accepted = async () =>
      (await taskOf(leader)).acceptedTokens.collector.map((hash) => Buffer.from(hash).toString("hex"));
    const [first] = await accepted();
    const hashOf = (name: string) => tokenHash(readFileSync(leader.path(name), "utf8").trim());
    expect((await rotate("--output", leader.path("second"))).status).toBe(0);
    expect(await rotate("--output", leader.path("third"))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("2 tokens are valid already, and a new one would end the oldest"),
    });
    expect(existsSync(leader.path("third"))).toBe(false);
    expect(await accepted()).toEqual([hashOf("second"), first]);
    expect((await rotate("--revoke-old")).stderr).toContain("Only the newest token of the collector is valid");
    expect((await rotate("--output", leader.path("third"))).status).toBe(0);
    expect(await accepted()).toEqual([hashOf("third"), hashOf("second")]);
  });

  test("a certificate is changed by its SHA-256, the new one before the old one goes", async () => {
    const id = await share();
    const [old, fresh] = ["ab".repeat(32), "cd".repeat(32)];
    const change = (...more: string[]) => helper.run(["task", "certificates", id, "--for", "peer", ...more]);
    expect((await change("--add", old)).status).toBe(0);
    expect((await change("--add", fresh)).stderr).toContain("2 certificates of the leader will do");
    expect((await taskOf(helper)).mutualTls.peer).toEqual([fresh, old]);
    expect((await change("--remove", old)).stderr).toContain("1 certificate of the leader will do");
    expect((await taskOf(helper)).mutualTls.peer).toEqual([fresh]);
    expect(await change("--remove", old)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("no certificate"),
    });
    expect(await change("--add", "abc")).toMatchObject({ status: 2, stderr: expect.stringContaining("64 hex digits") });
    const other = await leader.run(["task", "certificates", id, "--for", "peer", "--add", old]);
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining("never asked by the helper") });
  });

  test("whoever does not accept a token cannot make one", async () => {
    const id = await share();
    const path = leader.path("token");
    const wrong = await leader.run(["task", "rotate-tokens", id, "--for", "peer", "--output", path]);
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("its operator makes the new one") });
    expect(existsSync(path)).toBe(false);
    const other = await helper.run(["task", "rotate-tokens", id, "--for", "collector", "--output", path]);
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining("never asks the helper") });
    const none = await helper.run(["task", "rotate-tokens", id, "--for", "peer"]);
    expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining("expected one of --output") });
  });
});

describe("a wrong command line is one sentence, and changes nothing", () => {
  const without = (option: string): string[] => {
    const i = CREATE.indexOf(option);
    return [...CREATE.slice(0, i), ...CREATE.slice(i + 2)];
  };
  const withValue = (option: string, value: string): string[] => [...without(option), option, value];

  test.each([
    ["no role", without("--role"), "expected --role: there is no terminal to ask on"],
    ["another role", withValue("--role", "collector"), 'expected leader or helper, got "collector"'],
    ["no URL", withValue("--url", "leader.example"), "expected a URL such as https://"],
    ["an http URL", withValue("--url", "http://leader.example/"), "expected an https URL"],
    ["a URL with a query", withValue("--url", "https://leader.example/?a=b"), "without a password, ? and #"],
    ["both URLs the same", withValue("--peer", LEADER_URL), "expected the other aggregator's URL"],
    ["no such VDAF", withValue("--vdaf", "histogramm:5"), "expected one of count, sum:MAX"],
    ["a VDAF without its length", withValue("--vdaf", "histogram"), "expected one of count, sum:MAX"],
    ["a VDAF of nothing", withValue("--vdaf", "histogram:0"), "expected"],
    ["JSON that is none", withValue("--vdaf", '{"type":'), "expected JSON"],
    ["a tiny batch", withValue("--min-batch-size", "99"), "so few reports hide nobody"],
    ["a batch of none", [...withValue("--min-batch-size", "0"), "--allow-small"], "expected an integer from 1 on"],
    ["no duration", withValue("--time-precision", "soon"), "expected a duration such as"],
    ["a start without a duration", [...CREATE, "--start", "2026-12-01"], "expected --start and --duration together"],
    [
      "a start between hours",
      [...CREATE, "--start", "2026-12-01T00:30Z", "--duration", "1d"],
      "a multiple of the time precision",
    ],
    ["no such mode", [...CREATE, "--batch-mode", "daily"], "expected time-interval or leader-selected"],
    ["noise without a budget", [...CREATE, "--noise", "laplace"], "expected laplace:epsilon=E"],
    ["noise of nothing", [...CREATE, "--noise", "laplace:epsilon=0"], "expected a number above 0"],
    ["a helper's mode at the leader", [...CREATE, "--helper-mode", "async"], "expected none at the leader"],
    ["a certificate that is none", [...CREATE, "--collector-certificate", "abc"], "expected its SHA-256"],
    ["a key file that is not there", [...CREATE, "--collector-hpke", "/no/such/file"], "no such file or directory"],
    ["a configuration that is none", [...CREATE, "--collector-hpke", "A".repeat(60)], "HpkeConfig"],
    ["an unknown option", [...CREATE, "--min-batchsize", "9"], "hint: did you mean --min-batch-size?"],
    ["an unknown command", ["task", "creat"], "hint: did you mean create?"],
  ])("%s", async (_what, args, message) => {
    const hasKey = args.some((word) => word === "--collector-hpke") || args[1] !== "create";
    const ran = await leader.run(hasKey ? args : [...args, "--new-collector-key", leader.path("collector.json")]);
    expect(ran.stderr).toContain(message);
    expect(ran.status).toBeGreaterThan(0);
    expect(ran.stdout).toBe("");
    expect(existsSync(leader.path("collector.json"))).toBe(false);
    expect(await tasksOf(leader)).toEqual([]);
  });

  test("a small batch is taken if it is meant", async () => {
    await create(leader, "--allow-small", "--min-batch-size", "2");
    expect((await taskOf(leader)).dap.minBatchSize).toBe(2);
  });

  test.each([
    ["show", "zzzz", "there is no task zzzz in this store"],
    ["show", "zz", "expected an id or at least its first 4 characters"],
    ["pause", "zzzz", "there is no task zzzz"],
  ])("task %s %s", async (command, name, message) => {
    await create(leader);
    expect(await leader.run(["task", command, name])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(message),
    });
  });

  test("another deployment's key is one clear error, at every command that needs it", async () => {
    const id = idOf((await create(leader)).stdout);
    const env = { PRIO_AGGREGATOR_KEY: Secrets.newKeyText() };
    const args = ["task", "export", id, "--for", "peer", "--output", leader.path("peer.json")];
    const ran = await leader.run(args, { env });
    expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining("the store is sealed under the key") });
    expect(existsSync(leader.path("peer.json"))).toBe(false);
    const none = await leader.run(args, { env: { PRIO_AGGREGATOR_KEY: "" } });
    expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining("keys new-secret") });
  });
});

describe("what is measured, and how", () => {
  test.each([
    ["count", { type: "Prio3Count" }],
    ["sum:255", { type: "Prio3Sum", maxMeasurement: 255 }],
    ["sumvec:10:15", { type: "Prio3SumVec", length: 10, maxMeasurement: 15 }],
    ["multihot:8:3", { type: "Prio3MultihotCountVec", length: 8, maxWeight: 3 }],
    ["l1:8:100", { type: "Prio3L1BoundSum", length: 8, maxValue: 100 }],
    ["prio1:16", { type: "Prio1", fields: 16 }],
    ["prio1:4x8", { type: "Prio1", count: 4, precision: 8 }],
    ['{"type":"Prio3Histogram","length":9,"chunkLength":3}', { type: "Prio3Histogram", length: 9, chunkLength: 3 }],
  ])("%s", async (vdaf, expected) => {
    await create(leader, "--vdaf", vdaf);
    const task = await taskOf(leader);
    expect(task.dap.vdaf).toMatchObject(expected);
    expect(task.limits.maxReportBytes).toBeGreaterThan(2560);
    expect(task.verifyKey).toHaveLength(task.vdaf.verifyKeySize);
  });

  test("a configuration that the collector gave, its times, noise and certificates are in the task", async () => {
    const config = Buffer.from(encodeHpkeConfig(HpkeKeyPair.generate(9).config)).toString("base64url");
    writeFileSync(leader.path("config"), `${config}\n`);
    const certificate = "ab".repeat(32);
    const own = [
      "--noise",
      "gaussian:rho=0.25",
      "--collector-certificate",
      certificate.toUpperCase(),
      "--report-expiry",
      "7d",
    ];
    const interval = ["--start", "2026-12-01", "--duration", "30d", "--batch-mode", "leader-selected"];
    await leader.must([...CREATE, "--collector-hpke", leader.path("config"), ...own, ...interval]);
    const task = await taskOf(leader);
    expect(task.dap.collectorHpkeConfig?.id).toBe(9);
    expect(task.dap.toJSON().interval).toEqual({ start: "2026-12-01T00:00:00Z", duration: 30 * 86_400 });
    expect(task.dap.batchMode).toBe("leader-selected");
    expect(task.mutualTls).toEqual({ peer: [], collector: [certificate] });
    expect(task.noiseSettings).toEqual({ mechanism: "gaussian", rho: "0.25" });
    expect(typeof task.noise?.sample()).toBe("bigint");
    expect(task.limits.reportExpiry).toBe(7 * 86_400);
  });
});
