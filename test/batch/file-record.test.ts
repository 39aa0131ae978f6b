// What a run decides on rows that opened.

import { expect, it } from "vitest";
import type { ServerRole } from "../../src/batch/batch.js";
import { FileRecord } from "../../src/batch/file-record.js";

it("a file's record tells prints apart that differ in either word, and refuses the second of two alike", () => {
  const batch = { batchId: "b", fields: 1, serverA: "", serverB: "" };
  const role = { batch, secret: "", queryPoints: "stream" } as unknown as ServerRole;
  const record = new FileRecord("aggregate", role);
  const decide = (idPrint: [number, number], packetPrint: [number, number]) =>
    record.decide({ id: "x", idPrint, packetPrint });
  for (const [a, b] of [
    [1, 2],
    [1, 3],
    [4, 2],
  ] as const)
    expect(decide([a, b], [b, a])).toEqual({ id: "x", instruction: {} });
  expect(decide([1, 2], [9, 9])).toMatchObject({ refused: "duplicate-id" });
  expect(decide([9, 9], [2, 1])).toMatchObject({ refused: "duplicate-packet" });
});
