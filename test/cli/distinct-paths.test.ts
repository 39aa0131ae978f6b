// No command writes over a file that it reads, over another of its outputs, or over a file that holds a secret.

import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { requireDistinctPaths } from "../../src/cli/distinct-paths.js";
import { Options } from "../../src/cli/options.js";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const recorded = recordedBatch("cli-clean");
const at = (path: string) => `${folder.path()}/${path}`;

/** Everything in the folder, with its content. */
const content = () =>
  readdirSync(at(""), { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => entry.isFile())
    .map((entry) => [`${entry.parentPath}/${entry.name}`, readFileSync(`${entry.parentPath}/${entry.name}`, "utf8")])
    .sort();

beforeEach(() => {
  folder.empty();
  for (const name of ["raw", "own", "peer", "far/deep", "hard"]) mkdirSync(at(name), { recursive: true });
  const intermediate = "server_a/intermediate";
  writeFileSync(at("raw/data.ndjson"), recorded.text("server_a/raw/data.ndjson"));
  writeFileSync(at("own/data.ndjson"), recorded.text(`${intermediate}/internal/verify1/data.ndjson`));
  writeFileSync(at("peer/data.ndjson"), recorded.text(`${intermediate}/external/verify1/data.ndjson`));
  writeFileSync(at("key"), `${recorded.keys.a.private_key}\n`, { mode: 0o600 });
  writeFileSync(at("secret"), `${recorded.secret}\n`, { mode: 0o600 });
  writeFileSync(at("labels"), "a\nb\n");
  writeFileSync(at("far/key"), "");
  symlinkSync("raw", at("soft"));
  symlinkSync(at("far/deep"), at("deep"));
  linkSync(at("raw/data.ndjson"), at("hard/data.ndjson"));
});

const environment = () => ({
  ...recorded.env("a"),
  PRIVATE_KEY_HEX: "",
  SHARED_SECRET: "",
  PRIVATE_KEY_FILE: at("key"),
  SHARED_SECRET_FILE: at("secret"),
});

const raw = ["--input", "raw/data.ndjson"];
const exchanged = [...raw, "--input-internal", "own/data.ndjson", "--input-external", "peer/data.ndjson"];
const aggregates = ["--input-internal", "own/data.ndjson", "--input-external", "peer/data.ndjson"];

/** Command lines, and the two options whose files are one. */
const conflicts: [argv: string[], written: string, other: string][] = [
  [["verify1", ...raw, "--output", "raw"], "--output", "--input"],
  [["verify1", ...raw, "--output", "soft"], "--output", "--input"],
  [["verify1", ...raw, "--output", "hard"], "--output", "--input"],
  [["verify1", ...raw, "--output", "new/../raw/."], "--output", "--input"],
  [["verify1", "--input", "soft/data.ndjson", "--output", "raw"], "--output", "--input"],
  [["verify1", ...raw, "--output", "x", "--errors", "raw/data.ndjson"], "--errors", "--input"],
  [["verify1", ...raw, "--output", "x", "--errors", "x/data.ndjson"], "--errors", "--output"],
  [["verify1", ...raw, "--output", "raw/x", "--errors", "soft/x/data.ndjson"], "--errors", "--output"],
  [["verify1", ...raw, "--output", "x", "--errors", "x"], "--errors", "--output"],
  [["verify1", ...raw, "--output", "x", "--errors", "key"], "--errors", "--private-key-file"],
  [["verify1", ...raw, "--output", "x", "--errors", "deep/../../key"], "--errors", "--private-key-file"],
  [["verify1", ...raw, "--output", "x", "--errors", "secret"], "--errors", "--shared-secret-file"],
  [["verify2", ...exchanged, "--output", "raw"], "--output", "--input"],
  [["verify2", ...exchanged, "--output", "own"], "--output", "--input-internal"],
  [["verify2", ...exchanged, "--output", "peer"], "--output", "--input-external"],
  [["aggregate", ...exchanged, "--output", "own"], "--output", "--input-internal"],
  [["aggregate", ...exchanged, "--output", "x", "--errors", "peer/data.ndjson"], "--errors", "--input-external"],
  [["publish", ...aggregates, "--output", "own"], "--output", "--input-internal"],
  [["publish", ...aggregates, "--output", "raw", "--labels", "raw/data.ndjson"], "--output", "--labels"],
  [
    ["publish", "--input-internal", "far/key", "--input-external", "labels", "--output", "."],
    "--output",
    "--private-key-file",
  ],
  [["encode-shares", ...raw, "--output-A", "x", "--output-B", "x"], "--output-B", "--output-A"],
  [["encode-shares", ...raw, "--output-A", "raw/x", "--output-B", "soft/x"], "--output-B", "--output-A"],
  [["encode-shares", ...raw, "--output-A", "x", "--output-B", "raw"], "--output-B", "--input"],
];

/** Options that name a file or a directory, here relative to the folder. */
const inFolder = (argv: readonly string[]) =>
  argv.map((word, i) => (i > 0 && argv[i - 1]?.startsWith("--") === true ? at(word) : word));

describe("a usage error that names both options, and every file as it was", () => {
  it.each(conflicts.map((x) => [x[0].join(" "), ...x] as const))("%s", async (_, argv, written, other) => {
    const before = content();
    const { code, stdout, stderr } = await prio(inFolder(argv), { env: environment() });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(new RegExp(`^prio: error: ${written} would write over the file of ${other}: `));
    expect(content()).toEqual(before);
  });
});

it("files that a variable names are protected like those of an option", async () => {
  const argv = inFolder(["verify1", ...raw, "--output", "x"]);
  const { code, stderr } = await prio(argv, { env: { ...environment(), ERRORS: at("key") } });
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining("--errors would write over the file of --private-key-file"),
  ]);
});

