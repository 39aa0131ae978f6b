// What the built command does to files: the recorded batches in both roles, compression, standard streams, and output
// that is whole or not there, whatever happens to the process.

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordedBatch, scratch, secretsOf } from "../support.js";
import { bash, bin, ended, prio, start } from "./command.js";
import { Deployment } from "./deployment.js";

const folder = scratch();
afterAll(() => folder.remove());

describe.each(["cli-clean", "cli-dirty"] as const)("the batch %s, written by Python's command", (name) => {
  const recorded = recordedBatch(name);

  it.each(["a", "b"] as const)("server %s writes the same bytes at every stage", async (server) => {
    const at = (path: string) => recorded.path(`server_${server}/${path}`);
    const output = folder.path(name, server, "deep");
    const exchanged = (stage: string) => [
      ...["--input-internal", at(`intermediate/internal/${stage}/data.ndjson`)],
      ...["--input-external", at(`intermediate/external/${stage}/data.ndjson`)],
    ];
    const stages = [
      ["verify1", []],
      ["verify2", exchanged("verify1")],
      ["aggregate", exchanged("verify2")],
    ] as const;
    for (const [stage, argv] of stages) {
      const files = ["--input", at("raw/data.ndjson"), ...argv, "--output", `${output}/${stage}`];
      const { code, stdout, stderr } = await prio([stage, ...files], { env: recorded.env(server) });
      const refused = { "cli-clean": [0, 0, 0, 25], "cli-dirty": [2, 2, 4, 20] }[name];
      const errors = refused[["verify1", "verify2", "aggregate"].indexOf(stage)];
      expect([code, stdout.toString()]).toEqual([0, `${errors} errors out of ${refused[3]} total\n`]);
      const written = readFileSync(`${output}/${stage}/data.ndjson`);
      expect(written.equals(readFileSync(at(`intermediate/internal/${stage}/data.ndjson`))), stage).toBe(true);
      for (const secret of secretsOf(recorded)) expect(stdout + stderr).not.toContain(secret);
    }
    const publish = ["publish", ...exchanged("aggregate"), "--output", `${output}/processed`, "--min-reports", "1"];
    const published = await prio(publish, { env: recorded.env(server) });
    expect([published.code, published.stderr]).toEqual([0, ""]);
    const constant = (text: string) => text.replace(/"id": "[-0-9a-f]{36}", "timestamp": "[-0-9T:.]{26}"/, "");
    const ours = readFileSync(`${output}/processed/data.ndjson`, "utf8");
    expect(constant(ours)).toBe(constant(recorded.text(`server_${server}/processed/data.ndjson`)));
    expect(ours).toMatch(
      /^\{"id": "[-0-9a-f]{36}", "timestamp": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", "payload": \[/,
    );
  });
});

describe("files and streams", () => {
  let deployment: Deployment;
  let reference: string;
  const rows = 400;

  beforeAll(async () => {
    deployment = await Deployment.in(folder.path, { BATCH_ID: "files", N_DATA: "8" });
    const values = Array.from({ length: rows }, (_, i) => Array.from({ length: 8 }, (__, k) => (i >> k) & 1));
    const data = values.map((payload) => `${JSON.stringify({ payload })}\n`).join("");
    deployment.write("data.ndjson", data);
    expect((await deployment.encode(deployment.path("data.ndjson"))).code).toBe(0);
    expect((await deployment.stage("verify1", "A", "data.ndjson")).code).toBe(0);
    reference = deployment.read("verify1", "A", "data.ndjson");
  }, 60_000);

  const verify1 = (...argv: readonly string[]) => ["verify1", ...argv];
  const raw = () => deployment.path("raw", "A", "data.ndjson");
  /** Temporary files that a run left in a folder. */
  const leftovers = (path: string) =>
    existsSync(path) ? readdirSync(path).filter((name) => name.endsWith(".tmp")) : [];

  it("gzip: compressed shares and verify files give the same bytes, compressed", async () => {
    for (const id of ["A", "B"] as const) {
      writeFileSync(
        deployment.path("raw", id, "z.ndjson.gz"),
        gzipSync(readFileSync(deployment.path("raw", id, "data.ndjson"))),
      );
    }
    const totals = await deployment.collect("z.ndjson.gz", ["--jobs", "2"]);
    expect(totals.reduce((a, b) => a + b, 0)).toBe(
      Array.from({ length: rows }, (_, i) => i.toString(2).replaceAll("0", "").length).reduce((a, b) => a + b, 0) -
        // Only the eight lowest bits are reported.
        Array.from({ length: rows }, (_, i) => i >> 8).reduce((a, b) => a + b, 0),
    );
    expect(gunzipSync(readFileSync(deployment.path("verify1/A/z.ndjson.gz"))).toString()).toBe(reference);
  }, 60_000);

  it("a compressed file that is cut or no gzip fails in a sentence and writes nothing", async () => {
    const whole = gzipSync(readFileSync(raw()));
    for (const [name, bytes, sentence] of [
      ["cut.gz", whole.subarray(0, whole.length / 2), /the compressed data ends too early/],
      ["none.gz", Buffer.from("not compressed"), /it is not a gzip file, or it is damaged/],
    ] as const) {
      writeFileSync(deployment.path(name), bytes);
      const output = deployment.path("cut");
      const said = await prio(verify1("--input", deployment.path(name), "--output", output), {
        env: deployment.env("A"),
      });
      expect(said.code).toBe(1);
      expect(said.stderr).toMatch(sentence);
      expect(readdirSync(output)).toEqual([]);
    }
  });

  it("- reads standard input and writes standard output; the counts go to standard error", async () => {
    const stdin = readFileSync(raw());
    const said = await prio(verify1("--input", "-", "--output", "-"), { env: deployment.env("A"), stdin });
    expect(said).toEqual({
      code: 0,
      signal: null,
      stdout: Buffer.from(reference),
      stderr: `0 errors out of ${rows} total\n`,
    });
    const silent = await prio(verify1("--input", "-", "--output", "-", "--quiet"), { env: deployment.env("A"), stdin });
    expect([silent.stdout.toString(), silent.stderr]).toEqual([reference, ""]);
  });

  it("stages are filters for xargs, and verify files may be pipes", async () => {
    await Promise.all((["A", "B"] as const).map((id) => deployment.stage("verify1", id, "data.ndjson")));
    const whole = await deployment.stage("verify2", "A", "data.ndjson", ["--output", "-"]);
    writeFileSync(deployment.path("prio"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
    const script = `PATH=${folder.path()}:$PATH
      prio verify2 --input - --input-internal <(cat verify1/A/data.ndjson) --input-external verify1/B/data.ndjson \\
        --output - < raw/A/data.ndjson`;
    const piped = await bash(script, { env: deployment.env("A"), cwd: folder.path() });
    expect(piped.stdout.toString()).toBe(whole.stdout.toString());
    expect(piped.code).toBe(0);
  }, 60_000);

  it("a named pipe is read once, as shares and as verify packets", async () => {
    await Promise.all((["A", "B"] as const).map((id) => deployment.stage("verify1", id, "data.ndjson")));
    const script = `mkdir pipes; cd pipes; mkfifo shares packets
      timeout 20 cat ../raw/A/data.ndjson > shares & timeout 20 cat ../verify1/A/data.ndjson > packets &
      "${process.execPath}" "${bin}" verify2 --input shares --input-internal packets \
        --input-external ../verify1/B/data.ndjson --output out
      code=$?; wait; exit $code`;
    const said = await bash(script, { env: deployment.env("A"), cwd: folder.path() });
    expect([said.code, said.stderr]).toEqual([0, ""]);
    const whole = await deployment.stage("verify2", "A", "data.ndjson", ["--output", "-"]);
    expect(deployment.read("pipes", "out", "packets")).toBe(whole.stdout.toString());
  }, 60_000);

  it("a closed pipe ends quietly", async () => {
    for (const jobs of ["1", "2"]) {
      // 400 rows of verify1 do not fill a pipe, so all the rows go through many times.
      const many = deployment.write("many.ndjson", readFileSync(raw(), "utf8").repeat(20));
      const child = start(["verify1", "--input", many, "--output", "-", "--jobs", jobs], { env: deployment.env("A") });
      child.stdout?.once("data", () => child.stdout?.destroy());
      const said = await ended(child);
      expect([said.code, said.signal, said.stderr]).toEqual([0, null, ""]);
    }
  });

  it("a closed pipe beside a file: the file does not appear, and the run has failed", async () => {
    const many = deployment.write("many.ndjson", deployment.read("data.ndjson").repeat(10));
    const output = deployment.path("beside");
    const argv = ["encode-shares", "--input", many, "--output-A", "-", "--output-B", output];
    const child = start(argv, { env: deployment.env("A") });
    child.stdout?.once("data", () => child.stdout?.destroy());
    const said = await ended(child);
    expect(said.code).toBe(1);
    expect(said.stderr).toMatch(/^prio: error: standard output was closed before the end: nothing was written to /);
    expect(readdirSync(output)).toEqual([]);
  });

  describe("killed or failing in the middle", () => {
    const before = "what was there before\n";
    let output: string;
    /** Starts a long run over the output and calls `disturb` when it has begun to write. */
    const disturbed = async (disturb: (pid: number) => void) => {
      output = deployment.path("atomic");
      mkdirSync(output, { recursive: true });
      writeFileSync(`${output}/many.ndjson`, before);
      const many = deployment.write("many.ndjson", readFileSync(raw(), "utf8").repeat(200));
      const argv = ["verify1", "--input", many, "--output", output, "--jobs", "2"];
      const child = start(argv, { env: deployment.env("A") });
      const end = ended(child);
      const begun = Date.now();
      while (leftovers(output).length === 0 && Date.now() - begun < 20_000)
        await new Promise((wake) => setTimeout(wake, 5));
      await new Promise((wake) => setTimeout(wake, 100));
      disturb(child.pid as number);
      return end;
    };

    it("kill -9 leaves what was there before, and running again works", async () => {
      const { signal } = await disturbed((pid) => process.kill(pid, "SIGKILL"));
      expect(signal).toBe("SIGKILL");
      expect(leftovers(output)).toHaveLength(1);
      expect(readFileSync(`${output}/many.ndjson`, "utf8")).toBe(before);
      writeFileSync(deployment.path("raw/A/many.ndjson"), readFileSync(raw()));
      const again = await deployment.stage("verify1", "A", "many.ndjson", ["--output", output]);
      expect(again.code).toBe(0);
      expect(readFileSync(`${output}/many.ndjson`, "utf8")).toBe(reference);
      expect(leftovers(output)).toEqual([]);
    });

    it.each([
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)("%s exits with %i, and removes its temporary files", async (signal, code) => {
      const said = await disturbed((pid) => process.kill(pid, signal));
      expect([said.code, said.stderr]).toEqual([code, ""]);
      expect(readFileSync(`${output}/many.ndjson`, "utf8")).toBe(before);
      expect(leftovers(output)).toEqual([]);
    });
  });

  it("a full disk fails in a sentence, leaves what was there before and no temporary file", async () => {
    // Faults are put into node:fs of the real process: after some rows every write fails as on a full disk.
    const fault = `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";
      const write = fs.writeSync; let left = 3000;
      fs.writeSync = (fd, bytes, ...rest) => {
        left -= bytes.length;
        if (left < 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
        return write(fd, bytes, ...rest);
      };
      syncBuiltinESMExports();`;
    const output = deployment.path("full");
    mkdirSync(output, { recursive: true });
    writeFileSync(`${output}/data.ndjson`, "before\n");
    const said = await prio(verify1("--input", raw(), "--output", output), {
      env: deployment.env("A"),
      node: ["--import", `data:text/javascript,${encodeURIComponent(fault)}`],
    });
    expect(said.code).toBe(1);
    expect(said.stderr).toBe(`prio: error: cannot write ${output}/data.ndjson: no space left on the device\n`);
    expect(readdirSync(output)).toEqual(["data.ndjson"]);
    expect(readFileSync(`${output}/data.ndjson`, "utf8")).toBe("before\n");
  });

  it("standard output on a full device fails in a sentence", async () => {
    const script = `"${process.execPath}" "${bin}" verify1 --input raw/A/data.ndjson --output - > /dev/full`;
    const said = await bash(script, { env: deployment.env("A"), cwd: folder.path() });
    expect([said.code, said.stderr]).toEqual([
      1,
      "prio: error: cannot write standard output: no space left on the device\n",
    ]);
  });

  it("a key that does not fit the disk fails in a sentence, even if a part of it does", async () => {
    const sentence = (text: string) => `prio: error: cannot write standard output: ${text}\n`;
    const full = await bash(`"${process.execPath}" "${bin}" keygen > /dev/full`, { cwd: folder.path() });
    expect([full.code, full.stderr]).toEqual([1, sentence("no space left on the device")]);
    // The file may have 1,024 bytes, and the system takes so many of the last write.
    const script = `umask 077; ulimit -f 1; head -c 1000 /dev/zero > key; "${process.execPath}" "${bin}" keygen >> key`;
    const part = await bash(script, { cwd: folder.path() });
    expect([part.code, part.stderr]).toEqual([1, sentence("the file would be too large")]);
  });

  it("what cannot be written is told before any work", async () => {
    deployment.write("a-file", "");
    mkdirSync(deployment.path("taken/data.ndjson"), { recursive: true });
    symlinkSync(deployment.path("nowhere/at/all"), deployment.path("dangling"));
    const cases: [output: string, sentence: RegExp][] = [
      ["a-file", /cannot write to .*a-file: already exists and is not a directory/],
      ["a-file/below", /cannot write to .*a-file\/below: /],
      ["taken", /cannot write .*taken\/data\.ndjson: is a directory/],
      ["dangling", /cannot write to .*dangling: /],
    ];
    for (const [name, sentence] of cases) {
      const said = await prio(verify1("--input", raw(), "--output", deployment.path(name)), {
        env: deployment.env("A"),
      });
      expect(said.code, name).toBe(1);
      expect(said.stderr).toMatch(sentence);
      expect(said.stdout.toString()).toBe("");
    }
    expect(existsSync(deployment.path("nowhere"))).toBe(false);
  });

  it("a line without end is one bad row, in bounded memory", async () => {
    const [first, second] = readFileSync(raw(), "utf8").split("\n") as [string, string];
    const script = `{ echo '${first}'; head -c 200000000 /dev/zero | tr '\\0' x; echo; echo '${second}'; } |
      "${process.execPath}" --max-old-space-size=100 "${bin}" verify1 --input - --output - --errors errors.ndjson`;
    const said = await bash(script, { env: deployment.env("A"), cwd: folder.path() });
    expect(said.code).toBe(0);
    expect(said.stdout.toString()).toBe(
      reference
        .split("\n")
        .slice(0, 2)
        .map((line) => `${line}\n`)
        .join(""),
    );
    expect(deployment.read("errors.ndjson")).toBe('{"line": 2, "id": null, "reason": "line-too-long"}\n');
  }, 60_000);

  it("an empty file is an empty batch", async () => {
    deployment.write("raw/A/empty.ndjson", "");
    deployment.write("raw/B/empty.ndjson", "\n \r\n");
    for (const stage of ["verify1", "verify2", "aggregate"] as const) {
      for (const id of ["A", "B"] as const) {
        // Nothing came through, so the stage says so by its code; its output is there all the same.
        expect((await deployment.stage(stage, id, "empty.ndjson")).code).toBe(4);
        const allowed = await deployment.stage(stage, id, "empty.ndjson", ["--allow-empty"]);
        expect([allowed.code, allowed.stdout.toString()]).toEqual([0, "0 errors out of 0 total\n"]);
      }
    }
    const published = await deployment.publish("A", "empty.ndjson", ["--output", "-", "--min-reports", "1"]);
    expect([published.code, published.stdout.length]).toEqual([1, 0]);
  }, 60_000);

  it("--jobs has no influence on the bytes", async () => {
    for (const jobs of ["1", "2", "3", String(availableParallelism() + 2)]) {
      const said = await deployment.stage("verify1", "A", "data.ndjson", ["--jobs", jobs, "--output", "-"]);
      expect(said.stdout.toString(), `${jobs} jobs`).toBe(reference);
    }
  }, 60_000);
});
