// Several private keys: clients go over to a server's new key, and packets to the old one still open.

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../support.js";
import { type Ended, prio } from "./command.js";
import { Deployment } from "./deployment.js";

const folder = scratch();
afterAll(() => folder.remove());
const { path } = folder;

const ROWS = { old: 3, new: 2 } as const;
const settings = { BATCH_ID: "rolling", N_DATA: "2", QUERY_POINTS: "report" };
let deployment: Deployment;
let files: { old: string; new: string };
let hex: { old: string; new: string };

const values = (rows: number) => '{"payload": [1, 0]}\n'.repeat(rows);

/** verify1 of server A, with nothing said of its private keys but in `argv` and `env`. */
const verify1 = (argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  prio(["verify1", "--input", path("raw/A/data.ndjson"), "--output", path("verify1/A"), ...argv], {
    env: { ...deployment.env("A"), PRIVATE_KEY_FILE: "", REPLAYS: path("unused"), ...env },
  });

beforeAll(async () => {
  deployment = await Deployment.in(path, settings);
  files = { old: path("a.json"), new: path("new.json") };
  await prio(["keygen", "--output", files.new]);
  const made = JSON.parse(readFileSync(files.new, "utf8")) as { private_key: string; public_key: string };
  hex = { old: deployment.keys.A.private_key, new: made.private_key };
  const input = deployment.write("data.ndjson", values(ROWS.old));
  expect((await deployment.encode(input)).code).toBe(0);
  const packets = (["A", "B"] as const).map((id) => deployment.read("raw", id, "data.ndjson"));
  writeFileSync(input, values(ROWS.new));
  expect((await deployment.encode(input, ["--public-key-hex-internal", made.public_key])).code).toBe(0);
  for (const [i, id] of (["A", "B"] as const).entries()) {
    writeFileSync(path("raw", id, "data.ndjson"), packets[i] + deployment.read("raw", id, "data.ndjson"));
  }
});

describe.each(["1", "2"])("with --jobs %s", (jobs) => {
  it("counts the packets to both keys", async () => {
    const argv = ["--private-key-file", files.new, "--private-key-file", files.old, "--jobs", jobs];
    const { code, stderr } = await verify1(argv);
    expect([code, stderr]).toEqual([0, expect.stringContaining("prio: opened with key 1: 2, key 2: 3\n")]);
    expect((await deployment.stage("verify1", "B", "data.ndjson")).stderr).not.toContain("opened with");
    for (const stage of ["verify2", "aggregate"] as const) {
      expect((await deployment.stage(stage, "A", "data.ndjson", argv)).stderr).toContain("key 1: 2, key 2: 3\n");
      expect((await deployment.stage(stage, "B", "data.ndjson")).code).toBe(0);
    }
    const { stdout } = await deployment.publish("A", "data.ndjson", ["--output", "-", "--min-reports", "1"]);
    expect((JSON.parse(stdout.toString()) as { payload: number[] }).payload).toEqual([5, 0]);
  });
});

it("leaves out what no key opens", async () => {
  const { code, stderr } = await verify1(["--private-key-file", files.old]);
  expect([code, stderr]).toEqual([0, expect.stringContaining("left out: 2 cannot-open\n")]);
  expect(stderr).not.toContain("opened with");
});

it("takes several keys from one file and from the variables", async () => {
  const both = `${readFileSync(files.old, "utf8").trim()}\n${readFileSync(files.new, "utf8")}`;
  writeFileSync(path("both.json"), both, { mode: 0o600 });
  writeFileSync(path("both.hex"), `${hex.old}\n${hex.new}\n`, { mode: 0o600 });
  for (const env of [
    { PRIVATE_KEY_FILE: path("both.json") },
    { PRIVATE_KEY_FILE: path("both.hex") },
    { PRIVATE_KEY_HEX: `${hex.old} ${hex.new}` },
  ]) {
    const { code, stderr } = await verify1([], env);
    expect([code, stderr]).toEqual([0, expect.stringContaining("prio: opened with key 1: 3, key 2: 2\n")]);
    for (const secret of Object.values(hex)) expect(stderr).not.toContain(secret);
  }
  const { stderr } = await verify1(["--private-key-hex", hex.old, "--private-key-hex", hex.new]);
  expect(stderr).toContain("prio: opened with key 1: 3, key 2: 2\n");
  expect(stderr.match(/--private-key-hex shows the private key/g)).toHaveLength(1);
});

it("needs the key of --public-key-hex-internal among them, and no key twice", async () => {
  const other = ["--private-key-file", files.new, "--private-key-file", path("b.json")];
  const none = await verify1(other);
  expect([none.code, none.stderr]).toEqual([
    2,
    expect.stringMatching(/^prio: error: none of the private keys belongs to --public-key-hex-internal\n/),
  ]);
  const twice = await verify1([...other, "--private-key-file", files.new]);
  expect([twice.code, twice.stderr]).toEqual([
    2,
    "prio: error: --private-key-file: private key 3 is the same as an earlier one\n",
  ]);
});

it("takes one shared secret only", async () => {
  writeFileSync(path("secrets"), `${deployment.secret}\n${Buffer.alloc(16, 7).toString("base64")}\n`, { mode: 0o600 });
  const { code, stderr } = await verify1(["--private-key-file", files.old, "--shared-secret-file", path("secrets")]);
  expect([code, stderr]).toEqual([2, "prio: error: --shared-secret-file: expected one shared secret, got 2\n"]);
});

it("writes over none of the files", async () => {
  for (const name of ["old", "new"] as const) {
    const argv = ["--private-key-file", files.old, "--private-key-file", files.new, "--errors", files[name]];
    const { code, stderr } = await verify1(argv);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--errors would write over the file of --private-key")]);
    expect(readFileSync(files[name], "utf8")).toContain(hex[name]);
  }
});

it("refuses each file that is open to others, with advice", async () => {
  const open = path("open.json");
  writeFileSync(open, readFileSync(files.new), { mode: 0o644 });
  const { code, stderr } = await verify1(["--private-key-file", files.old, "--private-key-file", open]);
  expect([code, stderr]).toEqual([
    1,
    `prio: error: ${open} is open to others (mode 0644): not a place for the private key\n` +
      `prio: hint: chmod 600 ${open}\n`,
  ]);
});
