// Migrations: from every version to the next, by several processes at once, and never back.

import { once as event } from "node:events";
import { expect, test } from "vitest";
import type { Migration } from "../../src/store/migrations.js";
import { MIGRATIONS as POSTGRES } from "../../src/store/postgres/schema.js";
import { PostgresStore } from "../../src/store/postgres/store.js";
import { MIGRATIONS as SQLITE } from "../../src/store/sqlite/schema.js";
import { SqliteStore } from "../../src/store/sqlite/store.js";
import type { Store, WaitingReport } from "../../src/store/store.js";
import { bundled } from "./programs.js";
import { bytesOf, emptyPlace, isPostgres, newTask, once, type Place, reportOf, taskOf } from "./support.js";

const RELEASED = isPostgres ? POSTGRES : SQLITE;
const openWith = ({ url }: Place, migrations: readonly Migration[]): Promise<Store> =>
  isPostgres ? PostgresStore.open(url, 2, migrations) : SqliteStore.open(url.slice("sqlite:".length), migrations);

/** A version that a later program could have: it keeps what is there, under another name. */
const LATER: Migration = {
  version: RELEASED.length + 1,
  name: "an artificial later version",
  sql: `ALTER TABLE tasks RENAME COLUMN settings TO operator_settings;
        CREATE TABLE more (id bigint);
        INSERT INTO more SELECT key FROM tasks;`,
};

test("versions are 1, 2, 3, … in both databases, with the same names", () => {
  expect(SQLITE.map(({ version }) => version)).toEqual(SQLITE.map((_, i) => i + 1));
  const names = (all: readonly Migration[]) => all.map(({ version, name }) => `${version} ${name}`);
  expect(names(POSTGRES)).toEqual(names(SQLITE));
});

test("a store of every earlier version is brought up to date with what is in it", async () => {
  for (let version = 0; version <= RELEASED.length; version++) {
    const place = emptyPlace();
    const old = await openWith(place, RELEASED.slice(0, version));
    if (version >= 1) await once(old, (tx) => tx.insertTask(newTask("old")));
    await old.close();
    const store = await openWith(place, RELEASED);
    expect(await once(store, (tx) => tx.tasks())).toHaveLength(version >= 1 ? 1 : 0);
    await store.close();
    await (await openWith(place, RELEASED)).close();
  }
});

test("reports, those in jobs among them, and replay keys of every version are there in the next", async () => {
  for (let version = 1; version < RELEASED.length; version++) {
    const place = emptyPlace();
    const old = await openWith(place, RELEASED.slice(0, version));
    const reports = Array.from({ length: 20 }, (_, i) => reportOf(i, i >> 2));
    const task = await taskOf(old);
    await once(old, (tx) =>
      tx.insertReports(
        reports.map((report) => ({ task, ...report })),
        100,
      ),
    );
    const claimed = await once(old, (tx) => tx.claimReports(task, bytesOf("job"), 8));
    await once(old, (tx) => tx.insertReplayKeys(task, claimed));
    await old.close();
    const store = await openWith(place, RELEASED);
    expect(await once(store, (tx) => tx.insertReports([{ task, ...reportOf(3, 9) }], 100))).toBe(0);
    expect(await once(store, (tx) => tx.insertReplayKeys(task, claimed))).toHaveLength(8);
    const rest = await once(store, (tx) => tx.claimReports(task, bytesOf("rest"), 100));
    expect(rest).toHaveLength(12);
    const found = [...(await once(store, (tx) => tx.reportsOf(task, bytesOf("job"))))];
    found.push(...(await once(store, (tx) => tx.reportsOf(task, bytesOf("rest")))));
    const byId = (a: WaitingReport, b: WaitingReport) => Buffer.compare(a.id, b.id);
    expect(found.sort(byId)).toEqual(reports.sort(byId));
    await once(store, (tx) => tx.removeReports(task, bytesOf("job")));
    expect(await once(store, (tx) => tx.reportsOf(task, bytesOf("job")))).toEqual([]);
    expect(await once(store, (tx) => tx.removeReplayKeys(task, 1, 100))).toBe(4);
    await store.close();
  }
});

test("a migration carries over what was there, and an earlier program is then refused", async () => {
  const place = emptyPlace();
  const old = await openWith(place, RELEASED);
  await once(old, (tx) => tx.insertTask(newTask("kept")));
  await old.close();
  await (await openWith(place, [...RELEASED, LATER])).close();
  await expect(openWith(place, RELEASED)).rejects.toThrow(
    `expected a schema of version ${RELEASED.length} or earlier, got ${RELEASED.length + 1}`,
  );
});

test("a migration that fails leaves the version before, whole", async () => {
  const place = emptyPlace();
  const old = await openWith(place, RELEASED);
  await once(old, (tx) => tx.insertTask(newTask("kept")));
  await old.close();
  const broken = { ...LATER, sql: `${LATER.sql} INSERT INTO nowhere VALUES (1);` };
  await expect(openWith(place, [...RELEASED, broken])).rejects.toThrow("nowhere");
  const store = await openWith(place, RELEASED);
  expect(await once(store, (tx) => tx.tasks())).toMatchObject([{ settings: "{}" }]);
  await store.close();
});

test("processes that start at once on an empty place all find the same schema", async () => {
  const place = emptyPlace();
  const program = await bundled("opener.ts");
  const children = Array.from({ length: 4 }, (_, i) => program.start(place.url, String(i)));
  const codes = await Promise.all(children.map(async (child) => (await event(child, "exit"))[0]));
  program.remove();
  expect(codes).toEqual([0, 0, 0, 0]);
  const tasks = await once(await place.open(), (tx) => tx.tasks());
  expect(tasks).toHaveLength(4);
});
