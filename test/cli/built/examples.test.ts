// The examples in the help of each command: they run as they stand, one command's after the other's, and publish sums.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { DapClient, decodeHpkeConfig } from "../../../src/dap/index.js";
import { FakePair, taskOf } from "../../dap/fake-pair.js";
import { serve } from "../../dap/fake-server.js";
import { COMMANDS } from "../command-names.js";
import { scratch } from "../support.js";
import { bash, bin, prio, root } from "./command.js";

const folder = scratch();
afterAll(() => folder.remove());

/** A command's example; of several shells', the one for bash. */
async function example(command: string): Promise<string> {
  const help = (await prio([command, "--help"])).stdout.toString();
  const text = /\nExample:\n([\s\S]*?)\n\n/.exec(help)?.[1] ?? "";
  expect(text).toContain(`prio ${command}`);
  return command === "completion" ? (text.split("\n")[0] as string) : text;
}

/** What server B types, as the help says: A and B swapped, and a and b. */
function swapped(text: string): string {
  const other: Record<string, string> = { a: "b", b: "a", A: "B", B: "A" };
  return text.replace(/(?<![A-Za-z])[abAB](?![A-Za-z])/g, (letter) => other[letter] as string);
}

/** What `prio process` needs besides the examples before it: a configuration for each side, and shares of a day. */
function twoSides(): string {
  const side = (own: string, other: string): string => `
mkdir -p ${own}/ingest ${own}/private ${own}/shared
cat > ${own}/process.json <<END
{ "server": "${own.toUpperCase()}", "app": "survey", "batches": [{ "batch_id": "visits", "n_data": 3 }],
  "publicKeyInternal": "$KEY_${own.toUpperCase()}", "publicKeyExternal": "$KEY_${other.toUpperCase()}",
  "privateKeyFiles": ["../${own}.json"], "sharedSecretFile": "../secret.json", "retry": { "delay": 0.1 },
  "stores": { "ingest": "./ingest", "private": "./private", "shared": "./shared", "peer": "../${other}/shared" },
  "work": "work", "replays": "replays-of-days" }
END`;
  const shares = (own: string, other: string): string =>
    `${own}/ingest/data/v1/$KEY_${other.toUpperCase()}/survey/2026-03-01/raw/shares`;
  return `${side("a", "b")}${side("b", "a")}
prio encode-shares --quiet --batch-id visits --n-data 3 --input data.ndjson \\
  --public-key-hex-internal $KEY_A --public-key-hex-external $KEY_B \\
  --output-A ${shares("a", "b")}/batch_id=visits --output-B ${shares("b", "a")}/batch_id=visits
touch ${shares("a", "b")}/_SUCCESS ${shares("b", "a")}/_SUCCESS`;
}

/** The aggregators that `prio collect` asks, over reports of a histogram, and the files that it reads. */
async function aggregators() {
  let pair: FakePair;
  const server = await serve(() => {
    const { hpkeConfig } = JSON.parse(readFileSync(folder.path("collector.json"), "utf8")) as { hpkeConfig: string };
    pair.collector = decodeHpkeConfig(Buffer.from(hpkeConfig, "base64url"));
    return pair;
  });
  const task = taskOf(
    { type: "Prio3Histogram", length: 3, chunkLength: 2 },
    { leader: server.url, helper: `${server.url}/helper` },
  );
  pair = new FakePair(task);
  await new DapClient<number>(pair.options).uploadMany([0, 2, 2]);
  const { collectorHpkeConfig: _, ...document } = task.toJSON();
  writeFileSync(folder.path("task.json"), JSON.stringify(document));
  writeFileSync(folder.path("token"), "token-of-the-collector\n", { mode: 0o600 });
  return server;
}

it("covers every command", async () => {
  const { stdout } = await prio(["--help"]);
  const names = [...stdout.toString().matchAll(/^ {2}([a-z][-a-z0-9]+) {2,}/gm)].map(([, name]) => name as string);
  expect(names.filter((name) => name !== "help").sort()).toEqual([...COMMANDS].sort());
});

it("runs each, and each server publishes the sums", async () => {
  mkdirSync(folder.path("pings"));
  copyFileSync(`${root}/vectors/prio-processor/fx-69.0a1.json`, folder.path("pings", "ping.json"));
  writeFileSync(folder.path("prio"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  const scripts = [`set -eu\nPATH=${folder.path()}:$PATH`];
  for (const command of COMMANDS) {
    const text = await example(command);
    const isServers = ["partition", "verify1", "verify2", "aggregate", "join", "publish"].includes(command);
    if (command === "process")
      scripts.push(twoSides(), `${swapped(text)} --quiet > /dev/null &`, `${text} --quiet`, "wait");
    else scripts.push(text, ...(isServers ? [swapped(text)] : []));
  }
  const server = await aggregators();
  const { code, stdout, stderr } = await bash(scripts.join("\n"), { cwd: folder.path() });
  await server.close();
  const begun = ["a", "b"].map((server) => `prio: ${server}/replays: a new replay record begins\n`).join("");
  expect([code, stderr]).toEqual([0, expect.stringContaining(begun)]);
  // generate always warns.
  expect(stderr.replace("prio: warning: these packets hide nothing", "")).not.toMatch(/warning|error/);
  expect(stdout.toString()).toMatch(/100 reports\n0 +100 .*\n1 +0 .*\n2 +100 /);
  expect(stdout.toString()).toMatch(/^2026-03-01T00:00Z to .*: 3 reports\n0 +1 .*\n1 +0 .*\n2 +2 /m);
  expect(stdout.toString()).toMatch(/^visits +published +published +aggregate +100 +0 +100 /m);
  for (const server of ["a", "b"]) {
    const { payload } = JSON.parse(readFileSync(folder.path(server, "processed", "data.ndjson"), "utf8")) as {
      payload: number[];
    };
    expect(payload).toEqual([100, 0, 100]);
  }
}, 120_000);
