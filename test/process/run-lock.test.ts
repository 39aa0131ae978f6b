// The lock of a run among machines, which only see each other's objects in a store.

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { formatProcess, type ProcessName, thisProcess } from "../../src/files/processes.js";
import { type Clock, systemClock } from "../../src/process/clock.js";
import { GuardedStore } from "../../src/process/guarded-store.js";
import { AnotherRun, LockLost, RunLock } from "../../src/process/run-lock.js";
import { contentOf } from "../../src/stores/content.js";
import { openStore } from "../../src/stores/open-store.js";

let root: string;
let held: RunLock[] = [];
beforeEach(() => {
  root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "prio-lock-"));
});
afterEach(async () => {
  for (const lock of held) await lock.release();
  held = [];
  rmSync(root, { recursive: true });
});

const self = thisProcess();
/** A process of another machine. */
const on = (host: string): ProcessName => ({ ...self, host, boot: `boot of ${host}` });
const objects = () => readdirSync(join(root, "locks")).filter((name) => !name.startsWith("."));

/** A clock whose waits pass at once, by what is waited for, in turns with everything else. */
function turns(factor = 1): Clock & { pass: (milliseconds: number) => void } {
  let now = 0;
  return {
    now: () => now,
    date: () => new Date(1_700_000_000_000 + now),
    sleep: async (milliseconds, signal) => {
      await systemClock.sleep(2, signal);
      now += factor * milliseconds;
    },
    pass: (milliseconds) => {
      now += milliseconds;
    },
  };
}

async function take(process: ProcessName, clock: Clock = turns()): Promise<RunLock> {
  const signal = new AbortController().signal;
  const lock = await RunLock.take({ store: openStore(root), prefix: "locks/", clock, signal, self: process });
  held.push(lock);
  return lock;
}

describe("a run that has the lock", () => {
  test("of the same machine keeps others out at once, and lets them in when it gives it back", async () => {
    const lock = await take(self);
    await expect(take(self)).rejects.toThrow(AnotherRun);
    await expect(take(self)).rejects.toThrow(`another run is there: process ${self.pid} of ${self.host}`);
    expect(objects()).toHaveLength(1);
    await lock.release();
    expect(objects()).toEqual([]);
    await take(self);
  });

  test("of another machine keeps others out as long as its object changes", async () => {
    await take(on("a"));
    await expect(take(on("b"))).rejects.toThrow("another run is there: process");
    expect(objects()).toHaveLength(1);
  });

  test("may write, and no more when it has given the lock back", async () => {
    const lock = await take(self);
    const store = new GuardedStore(openStore(root), lock);
    await store.write("x", contentOf("x"));
    await lock.release();
    await expect(store.write("y", contentOf("y"))).rejects.toThrow(LockLost);
    await expect(store.delete("x")).rejects.toThrow(LockLost);
    expect(await openStore(root).stat("x")).toBeDefined();
  });
});

describe("a run that is dead", () => {
  const leave = (process: ProcessName) =>
    openStore(root).write(
      `locks/${formatProcess(process)},0123456789abcdef`,
      contentOf('{"state":"holding","beat":3}\n'),
    );

  test("on the same machine is known to be", async () => {
    await leave({ ...self, start: "1" });
    const clock = turns();
    await take(self, clock);
    expect(clock.now()).toBe(0);
    expect(objects()).toHaveLength(1);
  });

  test("on another machine is taken for dead when its object has not changed for a minute and a half", async () => {
    await leave(on("a"));
    const clock = turns();
    await take(on("b"), clock);
    expect(clock.now()).toBeGreaterThanOrEqual(90_000);
    expect(clock.now()).toBeLessThan(100_000);
    expect(objects()).toHaveLength(1);
  });

  test("is not known by an object that nobody understands, before it is old", async () => {
    await openStore(root).write("locks/what", contentOf("?"));
    const clock = turns();
    await take(self, clock);
    expect(clock.now()).toBeGreaterThanOrEqual(90_000);
  });
});

describe("a run that was taken for dead", () => {
  /** The holder's clock stands still but for what the test lets pass, and it never beats by itself. */
  function still(): ReturnType<typeof turns> {
    const clock = turns();
    return { ...clock, sleep: (_milliseconds, signal) => systemClock.sleep(2 ** 30, signal) };
  }

  test("notices before it writes, when it wakes up", async () => {
    const clock = still();
    const lock = await take(on("a"), clock);
    const store = new GuardedStore(openStore(root), lock);
    await store.write("x", contentOf("x"));
    await take(on("b"));
    clock.pass(100_000);
    await expect(store.write("y", contentOf("y"))).rejects.toThrow("this run has lost its lock");
    expect(lock.lost.aborted).toBe(true);
    expect(await openStore(root).stat("y")).toBeUndefined();
    // The other one still has it.
    await (held[1] as RunLock).requireHeld();
  });

  test("notices at its next beat", async () => {
    const clock = turns();
    const lock = await take(on("a"), clock);
    for (const name of objects()) rmSync(join(root, "locks", name));
    await new Promise((resolve) => lock.lost.addEventListener("abort", resolve));
    expect(lock.lost.reason).toBeInstanceOf(LockLost);
  });
});

test("of many that begin at a time, at most one has the lock, and one has it in the end", async () => {
  let [now, most, times] = [0, 0, 0];
  const contend = async (host: string): Promise<void> => {
    for (;;) {
      try {
        const lock = await take(on(host), turns());
        most = Math.max(most, ++now);
        times++;
        await systemClock.sleep(3);
        now--;
        await lock.release();
        return;
      } catch (error) {
        if (!(error instanceof AnotherRun)) throw error;
        await systemClock.sleep(5 * Math.random());
      }
    }
  };
  await Promise.all(["a", "b", "c", "d", "e"].map(contend));
  expect([most, times]).toEqual([1, 5]);
});
