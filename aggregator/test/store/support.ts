// What the tests of the store share. They run on SQLite, or on PostgreSQL where PRIO_POSTGRES_URL names a database.

import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach } from "vitest";
import { openStore } from "../../src/store/open.js";
import type {
  JobName,
  NewJob,
  PartialAggregate,
  Store,
  TaskRow,
  Transaction,
  WaitingReport,
} from "../../src/store/store.js";

/** A place for a store that nobody else uses, until the end of the test. */
export interface Place {
  readonly url: string;
  /** Opens it, as another process would. It is closed at the end of the test. */
  open(): Promise<Store>;
}

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The database in which each test has a schema of its own; undefined on SQLite. */
const POSTGRES = process.env["PRIO_POSTGRES_URL"];
export const isPostgres = POSTGRES !== undefined;

export function emptyPlace(): Place {
  if (POSTGRES !== undefined) {
    const schema = `test_${randomBytes(8).toString("hex")}`;
    ends.push(() => onPostgres(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));
    return placeAt(`${POSTGRES}?schema=${schema}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "prio-store-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  return placeAt(`sqlite:${join(folder, "store.sqlite")}`);
}

/** Carries out a statement beside the store. */
export async function onPostgres(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: POSTGRES });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

function placeAt(url: string): Place {
  return {
    url,
    async open() {
      const store = await openStore(url);
      ends.push(() => store.close());
      return store;
    },
  };
}

/** A store with nothing in it. */
export function emptyStore(): Promise<Store> {
  return emptyPlace().open();
}

/** Carries out one operation, or a few, in a transaction of its own. */
export const once = <T>(store: Store, body: (tx: Transaction) => Promise<T>): Promise<T> => store.run("test", body);

/** Bytes that differ from name to name and are always the same. */
export function bytesOf(name: string | number, length = 16): Uint8Array {
  return new Uint8Array(createHash("sha512").update(String(name)).digest().subarray(0, length));
}

export const reportOf = (name: string | number, time = 1, contentLength = 50): WaitingReport => ({
  id: bytesOf(name),
  time,
  content: new Uint8Array(contentLength).fill(Number(bytesOf(name)[0])),
});

export const newTask = (name: string | number): Omit<TaskRow, "key"> => ({
  id: bytesOf(name, 32),
  role: "leader",
  document: `{"name": "${name}"}`,
  settings: "{}",
  secrets: bytesOf(`secrets of ${name}`, 40),
  state: "active",
  createdAt: 1_700_000_000,
});

/** Makes a task, and returns its key. */
export async function taskOf(store: Store, name: string | number = "task"): Promise<number> {
  const key = await once(store, (tx) => tx.insertTask(newTask(name)));
  if (key === null) throw new Error("there is such a task");
  return key;
}

export const newJob = (task: number, name: string | number, change: Partial<NewJob> = {}): NewJob => ({
  task,
  id: bytesOf(name),
  kind: "aggregate",
  state: "created",
  step: 0,
  requestHash: null,
  request: null,
  answer: null,
  detail: "{}",
  times: null,
  batch: null,
  notBefore: 0,
  ...change,
});

export const nameOf = ({ task, kind, id }: NewJob): JobName => ({ task, kind, id });

export const partialOf = (
  bucket: Uint8Array,
  count = 1,
  times: readonly [number, number] = [1, 2],
): PartialAggregate => ({
  bucket,
  count,
  checksum: bytesOf(`checksum ${count}`, 32),
  share: bytesOf(`share ${count}`, 24),
  minTime: times[0],
  maxTime: times[1],
});

/** A bucket of a time interval: its start in 8 bytes, big-endian. */
export function bucketAt(start: number): Uint8Array {
  const bucket = new Uint8Array(8);
  new DataView(bucket.buffer).setBigUint64(0, BigInt(start));
  return bucket;
}

export const bucketsIn = (from: number, to: number) => ({ from: bucketAt(from), to: bucketAt(to) });
