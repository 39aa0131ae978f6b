// What the cleaner removes is gone for good, so that it removes nothing by a clock that has jumped.

import { expect, test } from "vitest";
import { readConfig } from "../../src/config.js";
import { createLogger } from "../../src/log.js";
import { startCleaner, steadiness } from "../../src/roles/cleaner.js";
import { Secrets } from "../../src/tasks/secrets.js";
import { openTestAdmin } from "../support/admin.js";

const YEAR = 365 * 86_400;

test("a clock is steady while it goes on as time does, and when it is right again", () => {
  const time = { clock: 1_800_000_000, passed: 5 };
  const isSteady = steadiness({ clock: () => time.clock }, () => time.passed);
  expect(isSteady()).toBe(true);
  time.clock += 10 * YEAR;
  time.passed += 10 * YEAR;
  expect(isSteady()).toBe(true);
  for (const jump of [3600, -3600, 10 * YEAR]) {
    time.clock += jump;
    expect(isSteady()).toBe(false);
    time.clock -= jump;
    expect(isSteady()).toBe(true);
  }
});

test("a jump that stays for a day was right, and one after the other is not", () => {
  const time = { clock: 1_800_000_000, passed: 5 };
  const isSteady = steadiness({ clock: () => time.clock }, () => time.passed);
  const pass = (seconds: number) => {
    time.clock += seconds;
    time.passed += seconds;
  };
  time.clock += YEAR;
  expect(isSteady()).toBe(false);
  pass(86_399);
  expect(isSteady()).toBe(false);
  time.clock += YEAR;
  pass(1);
  expect(isSteady()).toBe(false);
  pass(86_400);
  expect(isSteady()).toBe(true);
  time.clock -= 2 * YEAR;
  expect(isSteady()).toBe(false);
});

test("a machine that sleeps each night is steady again and again", () => {
  const time = { clock: 1_800_000_000, passed: 5 };
  const isSteady = steadiness({ clock: () => time.clock }, () => time.passed);
  const nights = Array.from({ length: 14 }, () => {
    time.clock += 8 * 3600;
    let hours = 0;
    for (let hour = 0; hour < 16; hour++) {
      time.clock += 3600;
      time.passed += 3600;
      if (isSteady()) hours++;
    }
    return hours > 0;
  });
  // Every other day.
  expect(nights.filter(Boolean)).toHaveLength(7);
});

test("a clock that is ten years ahead for a while costs no key, no report and no id", async () => {
  const at = await openTestAdmin();
  const task = await at.addTask("leader");
  const time = Math.floor(at.now / task.timePrecision);
  const key = { id: new Uint8Array(16), time };
  await at.store.run("test", async (tx) => {
    await tx.insertReports([{ ...key, task: at.keyOf(task), content: new Uint8Array(9) }], at.now);
    await tx.insertReplayKeys(at.keyOf(task), [key]);
  });
  const lines: string[] = [];
  const log = createLogger("info", { write: (line) => void lines.push(line) });
  const config = { ...readConfig({}), cleanSeconds: 0.001 };
  const cleaner = startCleaner({ ...at.ctx, log }, config, new Secrets(new Uint8Array(32).fill(7)));
  at.now += 10 * YEAR;
  await expect.poll(() => lines.join(""), { timeout: 30_000 }).toContain("the clock has jumped");
  at.now -= 10 * YEAR;
  await cleaner.stop();
  const left = await at.store.run("test", async (tx) => ({
    keys: (await tx.hpkeKeys()).map(({ state }) => state),
    waiting: await tx.countWaiting(at.keyOf(task)),
    replayed: (await tx.insertReplayKeys(at.keyOf(task), [key, { id: new Uint8Array(16).fill(1), time }])).length,
  }));
  // Of the two ids, one was there and the other is new.
  expect(left).toEqual({ keys: ["active"], waiting: 1, replayed: 1 });
  await at.close();
});
