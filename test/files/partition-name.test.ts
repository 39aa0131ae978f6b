// Names of partitions, as Spark 3.5 writes them: its own function gave what is expected here.

import { expect, it } from "vitest";
import { partitionName } from "../../src/files/partition-name.js";

it.each([
  ["content.blocking_blocked-0", "batch_id=content.blocking_blocked-0"],
  ["odd /%=:?#é\u0001 [x]{y}", "batch_id=odd %2F%25%3D%3A%3F%23é%01 %5Bx%5D%7By}"],
  ["../..", "batch_id=..%2F.."],
  ["a\\b\"c'd*e^f\u007f\n", "batch_id=a%5Cb%22c%27d%2Ae%5Ef%7F%0A"],
])("escapes %j", (value, name) => {
  expect(partitionName("batch_id", value)).toBe(name);
});

it("escapes what Spark 3.5 escapes, of all characters of ASCII", () => {
  const all = String.fromCharCode(...Array.from({ length: 127 }, (_, i) => i + 1));
  const escaped = /%([0-9A-F]{2})/g;
  const name = partitionName("x", all) ?? "";
  const found = [...name.matchAll(escaped)].map(([, hex]) => Number.parseInt(hex as string, 16));
  const controls = Array.from({ length: 31 }, (_, i) => i + 1);
  expect(found).toEqual([...controls, ...[..."\"#%'*/:=?[\\]^{\u007f"].map((c) => c.charCodeAt(0))]);
});

it("takes what fits a name of 255 bytes, escapes included", () => {
  expect(partitionName("batch_id", "x".repeat(246))).toHaveLength(255);
  expect(partitionName("batch_id", "x".repeat(247))).toBe(null);
  expect(partitionName("batch_id", "/".repeat(82))).toHaveLength(255);
  expect(partitionName("batch_id", "/".repeat(83))).toBe(null);
  expect(partitionName("batch_id", "é".repeat(124))).toBe(null);
});
