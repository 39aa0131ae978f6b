// What the README says of the package's own commands. Its samples are run by test/docs/samples.test.ts.

import { expect, test } from "vitest";
import { manifest, read } from "./built.js";

test("the README names the commands that exist", () => {
  const readme = read("README.md");
  expect(readme).toContain("npm ci && npm start");
  expect(readme).toContain("npm cit");
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(["start", "test"]));
});
