// Outputs of a run: all appear or none; devices and pipes are written into; links stay.

import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type Output, openOutput, withOutputs } from "../../src/files/output.js";
import { scratch, sink } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());

const streams = { stdout: sink({}).stream, stderr: sink({}).stream };
const at = (...names: string[]) => folder.path(...names);
const open = (path: string) => openOutput(path, streams);
const write = (paths: readonly string[], meanwhile: () => void = () => undefined) =>
  withOutputs(
    paths.map((path) => () => open(path)),
    [],
    async (outputs) => {
      for (const [i, output] of outputs.entries()) await output.write(`new ${i}`);
      meanwhile();
    },
  );
const read = (path: string) => readFileSync(path, "utf8");
const content = () => readdirSync(at(), { recursive: true, encoding: "utf8" }).sort();

beforeEach(folder.empty);

describe("all or none", () => {
  const paths = () => [at("a/x"), at("b/x"), at("c/x")];

  it("all appear, in place of what was there, and nothing else stays", async () => {
    mkdirSync(at("a"));
    writeFileSync(at("a/x"), "old");
    await write(paths());
    expect(paths().map(read)).toEqual(["new 0", "new 1", "new 2"]);
    expect(content()).toEqual(["a", "a/x", "b", "b/x", "c", "c/x"]);
  });

  it.each([0, 1, 2])("when rename number %i fails, what was there before is back", async (failing) => {
    for (const name of ["a", "b", "c"]) mkdirSync(at(name));
    writeFileSync(at("a/x"), "old");
    if (failing !== 1) writeFileSync(at("b/x"), "old as well");
    const before = content();
    const bad = paths()[failing] as string;
    rmSync(bad, { force: true });
    await expect(write(paths(), () => mkdirSync(bad))).rejects.toThrow(`cannot write ${bad}: is a directory`);
    rmSync(bad, { recursive: true });
    expect(content()).toEqual(before.filter((name) => at(name) !== bad));
    if (failing !== 0) expect(read(at("a/x"))).toBe("old");
    if (failing === 2) expect(read(at("b/x"))).toBe("old as well");
  });

  it("an output that was open before appears last, or not at all", async () => {
    const list = open(at("list"));
    const work = async ([output]: readonly Output[]) => {
      await output?.write("rows");
      await list.write("errors");
    };
    await withOutputs([() => open(at("x"))], [list], work);
    expect([read(at("x")), read(at("list"))]).toEqual(["rows", "errors"]);
    const second = open(at("second"));
    const failing = withOutputs([() => open(at("x"))], [second], () => Promise.reject(new Error("stop")));
    await expect(failing).rejects.toThrow("stop");
    second.discard();
    expect(content()).toEqual(["list", "x"]);
  });
});

/** A device like the one in /dev, in the test's own folder where this user may make one: a fault would replace it. */
function device(name: string, minor: number): string {
  const made = spawnSync("mknod", [at(name), "c", "1", String(minor)]);
  return made.status === 0 ? at(name) : `/dev/${name}`;
}

describe("what is not a regular file", () => {
  it("a device is written into, and its errors are told", async () => {
    const [nothing, full] = [device("null", 3), device("full", 7)];
    await write([nothing]);
    await expect(write([at("beside"), full])).rejects.toThrow(`${full}: no space left on the device`);
    for (const path of [nothing, full]) expect(statSync(path).isCharacterDevice()).toBe(true);
    expect(content().filter((name) => at(name) !== nothing && at(name) !== full)).toEqual([]);
  });

  it("a pipe is written into as fast as it is read, and refused when nobody reads it", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    await expect(write([at("pipe")])).rejects.toThrow("pipe that nobody reads");
    const reader = openSync(at("pipe"), "r+");
    const long = "0123456789".repeat(20_000);
    const writing = withOutputs([() => open(at("pipe"))], [], async ([output]) => output?.write(long));
    const got = Buffer.alloc(long.length);
    for (let done = 0; done < got.length; ) {
      done += readSync(reader, got, done, 10_000, null);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await writing;
    closeSync(reader);
    expect(got.toString()).toBe(long);
    expect(content()).toEqual(["pipe"]);
  });

  it("a socket and a directory are refused", async () => {
    const server = createServer().listen(at("socket"));
    await new Promise((resolve) => server.once("listening", resolve));
    await expect(write([at("socket")])).rejects.toThrow("socket: is not a regular file");
    server.close();
    mkdirSync(at("taken/x"), { recursive: true });
    await expect(write([at("taken/x")])).rejects.toThrow("x: is a directory");
  });

  it("/dev/stdout and /dev/stderr are the streams of the run", async () => {
    for (const [path, name] of [
      ["/dev/stdout", "stdout"],
      ["/dev/stderr", "stderr"],
      ["/dev/fd/2", "stderr"],
      ["/proc/self/fd/1", "stdout"],
    ] as const) {
      const target = sink({});
      await openOutput(path, { ...streams, [name]: target.stream }).write("text");
      expect([path, target.text()]).toEqual([path, "text"]);
    }
  });
});

it("a symbolic link stays, and the file that it leads to is replaced", async () => {
  mkdirSync(at("real"));
  writeFileSync(at("real/x"), "old");
  symlinkSync("real/x", at("link"));
  symlinkSync("real/new", at("dangling"));
  symlinkSync("dangling", at("chain"));
  await write([at("link"), at("chain")]);
  expect([read(at("real/x")), read(at("real/new"))]).toEqual(["new 0", "new 1"]);
  for (const name of ["link", "dangling", "chain"]) expect(lstatSync(at(name)).isSymbolicLink()).toBe(true);
});

it(".. goes where the system goes, not back along the path", async () => {
  mkdirSync(at("real/deep"), { recursive: true });
  symlinkSync("real/deep", at("far"));
  await write([`${at("far")}/../x`]);
  expect(read(at("real/x"))).toBe("new 0");
});

it("a name that ends in .gz is compressed", async () => {
  await write([at("x.gz")]);
  expect(gunzipSync(readFileSync(at("x.gz"))).toString()).toBe("new 0");
});

it("a new file has the permissions that are asked for", async () => {
  await withOutputs([() => openOutput(at("x"), streams, 0o600)], [], async ([output]) => output?.write("x"));
  expect(statSync(at("x")).mode & 0o777).toBe(0o600);
  chmodSync(at("x"), 0o400);
});
