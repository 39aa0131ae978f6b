// The store in a directory.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { openStore } from "../../src/stores/open-store.js";
import { describeStore } from "./conformance.js";

let root: string;
beforeAll(() => {
  // Thousands of writes to disk take long where there is a disk.
  root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "prio-stores-"));
});
afterAll(() => rmSync(root, { recursive: true }));

describeStore("a directory", (settings) => openStore(mkdtempSync(join(root, "x")), settings), {
  runs: 100,
  many: 1100,
  large: 3_000_000,
  hasExclusiveWrites: true,
});
