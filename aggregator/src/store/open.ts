// Opens the store that a URL names.

import { SqliteStore } from "./sqlite/store.js";
import type { Store } from "./store.js";

/**
 * Opens a store and brings its schema up to date.
 *
 * @param url `sqlite:PATH`, a file that is made where there is none; `sqlite::memory:`, for tests;
 * `postgres://USER:PASSWORD@HOST/DATABASE`, or `postgresql:`
 */
export function openStore(url: string): Promise<Store> {
  if (url.startsWith("sqlite:") && url.length > "sqlite:".length) return SqliteStore.open(url.slice("sqlite:".length));
  return Promise.reject(new Error("store: expected sqlite:PATH or postgres://HOST/DATABASE"));
}
