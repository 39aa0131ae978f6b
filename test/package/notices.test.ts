// THIRD-PARTY-NOTICES holds the licence of each package whose code is in dist/, and of no other. The packages are found
// here by the path comments in the bundles, not by the metafile that the build goes by.

import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { distFiles, read, root } from "./built.js";

const notices = read("THIRD-PARTY-NOTICES");

/** The folders of the packages that have code in the bundles. */
function bundledPackages(): string[] {
  const folders = distFiles()
    .filter((path) => path.endsWith(".js"))
    .flatMap((path) => [...read(`dist/${path}`).matchAll(/^\s*\/\/ (node_modules\/(?:@[^/\n]+\/)?[^/\n]+)\//gm)])
    .map((match) => match[1] as string);
  return [...new Set(folders)].sort();
}

test("every bundled package is named with its version, licence and the licence's whole text", () => {
  const folders = bundledPackages();
  expect(folders).toEqual(expect.arrayContaining(["node_modules/@noble/curves", "node_modules/@noble/hashes"]));
  const sections = notices.split(/^={80}$/m).map((section) => section.trim());
  expect(sections).toHaveLength(folders.length + 1);
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(read(`${folder}/package.json`));
    const section = sections.find((text) => text.startsWith(`${name} ${version} (${license})\n`));
    expect(section, `${name} ${version}`).toBeDefined();
    const file = readdirSync(`${root}/${folder}`).find((entry) => /^licen[cs]e/i.test(entry)) as string;
    expect(section).toContain(read(`${folder}/${file}`).trim());
  }
});

test("our own licence is MIT and names its holders", () => {
  expect(read("LICENSE")).toMatch(/^MIT License\n\nCopyright \(c\) \d{4} The Prio in TypeScript authors\n/);
});
