// Whatever a command writes to standard output: when the disk is full, that is an error.

import { Readable, Writable } from "node:stream";
import { expect, it } from "vitest";
import { runCommand } from "../../src/cli/command.js";
import { recordedBatch, sink } from "./support.js";

const recorded = recordedBatch("cli-clean");
const aggregate = (side: string) => recorded.path(`server_a/intermediate/${side}/aggregate/data.ndjson`);
const published = ["publish", "--input-internal", aggregate("internal"), "--input-external", aggregate("external")];

const joined = [
  ...["--input", recorded.path("server_a/raw/data.ndjson")],
  ...["--input-internal", recorded.path("server_a/intermediate/internal/verify1/data.ndjson")],
  ...["--input-external", recorded.path("server_a/intermediate/external/verify1/data.ndjson")],
];

/** Runs a command whose standard output fails at every write, with the code of the system, now or a moment later. */
async function failing(argv: readonly string[], code: string, isLate: boolean) {
  const error = Object.assign(new Error(code), { code });
  const stdout = new Writable({
    write(_piece, _encoding, done) {
      if (isLate) setImmediate(done, error);
      else done(error);
    },
  });
  stdout.on("error", () => undefined);
  const stderr = sink({});
  const io = { stdin: Readable.from([]), stdout, stderr: stderr.stream, env: recorded.env("a") };
  return { exitCode: await runCommand(argv, io), said: stderr.text() };
}

const commands = [
  ["keygen"],
  ["shared-seed"],
  ["inspect", aggregate("internal")],
  [...published, "--pretty"],
  [...published, "--output", "-"],
  ["merge", "--input", aggregate("internal"), "--output", "-"],
  ["join", ...joined, "--output", "-"],
  ["verify1", "--input", recorded.path("server_a/raw/data.ndjson"), "--output", "-", "--jobs", "1"],
  ["completion", "bash"],
  ["--help"],
  ["help", "verify1"],
  ["keygen", "--help"],
  ["--version"],
];

it.each(commands.map((argv) => [argv.join(" ").replaceAll(recorded.path(""), ""), argv] as const))(
  "prio %s",
  async (_, argv) => {
    for (const isLate of [false, true]) {
      const full = await failing(argv, "ENOSPC", isLate);
      expect(full.exitCode).toBe(1);
      expect(full.said).toMatch(/^prio: error: cannot write standard output: no space left on the device$/m);
      // A reader that has gone away is no error.
      expect((await failing(argv, "EPIPE", isLate)).exitCode).toBe(0);
    }
  },
);
