// Opens the store that a URL names.

import { PostgresStore } from "./postgres/store.js";
import { SqliteStore } from "./sqlite/store.js";
import type { Store } from "./store.js";

export interface StoreOptions {
  /** How many connections a process has to PostgreSQL at most: 10 unless given. */
  readonly connections?: number | undefined;
}

/**
 * Opens a store and brings its schema up to date.
 *
 * @param url `sqlite:PATH`, a file that is made where there is none; `sqlite::memory:`, for tests;
 * `postgres://USER:PASSWORD@HOST/DATABASE`, or `postgresql:`, with `?schema=NAME` where the tables are not to be in the
 * schema `prio_aggregator`
 */
export function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  if (url.startsWith("sqlite:") && url.length > "sqlite:".length) return SqliteStore.open(url.slice("sqlite:".length));
  if (/^postgres(ql)?:\/\//.test(url)) return PostgresStore.open(url, options.connections ?? 10);
  return Promise.reject(new Error("store: expected sqlite:PATH or postgres://HOST/DATABASE"));
}
