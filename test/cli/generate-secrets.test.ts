// `keygen` and `shared-seed`: a file of its owner alone, never over another file, and a warning when standard output is
// a file that others can read.

import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../../src/cli/command.js";
import { PrivateKey } from "../../src/index.js";
import { prio, recordedBatch, scratch, sink } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());

describe.each(["keygen", "shared-seed"])("%s --output", (command) => {
  it("writes a file of its owner alone, whatever the umask", async () => {
    const path = folder.path(command);
    const umask = process.umask(0);
    const { code, stdout, stderr } = await prio([command, "--output", path]).finally(() => process.umask(umask));
    expect([code, stdout, stderr, statSync(path).mode & 0o777]).toEqual([0, "", "", 0o600]);
    const written = JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
    if (command === "shared-seed") expect(Object.keys(written)).toEqual(["shared_seed"]);
    else {
      const publicKey = PrivateKey.fromHex(written["private_key"] as string).publicKey.toHex();
      expect(written["public_key"]).toBe(publicKey);
      expect((await prio(["inspect", path])).stdout).toContain(publicKey);
    }
  });

  it("writes over nothing: no file, no folder, no link, not even one to nowhere", async () => {
    const at = (name: string) => folder.path(`${command}-taken`, name);
    mkdirSync(at("folder"), { recursive: true });
    writeFileSync(at("file"), "mine");
    symlinkSync("file", at("link"));
    symlinkSync("nowhere", at("loose"));
    for (const name of ["file", "folder", "link", "loose"]) {
      const { code, stdout, stderr } = await prio([command, "--output", at(name)]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(`${at(name)} exists already: nothing was written\n`);
    }
    expect(readFileSync(at("file"), "utf8")).toBe("mine");
    expect(readdirSync(at(""))).toHaveLength(4);
    const missing = await prio([command, "--output", at("no/where")]);
    expect([missing.code, missing.stdout, existsSync(at("no"))]).toEqual([1, "", false]);
    expect(missing.stderr).toMatch(/^prio: error: cannot write .*: no such file or directory\n/);
  });

  it("leaves out the variable OUTPUT, which is for the stages, and takes - for standard output", async () => {
    for (const argv of [[command], [command, "--output", "-"]]) {
      const { code, stdout } = await prio(argv, { env: { OUTPUT: folder.path("stages") } });
      expect([code, Object.keys(JSON.parse(stdout) as object).length]).toEqual([0, command === "keygen" ? 2 : 1]);
    }
    expect(existsSync(folder.path("stages"))).toBe(false);
  });

  it("warns when standard output is a file that a stage would refuse, and for no other", async () => {
    for (const [mode, warns] of [
      [0o644, true],
      [0o660, true],
      [0o604, true],
      [0o640, false],
      [0o600, false],
    ] as const) {
      const path = folder.path(`${command}-redirected`);
      writeFileSync(path, "");
      chmodSync(path, mode);
      const fd = openSync(path, "r+");
      const [stdout, stderr] = [sink({ fd }), sink({})];
      const io = { stdin: Readable.from([]), stdout: stdout.stream, stderr: stderr.stream, env: {} };
      expect(await runCommand([command], io)).toBe(0);
      closeSync(fd);
      const warning = /^prio: warning: the .* goes to a file that is open to others \(mode 0\d{3}\): /;
      expect(warning.test(stderr.text())).toBe(warns);
    }
  });
});

it("what keygen and shared-seed wrote, a stage reads", async () => {
  const recorded = recordedBatch("cli-clean");
  for (const [command, name] of [
    ["keygen", "stage-key"],
    ["shared-seed", "stage-secret"],
  ] as const)
    await prio([command, "--output", folder.path(name)]);
  const { public_key } = JSON.parse(readFileSync(folder.path("stage-key"), "utf8")) as { public_key: string };
  const { code, stderr } = await prio(["verify1", "--input", "missing", "--output", folder.path("none")], {
    env: {
      ...recorded.env("a"),
      PUBLIC_KEY_HEX_INTERNAL: public_key,
      PRIVATE_KEY_HEX: "",
      SHARED_SECRET: "",
      PRIVATE_KEY_FILE: folder.path("stage-key"),
      SHARED_SECRET_FILE: folder.path("stage-secret"),
    },
  });
  expect([code, stderr]).toEqual([1, "prio: error: cannot read missing: no such file or directory\n"]);
});
