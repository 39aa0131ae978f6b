// Files of shares as they are written: many batches and parts at once, and the bound on batches that clients make up.

import { readdirSync, readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { DayFiles } from "../../src/batch/day-files.js";
import { scratch } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());
const filesIn = (name: string, settings: { parts: number; batchIds?: ReadonlySet<string> }) => {
  const directory = folder.path(name);
  return new DayFiles({ batchIds: undefined, ...settings, directory });
};

it("takes the first 256 batches when nobody says which there are", () => {
  const files = filesIn("many", { parts: 1 });
  const reasons = Array.from({ length: 257 }, (_, i) => files.add(`batch ${i}`, "QQ==", "Qg=="));
  expect(reasons.filter((reason) => reason !== null)).toEqual(["unknown-encoding"]);
  expect(reasons[256]).toBe("unknown-encoding");
  expect(files.add("batch 255", "QQ==", "Qg==")).toBe(null);
  expect(files.counts.size).toBe(256);
  expect(files.counts.get("batch 255")).toBe(2);
});

it("takes all of those that are named, however many", () => {
  const batchIds = new Set(Array.from({ length: 300 }, (_, i) => `batch ${i}`));
  const files = filesIn("named", { parts: 1, batchIds });
  for (const batchId of batchIds) expect(files.add(batchId, "QQ==", "Qg==")).toBe(null);
  expect(files.add("another", "QQ==", "Qg==")).toBe("unknown-encoding");
});

it("writes on as rows come, and loses none", () => {
  const files = filesIn("long", { parts: 2 });
  // Six times what is kept before it is written.
  const packet = Buffer.alloc(300_000).toString("base64");
  for (let i = 0; i < 240; i++) files.add(i % 3 === 0 ? "x" : "y", packet, "Qg==");
  files.complete();
  const ids = (server: string, batchId: string, part: number) => {
    const path = folder.path("long", `server_id=${server}`, `batch_id=${batchId}`, `part-0000${part}.ndjson`);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    return lines.map((line) => (JSON.parse(line) as { id: number }).id);
  };
  const every = (first: number, count: number) => Array.from({ length: count / 2 }, (_, i) => first + 2 * i);
  for (const server of ["a", "b"]) {
    expect([ids(server, "x", 0), ids(server, "x", 1)]).toEqual([every(1, 80), every(2, 80)]);
    expect([ids(server, "y", 0), ids(server, "y", 1)]).toEqual([every(1, 160), every(2, 160)]);
  }
});

it("makes no directory for a batch whose name no file system takes", () => {
  const files = filesIn("names", { parts: 1 });
  expect(files.add("x".repeat(247), "QQ==", "Qg==")).toBe("unknown-encoding");
  expect(files.add("x".repeat(246), "QQ==", "Qg==")).toBe(null);
  expect(readdirSync(folder.path("names", "server_id=a"))).toEqual([`batch_id=${"x".repeat(246)}`]);
});
