// What every file of the repository keeps to: nothing depends on the machine that it was written on, no merge marker is
// left, and lines are within 120 columns.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = resolve(fileURLToPath(new URL("..", import.meta.url)));
const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");

/** Folders that git ignores, for when git itself is not there. */
const ignored = new Set([".git", "node_modules", "dist", "coverage"]);

/** The files in git; every file that git would not ignore where there is no git, as in an unpacked archive. */
function repositoryFiles(): string[] {
  if (existsSync(`${root}/.git`)) {
    try {
      const output = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" });
      return output.split("\0").filter((path) => path !== "" && existsSync(`${root}/${path}`));
    } catch {
      // No git on this machine, or not one that trusts this folder.
    }
  }
  const walk = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (ignored.has(entry.name)) return [];
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? walk(path) : [relative(root, path)];
    });
  return walk(root);
}

// An absolute path below a folder that only the writer's machine has; a host that serves packages, either by its name
// or because this machine's npm is set to it.
const machinePath = /(?<![\w.~-])\/(?:work|root)\/[\w.]/;
const registryName = /\bregistry\.[a-z0-9-]+\.[a-z]+|\b(?:artifactory|nexus|verdaccio)[a-z0-9-]*\.[a-z]+/i;
const setting = process.env["npm_config_registry"] ?? "";
const registryHere = URL.canParse(setting) ? new URL(setting).host : undefined;

const namesRegistry = (line: string): boolean =>
  registryName.test(line) || (registryHere !== undefined && line.includes(registryHere));

test("no file names a path of a machine or a registry's host", () => {
  const files = repositoryFiles();
  expect(files).toEqual(expect.arrayContaining(["package.json", "src/errors.ts"]));
  const found = files.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, i) => (machinePath.test(line) || namesRegistry(line) ? [`${path}:${i + 1}`] : [])),
  );
  expect(found).toEqual([]);
});

test("the lock file says which bytes, not where from", () => {
  const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, Record<string, unknown>> };
  // The packages of this repository are folders of it, and links to them.
  const own = ["", "aggregator", "node_modules/prio", "node_modules/prio-aggregator"];
  const packages = Object.entries(lock.packages).filter(([path]) => !own.includes(path));
  expect(packages.length).toBeGreaterThan(10);
  for (const [path, entry] of packages) {
    expect(entry, path).not.toHaveProperty("resolved");
    expect(entry["integrity"], path).toMatch(/^sha512-/);
  }
});

test.each([
  ["a path", `see ${["", "work", "notes.md"].join("/")}`, true],
  ["a home", `import "${["", "root", ".cache"].join("/")}"`, true],
  ["a file URL", `file://${["", "root", "x.js"].join("/")}`, true],
  ["a public registry", `https://${["registry", "npmjs", "org"].join(".")}/prio`, false],
  ["a private registry", `http://${["verdaccio", "example"].join(".")}:4873/prio`, false],
])("the check finds %s", (_name, line, isPath) => {
  expect(isPath ? machinePath.test(line) : namesRegistry(line)).toBe(true);
});

test.each(["docs/work/a.md", "https://example.org/root/x", "a/root/b", "../work/x"])(
  "the check lets %s pass",
  (line) => {
    expect(line).not.toMatch(machinePath);
  },
);

/** The numbers of the lines with a marker that git leaves at a conflict. A rule of another length is none. */
function mergeMarkers(text: string): number[] {
  const marker = /^(?:(?:<{7}|\|{7}|>{7})(?: .*)?|={7})\r?$/;
  return text.split("\n").flatMap((line, i) => (marker.test(line) ? [i + 1] : []));
}

test("no file has a merge marker", () => {
  const files = repositoryFiles();
  expect(files).toEqual(expect.arrayContaining(["README.md", "THIRD-PARTY-NOTICES", "src/errors.ts"]));
  const found = files.flatMap((path) => mergeMarkers(read(path)).map((line) => `${path}:${line}`));
  expect(found).toEqual([]);
});

describe("the check for merge markers", () => {
  const marker = (sign: string, rest = "") => `text\n${sign.repeat(7)}${rest}\ntext`;

  test.each([
    ["ours", marker("<", " HEAD")],
    ["ours without a name", marker("<")],
    ["the common ancestor", marker("|", " 0e41a1c")],
    ["the middle", marker("=")],
    ["theirs", marker(">", " branch")],
    ["theirs, in a file with CRLF", marker(">", " branch\r")],
  ])("finds %s", (_name, text) => expect(mergeMarkers(text)).toEqual([2]));

  test.each([
    ["a longer rule", "=".repeat(8)],
    ["a shorter rule", "=".repeat(6)],
    ["a heading over a rule", "= Title\n======"],
    ["seven signs in a line", `a ${"<".repeat(7)} b`],
    ["an indented rule", `  ${"=".repeat(7)}`],
    ["an empty table", "||||||||"],
  ])("lets %s pass", (_name, text) => expect(mergeMarkers(text)).toEqual([]));
});

const WIDTH = 120;

/** Whether a file is source or prose. What programs recorded or generated has its own form. */
const isWritten = (path: string) =>
  /^(?:(?:(?:aggregator\/)?(?:src|test|page|scripts)|bench|examples|deploy)\/.*\.(?:[cm]?[jt]s|css|html|md)|(?:docs\/.*|[^/]*)\.md|[^/]*\.ts)$/.test(
    path,
  );

/** The numbers of the lines that are too wide. Rows of tables and long words (URLs, hex digits) cannot be broken. */
function wideLines(text: string): number[] {
  return text.split("\n").flatMap((line, i) => {
    const width = [...line.replace(/\S{64,}/g, "")].length;
    return width > WIDTH && !/^\s*(?:\*|\/\/)?\s*\|/.test(line) ? [i + 1] : [];
  });
}

test(`no line of source or prose is wider than ${WIDTH} columns`, () => {
  const files = repositoryFiles().filter(isWritten);
  expect(files).toEqual(
    expect.arrayContaining(["README.md", "docs/guide.md", "src/errors.ts", "scripts/build.mjs", "vitest.config.ts"]),
  );
  const found = files.flatMap((path) => wideLines(read(path)).map((line) => `${path}:${line}`));
  expect(found).toEqual([]);
});

describe("the check for wide lines", () => {
  const wide = `${"word ".repeat(WIDTH / 5)}.`;

  test.each([
    ["a line of one column more", wide],
    ["a wide line with a URL in it", `${wide} https://example.org`],
    ["a wide line with a table's sign in it", `${wide} | x`],
  ])("finds %s", (_name, text) => expect(wideLines(`a\n${text}\nb`)).toEqual([2]));

  test.each([
    ["a line of just this width", wide.slice(1)],
    ["characters of three and four bytes", "–😀 ".repeat(WIDTH / 3)],
    ["a row of a table", `| ${wide} |`],
    ["a row of a table in a comment", ` * | ${wide} |`],
    ["a long URL", `see [this](https://example.org/${"x".repeat(WIDTH)})`],
    ["hex digits", `  "${"00".repeat(WIDTH)}",`],
  ])("lets %s pass", (_name, text) => expect(wideLines(text)).toEqual([]));
});
