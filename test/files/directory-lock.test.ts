// The lock of a directory between containers, whose processes cannot see each other. What it does between processes
// that can is in test/replays/process.test.ts.

import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DirectoryInUse, DirectoryLock } from "../../src/files/directory-lock.js";
import { formatProcess, hostTag, type ProcessName, thisProcess } from "../../src/files/processes.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "prio-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Process 1 of a container on this machine. Each container has a name of its own, or the same as the one before it. */
const inContainer = (container: string, host = container): ProcessName => {
  return { ...thisProcess(), host, container, pid: "1", start: "4711" };
};
const nameOf = (process: ProcessName) => join(directory, `lock,${formatProcess(process)},0123456789abcdef`);

/** The message of the lock's refusal. */
function refusal(self: ProcessName): string {
  try {
    DirectoryLock.take(directory, self).release();
  } catch (error) {
    if (error instanceof DirectoryInUse) return error.message;
    throw error;
  }
  return "none";
}

// Only Linux tells containers apart.
const isLinux = process.platform === "linux";

test.each([
  ["of its own name", "first", "second"],
  ["that has the same name", "prio-a", "prio-a"],
])("a container %s is refused while another has the lock, and let in afterwards", (_name, first, second) => {
  const lock = DirectoryLock.take(directory, inContainer("1", first));
  const [name = ""] = readdirSync(directory);
  expect(lstatSync(join(directory, name)).mode & 0o777).toBe(0o600);
  const holds = `${directory} is in use by process 1 of ${first}`;
  const asks = `, or was when that ended; if it has ended, remove ${join(directory, name)}`;
  expect(refusal(inContainer("2", second))).toBe(isLinux ? holds : `${holds}${asks}`);
  lock.release();
  expect(refusal(inContainer("2", second))).toBe("none");
  expect(readdirSync(directory)).toEqual([]);
});

test("the lock of a container that was killed is not in the way of the next one", () => {
  execFileSync("mkfifo", [nameOf(inContainer("1"))]);
  if (!isLinux) expect(refusal(inContainer("2"))).toContain("if it has ended");
  else {
    const lock = DirectoryLock.take(directory, inContainer("2"));
    expect(readdirSync(directory)).toHaveLength(1);
    lock.release();
  }
});

test.each([
  ["a container of another machine", () => execFileSync("mkfifo", [nameOf({ ...inContainer("1"), boot: "another" })])],
  ["a container whose lock is no pipe", () => writeFileSync(nameOf(inContainer("1")), "")],
])("%s may be alive, and the error says what to do", (_name, leave) => {
  leave();
  expect(refusal(inContainer("2"))).toMatch(/ of 1, or was when that ended; if it has ended, remove \/.*[0-9a-f]{16}$/);
});

test("a pipe that a killed process left before it got its name is removed", () => {
  // No process has this number.
  const name = `.lock.${hostTag()}-${2 ** 22 + 1}-0123abcd.tmp`;
  execFileSync("mkfifo", [join(directory, name)]);
  DirectoryLock.take(directory, inContainer("1")).release();
  expect(readdirSync(directory)).toEqual([]);
});
