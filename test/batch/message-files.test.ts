// Looking up messages by report id, in files that can be read at any offset and in files that cannot.

import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it, vi } from "vitest";
import { MessageFiles } from "../../src/batch/message-files.js";
import { InputParts } from "../../src/files/input-parts.js";
import { scratch } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());

describe("messages by id", () => {
  const rows = Array.from({ length: 3000 }, (_, i) => ({ id: `report ${i} é`, payload: `p${i}` }));
  const reversed = [...rows].reverse();
  const text = [
    ...reversed.map((row) => JSON.stringify(row)),
    "not a row",
    `{"id": "long", "payload": "${"x".repeat(300_000)}"}`,
    `{"id": "too long", "payload": "${"x".repeat(3_000_000)}"}`,
    JSON.stringify({ id: "report 7 é", payload: "a second one" }),
    JSON.stringify({ id: "last", payload: "without newline" }),
  ].join("\n");

  it.each(["plain.ndjson", "compressed.ndjson.gz"])("%s: rows in any order, first one of an id", async (name) => {
    writeFileSync(folder.path(name), name.endsWith(".gz") ? gzipSync(text) : text);
    const messages = await MessageFiles.of(InputParts.of([folder.path(name)]));
    for (const { id, payload } of [...rows, ...reversed]) expect(messages.get(id)).toBe(payload);
    expect(messages.get("last")).toBe("without newline");
    expect(messages.get("long")).toHaveLength(300_000);
    for (const unknown of ["too long", "report 3000 é", ""]) expect(messages.get(unknown)).toBeUndefined();
    messages.close();
  });

  it("a copy that cannot be made is not the file's fault", async () => {
    writeFileSync(folder.path("x.gz"), gzipSync("{}"));
    vi.stubEnv("TMPDIR", folder.path("nowhere"));
    const input = InputParts.of([folder.path("x.gz")]);
    await expect(MessageFiles.of(input)).rejects.toThrow(
      `cannot copy ${input.name} to ${folder.path("nowhere")}: no such file or directory`,
    );
    vi.unstubAllEnvs();
  });

  it("an empty file has none", async () => {
    writeFileSync(folder.path("empty"), "");
    const messages = await MessageFiles.of(InputParts.of([folder.path("empty")]));
    expect(messages.get("x")).toBeUndefined();
    messages.close();
  });
});