it("nothing is written into the directory of --replays", async () => {
  const replays = { ...environment(), REPLAYS: at("own/../record") };
  expect((await prio(inFolder(["verify1", ...raw, "--output", "x"]), { env: replays })).code).toBe(0);
  const before = content();
  symlinkSync("record", at("link"));
  for (const [argv, option] of [
    [["verify1", ...raw, "--output", "record"], "--output"],
    [["verify1", ...raw, "--output", "link/x"], "--output"],
    [["verify1", ...raw, "--output", "x", "--errors", "record/manifest"], "--errors"],
    [["publish", ...aggregates, "--output", "record"], "--output"],
    [["staging", "--input", "labels", "--date", "2019-06-26", "--output", "record"], "--output"],
    [
      ["staging", "--input", "labels", "--date", "2019-06-26", "--output", "x", "--errors", "link/manifest"],
      "--errors",
    ],
  ] as const) {
    const words = inFolder(argv).map((word, i) => (argv[i - 1] === "--date" ? "2019-06-26" : word));
    const { code, stderr } = await prio(words, { env: replays });
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(`^prio: error: ${option} is in the directory of --replays: `),
    ]);
  }
  expect(content()).toEqual(before);
});

it("different files of one directory do not disturb each other, and /dev/null is read and written", async () => {
  const argv = inFolder(["verify1", ...raw, "--output", "far", "--errors", "raw/errors.ndjson"]);
  expect((await prio(argv, { env: environment() })).code).toBe(0);
  const nothing = ["verify1", "--input", "/dev/null", "--output", at("x"), "--errors", "/dev/null"];
  expect((await prio([...nothing, "--allow-empty"], { env: environment() })).code).toBe(0);
});

it("standard input and output count when they are files", () => {
  const fd = openSync(at("raw/data.ndjson"), "r");
  const stdin = Object.assign(Readable.from([]), { fd });
  const { stdout, stderr } = process;
  const options = new Options(new Map([["input", "-"]]), {});
  const run = { options, io: { stdin, stdout, stderr, env: {} } };
  expect(() => requireDistinctPaths(run, [{ option: "output", path: at("soft/data.ndjson") }])).toThrow(
    "--output would write over the file of standard input (--input)",
  );
  expect(() => requireDistinctPaths(run, [{ option: "output", path: at("soft/other.ndjson") }])).not.toThrow();
  closeSync(fd);
});
