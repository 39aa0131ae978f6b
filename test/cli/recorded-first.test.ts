// Query points "first" through the command: the rows of verify1 and verify2 that libprio wrote with a session for each
// row.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import recorded from "../../vectors/cli-first.json" with { type: "json" };
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());

interface Row {
  id: string;
  payload: string;
}

describe.each(["cli-clean", "cli-dirty"] as const)("the shares of %s", (name) => {
  const batch = recordedBatch(name);
  const { verify1, verify2 } = recorded[name];
  const at = (...names: string[]) => folder.path(name, ...names);

  it.each(["a", "b"] as const)("verify1 and verify2 of server %s write the rows of libprio", async (server) => {
    const other = server === "a" ? "b" : "a";
    const raw = batch.path(`server_${server}/raw/data.ndjson`);
    const env = { ...batch.env(server), QUERY_POINTS: "first" };
    mkdirSync(at(server), { recursive: true });
    const file = (side: string, rows: readonly Row[]) => {
      writeFileSync(at(server, side), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return at(server, side);
    };
    const rowsAfter = async (stage: string, ...inputs: string[]) => {
      const argv = [stage, "--input", raw, "--output", at(server, stage), ...inputs, "--jobs", "1"];
      expect((await prio(argv, { env })).code).toBe(0);
      const written = inputs.length === 0 ? at(server, stage, "data.ndjson") : at(server, stage, "internal");
      const lines = readFileSync(written, "utf8").trimEnd().split("\n");
      return lines.map((line) => JSON.parse(line) as Row);
    };
    expect(await rowsAfter("verify1")).toEqual(verify1[server]);
    const [internal, external] = [file("internal", verify1[server]), file("external", verify1[other])];
    const inputs = ["--input-internal", internal, "--input-external", external];
    expect(await rowsAfter("verify2", ...inputs)).toEqual(verify2[server]);
  });
});
