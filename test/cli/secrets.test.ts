// A secret in the wrong place is never shown: every option of every command gets one as its value, in each of its
// forms, on the command line and from the environment, and so do unknown options, arguments and the names of files.

import { mkdirSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { afterAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.js";
import { generateKeyPair, ServerSecret } from "../../src/index.js";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());

const key = generateKeyPair().privateKey.toHex();
/** A secret with every character that differs between the alphabets of base64. */
const bytes = Buffer.from("fbefbe01f2e3d4c5fffeb6a798897a6b", "hex");
const secrets: Readonly<Record<string, string>> = {
  "a private key": key,
  "a private key in capitals": key.toUpperCase(),
  "a private key that lost a digit": key.slice(1),
  "a private key in base64": Buffer.from(key, "hex").toString("base64"),
  "the shared secret": ServerSecret.generate().toBase64(),
  "a shared secret with + and /": bytes.toString("base64"),
  "a shared secret for URLs": bytes.toString("base64url"),
  "a shared secret without padding": bytes.toString("base64").replaceAll("=", ""),
};

const recorded = recordedBatch("cli-clean");
const commands: readonly Command[] = buildProgram(
  { stdout: process.stdout, stderr: process.stderr },
  "",
  () => undefined,
).commands;

/** Options that make every command valid, apart from the one that is tried. Its files are not there. */
const files = {
  INPUT: folder.path("missing"),
  INPUT_INTERNAL: folder.path("missing"),
  INPUT_EXTERNAL: folder.path("missing"),
  OUTPUT: folder.path("out"),
  OUTPUT_A: folder.path("out"),
  OUTPUT_B: folder.path("out"),
};
const env = { ...recorded.env("a"), ...files };

/** Runs the command line with a terminal and without one, and looks at all that it said. */
async function neverShows(secret: string, argv: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await prio(argv, { env: { ...env, ...more } });
  const said = (stdout + stderr).toLowerCase();
  const where = `${argv.join(" ")} ${JSON.stringify(more)}`;
  // A part of a secret is a secret as well.
  for (let i = 0; i + 12 <= secret.length; i++) {
    expect(said.includes(secret.slice(i, i + 12).toLowerCase()), where).toBe(false);
  }
  expect(said, where).not.toContain("unexpected");
  return code;
}

describe.each(Object.entries(secrets))("%s is not shown", (_name, secret) => {
  it("as the value of any option of any command, or of its variable", async () => {
    let tried = 0;
    for (const command of commands) {
      const argument = command.registeredArguments.length > 0 ? [folder.path("missing")] : [];
      for (const option of command.options) {
        const name = option.long as string;
        // What is written goes below a file that is no folder: nothing is written.
        const isOutput = /^--(output|errors|replays)/.test(name);
        writeFileSync(folder.path("file"), "");
        const value = isOutput ? `${folder.path("file")}/${secret}` : secret;
        await neverShows(secret, [command.name(), ...argument, name, value]);
        await neverShows(secret, [command.name(), ...argument, `${name}=${value}`]);
        if (option.required)
          await neverShows(secret, [command.name(), ...argument], { [environmentName(name)]: value });
        tried++;
      }
    }
    expect(tried).toBeGreaterThan(70);
  }, 30_000);

  it("as a command, an argument, an unknown option or its value, after help and after a wrong spelling", async () => {
    for (const argv of [
      [secret],
      ["help", secret],
      [`--${secret}`],
      [`--${secret}=1`],
      [`-${secret}`],
      ["--version", secret],
    ])
      await neverShows(secret, argv);
    for (const command of commands) {
      const name = command.name();
      for (const rest of [
        [secret],
        [secret, secret],
        ["--", secret],
        [`--${secret}`],
        [`--unknown=${secret}`],
        ["--unknown", secret],
        [`--private-key-hx=${secret}`],
        [`--private-key${secret}`],
        ["--help", secret],
      ]) {
        await neverShows(secret, [name, ...rest]);
      }
    }
  }, 30_000);

  it("as the name or the content of a file", async () => {
    const named = folder.path("names", secret.replaceAll("/", "_"));
    mkdirSync(folder.path("names"), { recursive: true });
    const row = (text: string) => JSON.stringify({ id: text, timestamp: text, payload: [1], total: text, error: text });
    for (const content of [
      secret,
      `${secret}\n`,
      JSON.stringify({ shared_seed: secret }),
      row(secret),
      JSON.stringify(secret),
    ]) {
      writeFileSync(named, content, { mode: 0o600 });
      await neverShows(secret, ["inspect", named]);
      for (const option of ["--input", "--labels", "--private-key-file", "--shared-secret-file", "--input-internal"]) {
        for (const command of commands.filter((x) => x.options.some(({ long }) => long === option))) {
          await neverShows(
            secret,
            [command.name(), option, named, "--jobs", "1"].slice(0, command.name() === "publish" ? 3 : 5),
          );
        }
      }
      // One value: a file of one line is a file of labels.
      const aggregate = { N_DATA: "12", INPUT_INTERNAL: named, INPUT_EXTERNAL: named };
      await neverShows(secret, ["publish", "--pretty", "--labels", named], aggregate);
    }
  }, 30_000);
});

it("a table masks labels that look like secrets", async () => {
  const side = (name: string) => recorded.path(`server_a/intermediate/${name}/aggregate/data.ndjson`);
  writeFileSync(folder.path("labels"), Array.from({ length: 12 }, () => key).join("\n"));
  const inputs = ["--input-internal", side("internal"), "--input-external", side("external")];
  const { code, stdout } = await prio(["publish", "--pretty", ...inputs, "--labels", folder.path("labels")], {
    env: recorded.env("a"),
  });
  expect([code, stdout.match(/^\[masked\] /gm)?.length]).toEqual([0, 12]);
});

const environmentName = (option: string): string => option.slice(2).toUpperCase().replaceAll("-", "_");
