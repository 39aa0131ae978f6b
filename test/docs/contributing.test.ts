// CONTRIBUTING.md against the repository: its folders, files and commands exist.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifest, read, root } from "../package/built.js";

const page = read("CONTRIBUTING.md");
const code = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text);

test("every command of npm is a script", () => {
  const scripts = code.flatMap((text) => /^npm (?:run ([\w:]+)|(test))$/.exec(text)?.slice(1).filter(Boolean) ?? []);
  expect(scripts).toEqual(expect.arrayContaining(["build", "check", "lint", "format", "test", "test:large", "docs"]));
  for (const name of scripts) expect(manifest.scripts).toHaveProperty([name]);
});

test("every folder and file of the repository is there", () => {
  const places = code.filter((text) =>
    /^(?:src|test|vectors|docs|examples|bench|scripts)\/[\w./-]*$|^\.ci\/run$/.test(text),
  );
  expect(places.length).toBeGreaterThan(10);
  // What a build makes is not in git.
  for (const place of places.filter((name) => name !== "docs/api/"))
    expect(existsSync(join(root, place)), place).toBe(true);
});
