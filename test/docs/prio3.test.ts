// docs/prio3.md against the package: its table of sizes is that of this build, and it names every instance.

import { expect, test } from "vitest";
import { documentWithSizes } from "../../scripts/prio3-sizes.mjs";
import { read } from "../package/built.js";

const page = read("docs/prio3.md");

test("the table of sizes is up to date", async () => {
  expect(await documentWithSizes(page), "run `node scripts/prio3-sizes.mjs`").toBe(page);
  expect([...page.matchAll(/^\| `Prio3\w+`, /gm)].length).toBeGreaterThan(9);
});

test("every instance has its question", async () => {
  const names = Object.keys(await import("../../src/prio3/index.js")).filter((name) => /^Prio3./.test(name));
  expect(names.length).toBe(7);
  for (const name of names) expect(page).toMatch(new RegExp(`^\\| [^|]+\\? \\| \`${name}\` \\|`, "m"));
});
