// Opens a store by its URL.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DirectoryStore } from "./directory/store.js";
import { S3Store } from "./s3/store.js";
import type { StoreSettings } from "./settings.js";
import { type Store, StoreError } from "./store.js";

/** One letter before a colon is a drive of Windows. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/**
 * Opens a store: `/dir`, `file:///dir` or `s3://bucket/prefix`. Nothing is asked of a server, and no file is read,
 * until the first request. Throws a StoreError with the code `refused` when the URL or the settings make no sense.
 */
export function openStore(url: string, settings: StoreSettings = {}): Store {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined && url !== "") return new DirectoryStore(resolve(url), settings);
  if (scheme === "file") return new DirectoryStore(pathOf(url), settings);
  if (scheme === "s3") return new S3Store(url, settings);
  throw new StoreError("refused", "cannot open", "expected a directory, file:///… or s3://…", { store: url });
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw new StoreError("refused", "cannot open", "expected file:/// and the path of a directory", { store: url });
  }
}
