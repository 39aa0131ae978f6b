// What the built command says and how it ends: every exit code, no secret in anything said or written, and the
// manual.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scratch } from "../support.js";
import { prio, root, start } from "./command.js";
import { Deployment } from "./deployment.js";

const folder = scratch();
let deployment: Deployment;
/** All that was said in this file's runs. */
let said = "";

beforeAll(async () => {
  deployment = await Deployment.in(folder.path, { BATCH_ID: "talk", N_DATA: "2" });
  deployment.write("data.ndjson", '{"payload": [1, 0]}\n{"payload": [1, 2]}\nnonsense\n');
});

afterAll(() => folder.remove());

async function run(argv: readonly string[], env = deployment.env("A")) {
  const { code, stdout, stderr } = await prio(argv, { env });
  said += stdout.toString() + stderr;
  return { code, stdout: stdout.toString(), stderr };
}

it("exits with 0, 1, 2 and 3 as documented", async () => {
  const encode = ["encode-shares", "--input", deployment.path("data.ndjson")];
  const outputs = ["--output-A", deployment.path("raw/A"), "--output-B", deployment.path("raw/B")];
  expect(await run([...encode, ...outputs, "--errors", deployment.path("errors.ndjson")])).toEqual({
    code: 0,
    stdout: "2 errors out of 3 total\n",
    stderr: "prio: left out: 1 out-of-range, 1 malformed-json\n",
  });
  expect(await run([...encode, ...outputs, "--strict", "--quiet"])).toEqual({
    code: 3,
    stdout: "2 errors out of 3 total\n",
    stderr: "",
  });
  expect(statSync(deployment.path("raw/A/data.ndjson")).size).toBeGreaterThan(0);
  expect(await run(["verify1", "--input", "missing", "--output", "x"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "prio: error: cannot read missing: no such file or directory\n",
  });
  expect(await run(["verfiy1"])).toEqual({
    code: 2,
    stdout: "",
    stderr: "prio: error: unknown command 'verfiy1'\nprio: hint: did you mean verify1?\n",
  });
  const bare = await run([]);
  expect([bare.code, bare.stdout]).toEqual([2, ""]);
  expect(bare.stderr).toMatch(/^Usage: prio /);
});

it("never says or writes a secret, wherever it came from and whatever fails", async () => {
  const { A, B } = deployment.keys;
  const given = ["--private-key-hex", A.private_key, "--shared-secret", deployment.secret];
  const files = ["--input", deployment.path("raw/A/data.ndjson"), "--output", deployment.path("given")];
  const { code, stderr } = await run(["verify1", ...given, ...files, "--errors", deployment.path("given/errors")]);
  expect(code).toBe(0);
  expect(stderr.match(/prio: warning: --private-key-hex/g)).toHaveLength(1);
  expect(stderr.match(/prio: warning: --shared-secret/g)).toHaveLength(1);
  // Secrets in the wrong places, cut or exchanged: messages name the option and never the value.
  const wrong = [
    ["--private-key-hex", deployment.secret],
    ["--private-key-hex", A.private_key.slice(1)],
    ["--private-key-hex", `${A.private_key.slice(1)}g`],
    ["--private-key-hex", B.private_key],
    ["--shared-secret", A.private_key],
    ["--shared-secret", deployment.secret.replace("=", "!")],
    ["--private-key-file", deployment.path("s.json")],
    ["--shared-secret-file", deployment.path("a.json")],
    ["--public-key-hex-internal", A.private_key],
  ];
  for (const option of wrong) expect((await run(["verify1", ...files, ...option])).code, option[0]).toBe(2);
  for (const name of ["a.json", "s.json"]) await run(["inspect", deployment.path(name)]);

  const written = ["given", "raw"].flatMap((name) =>
    readdirSync(deployment.path(name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
  );
  for (const text of [said, ...written]) {
    for (const secret of deployment.secrets) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(secret.slice(1, 20));
      expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
    }
  }
}, 30_000);

it("without a terminal there is no colour and no progress, however long it takes", async () => {
  const child = start(["encode-shares", "--input", "-", "--output-A", "-", "--output-B", deployment.path("slow")], {
    env: deployment.env("A"),
  });
  let stderr = "";
  child.stderr?.on("data", (piece: Buffer) => {
    stderr += piece.toString();
  });
  child.stdout?.resume();
  for (let i = 0; i < 4; i++) {
    child.stdin?.write('{"payload": [1, 1]}\n'.repeat(200));
    await new Promise((wake) => setTimeout(wake, 250));
  }
  child.stdin?.end();
  await new Promise((ended) => child.on("close", ended));
  expect(stderr).toBe("0 errors out of 800 total\n");
});

it("the manual of the package is printed whole", async () => {
  const { code, stdout, stderr } = await prio(["help", "cli"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.toString()).toBe(readFileSync(`${root}/docs/cli.md`, "utf8"));
});
