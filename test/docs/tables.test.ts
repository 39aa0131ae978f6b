// Every table of the documents stands in one place and has rows of one width: a fact has one place, and a table that
// was pasted into the wrong section shows.

import { describe, expect, test } from "vitest";
import { read } from "../package/built.js";
import { documents } from "./documents.js";

/** A document's tables: runs of lines that begin with a bar, outside of fenced code. */
function tables(text: string): string[] {
  const body = text.replaceAll(/^(```|~~~)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, "");
  return [...body.matchAll(/(?:^\|.*(?:\n|$))+/gm)].map(([table]) => table.trim());
}

/** How many cells a row has. A bar in code is escaped in a table. */
const cells = (row: string): number => row.replaceAll("\\|", "").split("|").length - 2;

/** What is wrong with the tables of documents, by path. */
function faults(texts: ReadonlyMap<string, string>): string[] {
  const seen = new Map<string, string>();
  const found: string[] = [];
  for (const [path, text] of texts) {
    for (const table of tables(text)) {
      const [header = "", ...rows] = table.split("\n");
      const earlier = seen.get(table);
      if (earlier !== undefined) found.push(`${path}: a table of ${earlier} stands here again: ${header}`);
      seen.set(table, path);
      for (const row of rows) if (cells(row) !== cells(header)) found.push(`${path}: not as wide as its table: ${row}`);
    }
  }
  return found;
}

test("every table of the documents stands once, with rows of one width", () => {
  const texts = new Map(documents().map((path) => [path, read(path)]));
  expect([...texts.values()].flatMap(tables).length).toBeGreaterThan(40);
  expect(faults(texts)).toEqual([]);
});

describe("the check itself", () => {
  const table = "| a | b |\n|---|---|\n| 1 | 2 |\n";
  test.each([
    ["another table", table.replace("2", "3")],
    ["the same in code", `\`\`\`md\n${table}\`\`\`\n`],
    ["an escaped bar", "| a | b |\n|---|---|\n| `x \\| y` | 2 |\n"],
  ])("lets %s pass", (_name, text) => {
    const texts = new Map([
      ["a.md", table],
      ["b.md", text],
    ]);
    expect(faults(texts)).toEqual([]);
  });

  test.each([
    ["a table that stands twice", `${table}\n${table}`, "a table of b.md stands here again"],
    ["a table of another document", table, "a table of a.md stands here again"],
    ["a row too long", "| a |\n|---|\n| 1 | 2 |\n", "not as wide as its table: | 1 | 2 |"],
    ["a row too short", "| a | b |\n|---|---|\n| 1 |\n", "not as wide as its table: | 1 |"],
  ])("finds %s", (_name, text, sentence) => {
    const first = sentence.includes("of a.md") ? table : "";
    expect(
      faults(
        new Map([
          ["a.md", first],
          ["b.md", text],
        ]),
      ),
    ).toEqual([expect.stringContaining(sentence)]);
  });
});
