// What only SQLite has: the file, its size, and other programs' files.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../src/store/open.js";
import { connect } from "../../src/store/sqlite/driver.js";
import type { Store } from "../../src/store/store.js";
import { bytesOf, once, reportOf, taskOf } from "./support.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prio-sqlite-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const JOB = bytesOf("job");
const upload = (store: Store, task: number, from: number, count: number) =>
  once(store, (tx) => {
    const reports = Array.from({ length: count }, (_, i) => ({ task, ...reportOf(`${from + i}`, 1, 5000) }));
    return tx.insertReports(reports, 1);
  });
const useUp = (store: Store, task: number, count: number) =>
  once(store, async (tx) => {
    await tx.claimReports(task, JOB, count);
    await tx.removeReports(task, JOB);
  });

describe("the file", () => {
  test("is for its owner alone", async () => {
    const path = join(folder, "mode.sqlite");
    const store = await openStore(`sqlite:${path}`);
    await taskOf(store);
    for (const name of [path, `${path}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    await store.close();
  });

  test("does not grow while reports come and go", async () => {
    const path = join(folder, "growth.sqlite");
    const sizeAfter = async (rounds: number) => {
      const store = await openStore(`sqlite:${path}`);
      const task = await taskOf(store, rounds);
      for (let round = 0; round < rounds; round++) {
        await upload(store, task, round * 100, 100);
        await useUp(store, task, 100);
      }
      await store.close();
      return statSync(path).size;
    };
    const first = await sizeAfter(2);
    expect(first).toBeGreaterThan(100 * 5000);
    expect(await sizeAfter(20)).toBeLessThan(first * 1.1);
  });

  test("gives back what a backlog left", async () => {
    const path = join(folder, "backlog.sqlite");
    const store = await openStore(`sqlite:${path}`);
    const task = await taskOf(store);
    for (let i = 0; i < 8; i++) await upload(store, task, i * 1000, 1000);
    await upload(store, task, 9000, 1);
    for (let i = 0; i < 8; i++) await useUp(store, task, 1000);
    expect(await store.compact()).toBe(true);
    while (await store.compact());
    expect(await once(store, (tx) => tx.countWaiting(task))).toBe(1);
    await store.close();
    expect(statSync(path).size).toBeLessThan(25e6);
  });

  test("is refused if it is another program's, and left as it is", async () => {
    const path = join(folder, "other.sqlite");
    const other = connect(path);
    other.exec("CREATE TABLE notes (text TEXT)");
    other.close();
    const before = readFileSync(path);
    await expect(openStore(`sqlite:${path}`)).rejects.toThrow("got an SQLite file of another program");
    expect(readFileSync(path).subarray(100)).toEqual(before.subarray(100));
    const text = join(folder, "text.sqlite");
    writeFileSync(
      text,
      "this is not a database, but a longer text of more than a hundred bytes, so that SQLite looks at it",
    );
    await expect(openStore(`sqlite:${text}`)).rejects.toThrow("not a database");
  });

  test("in a folder that is not there is an error that names what is missing", async () => {
    await expect(openStore(`sqlite:${join(folder, "none", "store.sqlite")}`)).rejects.toThrow("ENOENT");
  });
});

test("a store in memory begins empty each time", async () => {
  for (let i = 0; i < 2; i++) {
    const store = await openStore("sqlite::memory:");
    await taskOf(store, "same");
    await store.close();
  }
});
