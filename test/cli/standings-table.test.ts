// The table of where batches stand: what it shows in which width, and of which texts.

import { expect, test } from "vitest";
import { standingsTable } from "../../src/cli/standings-table.js";
import { sink } from "./support.js";

const key = "C1DF8A15A5137BD6F3CC5E145B72A5A5EE71853A15393A8FF125B0D9C7478B43";
const note = `cannot write /mnt/shared/data/v1/${key}/survey/verify1/batch_id=visits/part-00000.ndjson: no space left`;
const rows = [
  { batch: "visits", state: "failed", own: "manifest", peer: "verify1", note },
  { batch: "ages", state: "published", own: "published", peer: "aggregate" },
];
const tableIn = (columns: number | undefined, known: readonly string[] = [key]) => {
  const { stream } = sink(columns === undefined ? {} : { isTTY: true, columns });
  return standingsTable("2026-03-01", rows, { stdout: stream, env: { NO_COLOR: "1" } }, known);
};

test("a note with a path in it is whole: public keys are no secrets", () => {
  for (const columns of [undefined, 300]) {
    expect(tableIn(columns)).toContain(`visits  failed     manifest   verify1    ${note}\n`);
  }
  expect(tableIn(undefined, [])).toContain("[masked]");
});

test("a terminal without room for the notes has them below the table", () => {
  expect(tableIn(60)).toBe(`2026-03-01
batch   state      here       peer
visits  failed     manifest   verify1
ages    published  published  aggregate
visits: ${note}
`);
});
