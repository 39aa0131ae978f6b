// The repeated blocks of the limb loops (src/core/limbs87.ts and its like) cannot drift apart: within a file, all
// blocks of a name are the same, line by line.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const folder = new URL("../../src/core/", import.meta.url);
const files = readdirSync(folder).filter((name) => /^limbs\d+\.ts$/.test(name));

/** What is wrong with the blocks of a source: one sentence for each fault. */
function faultsOf(source: string): string[] {
  const faults: string[] = [];
  const first = new Map<string, { lines: string[]; count: number }>();
  const outside: string[] = [];
  let open: { name: string; lines: string[] } | undefined;
  for (const line of source.split("\n").map((text) => text.trim())) {
    const [, edge, name] = /^\/\/ (begin|end) (.+)$/.exec(line) ?? [];
    if (edge === undefined || name === undefined) {
      (open?.lines ?? outside).push(line);
    } else if (edge === "begin") {
      if (open !== undefined) faults.push(`${name} begins inside ${open.name}`);
      open = { name, lines: [] };
    } else {
      if (open?.name !== name) faults.push(`${name} ends where it did not begin`);
      const lines = open?.lines ?? [];
      const known = first.get(name);
      if (known === undefined) first.set(name, { lines, count: 1 });
      else {
        known.count++;
        if (known.lines.join("\n") !== lines.join("\n")) faults.push(`number ${known.count} of ${name} is another`);
      }
      open = undefined;
    }
  }
  if (open !== undefined) faults.push(`${open.name} does not end`);
  for (const [name, { lines, count }] of first) {
    if (count < 2) faults.push(`${name} is not repeated`);
    // A copy without its marks would not be compared. Its longest line gives it away: short ones occur elsewhere too.
    const code = lines.filter((line) => !line.startsWith("//"));
    const longest = code.reduce((long, line) => (line.length > long.length ? line : long), "");
    if (outside.includes(longest)) faults.push(`${name} occurs without its marks`);
  }
  return faults;
}

test("there are limb loops", () => {
  expect(files).toContain("limbs87.ts");
});

test.each(files)("all blocks of a name are the same in %s", (name) => {
  const source = readFileSync(new URL(name, folder), "utf8");
  expect(source).toContain("// begin carries");
  expect(faultsOf(source)).toEqual([]);
});

const block = (name: string, ...lines: string[]) => [`// begin ${name}`, ...lines, `// end ${name}`].join("\n");

test.each([
  ["another line", [block("sum", "a", "b"), block("sum", "a", "c")], "number 2 of sum is another"],
  ["a line less", [block("sum", "a", "b"), block("sum", "a", "b"), block("sum", "a")], "number 3 of sum is another"],
  ["a block that is alone", [block("sum", "a")], "sum is not repeated"],
  ["a copy without marks", [block("sum", "aa", "b"), block("sum", "aa", "b"), "  aa"], "sum occurs without its marks"],
  ["a block in a block", ["// begin sum", block("sum", "a"), block("sum", "a")], "sum begins inside sum"],
  ["a block that does not begin", [block("sum", "a"), block("sum", "a"), "// end s"], "s ends where it did not begin"],
  ["a block that does not end", [block("sum", "a"), block("sum", "a"), "// begin sum"], "sum does not end"],
])("finds %s", (_, parts, fault) => {
  expect(faultsOf(parts.join("\n"))).toContain(fault);
});

test("takes blocks that are the same, however they are indented", () => {
  const twice = block("sum", "a", "b");
  expect(faultsOf(`${twice}\n${twice.replaceAll("\n", "\n    ")}`)).toEqual([]);
});
