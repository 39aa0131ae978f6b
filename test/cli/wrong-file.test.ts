// Every stage that gets another stage's file says which option names it and what it is; a server's own messages in the
// place of the peer's are noticed; and what one server tells the other is written for its owner alone.

import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it, test } from "vitest";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const recorded = recordedBatch("cli-clean");
const env = recorded.env("a");

const messages = (side: string, stage: string) => recorded.path(`server_a/intermediate/${side}/${stage}/data.ndjson`);

/** A file of each kind, and what it is called. */
const FILES: Readonly<Record<string, readonly [path: string, called: RegExp]>> = {
  values: [recorded.path("client/data.ndjson"), /clients' values/],
  shares: [recorded.path("server_a/raw/data.ndjson"), /sealed packets/],
  verify1: [messages("external", "verify1"), /verify1 messages/],
  verify2: [messages("external", "verify2"), /verify2 messages/],
  aggregate: [messages("external", "aggregate"), /a server's aggregate/],
  published: [recorded.path("server_a/processed/data.ndjson"), /published totals/],
  keys: [recorded.path("server_a_keys.json"), /a server's key pair/],
  secret: [recorded.path("shared_seed.json"), /the servers' shared secret/],
};

/** What the options of each stage name, as they should be. */
const STAGES: Readonly<Record<string, Readonly<Record<string, readonly [path: string, kind: string]>>>> = {
  "encode-shares": { input: [FILES["values"]?.[0] as string, "values"] },
  verify1: { input: [FILES["shares"]?.[0] as string, "shares"] },
  verify2: {
    input: [FILES["shares"]?.[0] as string, "shares"],
    "input-internal": [messages("internal", "verify1"), "verify1"],
    "input-external": [messages("external", "verify1"), "verify1"],
  },
  aggregate: {
    input: [FILES["shares"]?.[0] as string, "shares"],
    "input-internal": [messages("internal", "verify2"), "verify2"],
    "input-external": [messages("external", "verify2"), "verify2"],
  },
  publish: {
    "input-internal": [messages("internal", "aggregate"), "aggregate"],
    "input-external": [messages("external", "aggregate"), "aggregate"],
  },
};

function run(stage: string, files: Readonly<Record<string, string>>, argv: readonly string[] = []) {
  const outputs = stage === "encode-shares" ? ["output-A", "output-B"] : ["output"];
  return prio(
    [
      stage,
      ...outputs.flatMap((option) => [`--${option}`, folder.path(stage, option)]),
      ...Object.entries(files).flatMap(([option, path]) => [`--${option}`, path]),
      ...(stage === "publish" ? [] : ["--jobs", "1"]),
      ...argv,
    ],
    { env },
  );
}

const right = (stage: string) =>
  Object.fromEntries(Object.entries(STAGES[stage] ?? {}).map(([option, [path]]) => [option, path]));

const mistakes = Object.entries(STAGES).flatMap(([stage, options]) =>
  Object.entries(options).flatMap(([option, [, kind]]) =>
    Object.keys(FILES)
      .filter((given) => given !== kind)
      .map((given) => [stage, option, kind, given] as const),
  ),
);

test("every stage works with its own files", async () => {
  for (const stage of Object.keys(STAGES)) expect((await run(stage, right(stage))).code, stage).toBe(0);
});

test.each(mistakes)("%s --%s: for %s it gets %s, and says so", async (stage, option, kind, given) => {
  const [path, called] = FILES[given] as readonly [string, RegExp];
  const { code, stderr } = await run(stage, { ...right(stage), [option]: path });
  expect(code).toBe(stage === "publish" ? 1 : 4);
  const hint = stderr.match(/^prio: hint: (.*)$/m)?.[1] ?? "";
  expect(hint).toMatch(new RegExp(`^--${option} expects .*; its file has `));
  const [expects, has] = hint.split("; its file has ");
  expect(expects).toMatch(FILES[kind]?.[1] as RegExp);
  expect(has).toMatch(called);
});

test("rows of clients that look like messages do not stop a run that goes well", async () => {
  const lookalike = readFileSync(FILES["verify1"]?.[0] as string, "utf8")
    .split("\n")
    .slice(0, 2);
  const path = folder.path("lookalike.ndjson");
  // Not under the same ids: the first row of an id counts.
  const rows = lookalike.map((row) => row.replace(/"id": "[^"]*"/, () => `"id": "${Math.random()}"`));
  writeFileSync(path, `${rows.join("\n")}\n${readFileSync(FILES["shares"]?.[0] as string, "utf8")}`);
  const { code, stderr } = await run("verify1", { input: path });
  expect([code, stderr]).toEqual([0, "prio: left out: 2 cannot-open\n"]);
});

describe.each(["verify2", "aggregate"])("%s", (stage) => {
  const own = right(stage)["input-internal"] as string;

  it("refuses one file for both servers, by whatever path", async () => {
    mkdirSync(folder.path("links"), { recursive: true });
    const link = folder.path("links", `${stage}.ndjson`);
    symlinkSync(own, link);
    for (const external of [own, link, own.replace("/internal/", "/internal/../internal/")]) {
      const { code, stdout, stderr } = await run(stage, { ...right(stage), "input-external": external });
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^prio: error: --input-internal and --input-external are one file: /);
    }
  });

  it("refuses its own messages in the place of the peer's, row by row", async () => {
    const copy = folder.path(`copy-${stage}.ndjson`);
    copyFileSync(own, copy);
    const all = await run(stage, { ...right(stage), "input-external": copy });
    expect([all.code, all.stdout]).toEqual([4, "25 errors out of 25 total\n"]);
    expect(all.stderr).toContain("prio: left out: 25 own-message\n");
    expect(all.stderr).toContain("prio: hint: --input-external is a copy of --input-internal");
    // Of one row only: the others go on.
    const lines = readFileSync(right(stage)["input-external"] as string, "utf8").split("\n");
    lines[0] = readFileSync(own, "utf8").split("\n")[0] as string;
    writeFileSync(copy, lines.join("\n"));
    const one = await run(stage, { ...right(stage), "input-external": copy });
    expect([one.code, one.stderr]).toEqual([0, "prio: left out: 1 own-message\n"]);
  });
});

describe("verify2 answers nothing, so that the right run still can,", () => {
  const { "input-internal": own, "input-external": peer, ...input } = right("verify2") as Record<string, string>;
  const swapped = { ...input, "input-internal": peer as string, "input-external": own as string };

  it.each([
    ["when the files are swapped", swapped, []],
    ["with other query points than verify1 had", right("verify2"), ["--query-points", "report"]],
    [
      "with another secret than verify1 had",
      right("verify2"),
      ["--shared-secret", Buffer.alloc(16, 1).toString("base64")],
    ],
  ])("%s", async (name, files, argv) => {
    const replays = ["--replays", folder.path(name)];
    const { code, stdout, stderr } = await run("verify2", files, [...argv, ...replays]);
    expect([code, stdout]).toEqual([4, "25 errors out of 25 total\n"]);
    expect(stderr).toContain("prio: left out: 25 not-own-message\n");
    expect(stderr).toContain("prio: hint: --input-internal is not what verify1 writes here");
    if (argv.length === 0) expect((await run("verify2", right("verify2"), replays)).code).toBe(0);
  });
});

it("what one server tells the other is for its owner alone, also when it takes an open file's place", async () => {
  const umask = process.umask(0);
  try {
    for (const stage of Object.keys(STAGES)) {
      const outputs = stage === "encode-shares" ? ["output-A", "output-B"] : ["output"];
      for (const output of outputs) {
        const path = folder.path(stage, output, "data.ndjson");
        writeFileSync(path, "", { mode: 0o666 });
        expect((await run(stage, right(stage))).code).toBe(0);
        const isSecret = ["verify1", "verify2", "aggregate"].includes(stage);
        expect([stage, statSync(path).mode & 0o777]).toEqual([stage, isSecret ? 0o600 : 0o666]);
      }
    }
  } finally {
    process.umask(umask);
  }
});
