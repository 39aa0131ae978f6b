// A replay record among real processes: some hold it, some want it, and some are killed.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { add, filesOf, freshDirectory, openRecord } from "./support.js";

const folder = mkdtempSync(join(tmpdir(), "prio-replay-process-"));
const script = join(folder, "process.mjs");
const running = new Set<ChildProcess>();

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL("process.ts", import.meta.url))],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
  });
});

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a process that does `task` with the record in `directory`; gives its lines. */
function start(task: "hold" | "write" | "contend", directory: string) {
  const child = spawn(process.execPath, [script, task, directory], { stdio: ["pipe", "pipe", "inherit"] });
  running.add(child);
  const ended = once(child, "close").then(([code, signal]) => {
    running.delete(child);
    return (code ?? signal) as number | string;
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  return { child, ended, lines, reader };
}

describe("killed at any moment", () => {
  test("a process leaves each of its commits as a whole, and everything that it was told was committed", async () => {
    const directory = freshDirectory();
    let committed = 0;
    for (let round = 0; round < 12; round++) {
      const { child, ended, lines, reader } = start("write", directory);
      await once(reader, "line");
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      child.kill("SIGKILL");
      expect(await ended).toBe("SIGKILL");
      // The process goes on from where the last one stopped, and says so first.
      committed = Math.max(committed, ...lines.map(Number));
      const record = openRecord(directory);
      // Five reports a commit.
      const known = (commit: number) => Array.from({ length: 5 }, (_, i) => add(record, `${commit} ${i}`));
      for (let commit = 1; commit <= committed; commit++) expect(known(commit)).toEqual(new Array(5).fill("again"));
      const [first, ...more] = known(committed + 1);
      expect(more).toEqual(new Array(4).fill(first));
      record.close();
    }
    expect(committed).toBeGreaterThan(10);
  });
});

describe("one process at a time", () => {
  test("a second run is refused while the first one lives, and let in when it is killed", async () => {
    const directory = freshDirectory();
    const { child, ended, reader } = start("hold", directory);
    await once(reader, "line");
    expect(() => openRecord(directory)).toThrow(
      expect.objectContaining({ code: "in-use", message: expect.stringContaining(`in use by process ${child.pid}`) }),
    );
    // A process that stands still lives.
    child.kill("SIGSTOP");
    expect(() => openRecord(directory)).toThrow(expect.objectContaining({ code: "in-use" }));
    child.kill("SIGKILL");
    await ended;
    openRecord(directory).close();
    expect(filesOf(directory)).toEqual(["manifest"]);
  });

  test("the process itself cannot open it twice", () => {
    const directory = freshDirectory();
    const record = openRecord(directory);
    expect(() => openRecord(directory)).toThrow(expect.objectContaining({ code: "in-use" }));
    expect(add(record, 1)).toBe("new");
    record.close();
    openRecord(directory);
  });

  test("of many that want it, none ever has it beside another, and all get it in the end", async () => {
    const directory = freshDirectory();
    const contenders = Array.from({ length: 4 }, () => start("contend", directory));
    expect(await Promise.all(contenders.map(({ ended }) => ended))).toEqual([0, 0, 0, 0]);
    expect(contenders.map(({ lines }) => lines.at(-1))).toEqual(new Array(4).fill("5 times alone"));
  });
});

describe("the lock of another process", () => {
  /** The parts of this process's lock: "lock", host, boot, container, process id, start, and a random part. */
  function lockOf(directory: string): string[] {
    const record = openRecord(directory);
    const name = filesOf(directory).find((file) => file.startsWith("lock")) as string;
    record.close();
    return name.split(",");
  }

  function withPart(lock: readonly string[], part: number, value: string): string {
    return lock.map((old, i) => (i === part ? value : old)).join(",");
  }

  /** The 22nd field of proc(5), where there is such a thing; the name before it, in brackets, is `sleep`. */
  function linuxStartOf(pid: string): string | undefined {
    const path = `/proc/${pid}/stat`;
    return existsSync(path) ? readFileSync(path, "latin1").split(" ")[21] : undefined;
  }

  /** Opens a record beside a lock with one part changed. */
  function openBeside(part: number, value: string) {
    const directory = freshDirectory();
    const name = withPart(lockOf(directory), part, value);
    writeFileSync(join(directory, name), "");
    return { open: () => openRecord(directory), directory, path: join(directory, name) };
  }

  const [HOST, BOOT, CONTAINER, PID, START] = [1, 2, 3, 4, 5] as const;

  test.each([
    ["of before a reboot", BOOT, "another boot"],
    ["of a process that has ended", PID, String(2 ** 22 + 1)],
    ["of a process whose number another one has now", START, "1"],
  ])("%s is dead, and goes", (_name, part, value) => {
    const { open, directory } = openBeside(part, value);
    open().close();
    expect(filesOf(directory)).toEqual(["manifest"]);
  });

  test.each([
    ["of another machine", HOST, "elsewhere"],
    ["of another container", CONTAINER, "1"],
  ])("%s may be alive, and the error says what to do", (_name, part, value) => {
    const { open, path } = openBeside(part, value);
    expect(open).toThrow(
      expect.objectContaining({ code: "in-use", message: expect.stringContaining(`if it has ended, remove ${path}`) }),
    );
    rmSync(path);
    open();
  });

  test("of a process that has ended but that its parent did not wait for is dead", async () => {
    const directory = freshDirectory();
    const lock = lockOf(directory);
    // The shell becomes `sleep`, which waits for no child; the child ends after that, or the shell would wait for it.
    const parent = spawn("sh", ["-c", "sleep 0.5 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"] });
    running.add(parent);
    const [pid] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    const stateOf = () => execFileSync("ps", ["-o", "state=", "-p", pid], { encoding: "utf8" }).trim();
    while (stateOf() !== "Z") await new Promise((resolve) => setTimeout(resolve, 5));
    // Its own start, as far as that can be known, so that nothing but its state tells that it has ended.
    const start = linuxStartOf(pid) ?? (lock[START] as string);
    writeFileSync(join(directory, withPart(withPart(lock, PID, pid).split(","), START, start)), "");
    openRecord(directory);
    parent.kill("SIGKILL");
    running.delete(parent);
  });

  test("a file that only looks like a lock is not one", () => {
    const directory = freshDirectory();
    openRecord(directory).close();
    writeFileSync(join(directory, "lock,a,b,c,d,e,f"), "");
    openRecord(directory).close();
    expect(filesOf(directory)).toEqual(["lock,a,b,c,d,e,f", "manifest"]);
  });
});
