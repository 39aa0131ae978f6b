// No dead link in any document: every relative link of every Markdown file leads to a file of the repository, and every
// anchor to a heading in it. The same holds in the packed package.

import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { read, root } from "../package/built.js";
import { documents } from "./documents.js";

/** A document without its code, where brackets are no links. */
const prose = (text: string): string =>
  text.replaceAll(/^(```|~~~)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, "").replaceAll(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "code");

/** The targets of a document's links and images, in Markdown and in HTML. */
function targets(text: string): string[] {
  const inline = [...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const definitions = [...prose(text).matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  const html = [...prose(text).matchAll(/\s(?:href|src|srcset)="([^"]+)"/g)];
  return [...inline, ...definitions, ...html].map(([, target]) => target ?? "");
}

/** The anchors of a document as GitHub makes them: headings in lower case, punctuation gone, spaces to hyphens. */
function anchors(text: string): Set<string> {
  const found = new Map<string, number>();
  const body = text.replaceAll(/^(```|~~~)[^\n]*\n[\s\S]*?^\1[^\n]*$/gm, "");
  for (const [, heading = ""] of body.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*]/g, "");
    const anchor = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}\p{Pc} -]/gu, "")
      .replaceAll(" ", "-");
    const repeated = found.get(anchor) ?? 0;
    found.set(anchor, repeated + 1);
    if (repeated > 0) found.set(`${anchor}-${repeated}`, 1);
  }
  for (const [, id = ""] of body.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) found.set(id, 1);
  return new Set(found.keys());
}

/** What is wrong with the links of one document. `readText` gives the text of a file, undefined when there is none. */
function deadLinks(path: string, readText: (path: string) => string | undefined): string[] {
  const text = readText(path) ?? "";
  return targets(text).flatMap((target) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
      return URL.canParse(target) ? [] : [`${path}: ${target} is no URL`];
    }
    const [file = "", anchor] = target.split("#") as [string, string?];
    const linked = file === "" ? path : join(dirname(path), decodeURIComponent(file)).replaceAll("\\", "/");
    if (linked.startsWith("..") || file.startsWith("/")) return [`${path}: ${target} leads out of the repository`];
    const linkedText = readText(linked);
    if (linkedText === undefined) return [`${path}: ${target} leads to no file`];
    if (anchor === undefined || !linked.endsWith(".md")) return [];
    return anchors(linkedText).has(anchor) ? [] : [`${path}: ${target} leads to no heading`];
  });
}

const repository = (path: string): string | undefined => {
  const full = join(root, path);
  if (!existsSync(full)) return undefined;
  return statSync(full).isFile() ? read(path) : "";
};

test("no document has a dead link", () => {
  const paths = documents();
  expect(paths).toEqual(expect.arrayContaining(["docs/WIRE.md", "vectors/README.md", "examples/pipeline/README.md"]));
  expect(paths.flatMap((path) => targets(read(path))).length).toBeGreaterThan(20);
  expect(paths.flatMap((path) => deadLinks(path, repository))).toEqual([]);
});

/** The files that npm packs, as a user gets them. */
function packed(): string[] {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

test("no document of the packed package has one", () => {
  const paths = packed();
  expect(paths).toEqual(expect.arrayContaining(["README.md", "docs/guide.md", "CHANGELOG.md"]));
  const inPackage = (path: string): string | undefined => {
    if (paths.includes(path)) return read(path);
    // A folder is there if any of its files is.
    return paths.some((other) => other.startsWith(`${path.replace(/\/$/, "")}/`)) ? "" : undefined;
  };
  const markdown = paths.filter((path) => path.endsWith(".md"));
  expect(markdown.flatMap((path) => deadLinks(path, inPackage))).toEqual([]);
});

describe("the check itself", () => {
  const files = new Map([
    ["a.md", ""],
    ["docs/b.md", "# One `code` & two\n\n## Same\n\n## Same\n\n```sh\n# no heading\n```\n\n### 1. A [link](x), *em*\n"],
    ["docs/c.svg", "<svg/>"],
  ]);
  const check = (text: string) => deadLinks("a.md", (path) => (path === "a.md" ? text : files.get(path)));

  test.each([
    ["[x](docs/b.md)"],
    ["[x](docs/b.md#one-code--two)"],
    ["[x](docs/b.md#same-1)"],
    ["[x](docs/b.md#1-a-link-em)"],
    ["![x](docs/c.svg)"],
    ['<img src="docs/c.svg" alt="x">'],
    ["[x](https://example.org/a#b)"],
    ["`[x](none.md)`"],
    ["```md\n[x](none.md)\n```\n"],
    ["# Own\n\n[x](#own)"],
  ])("lets %j pass", (text) => expect(check(text)).toEqual([]));

  test.each([
    ["[x](docs/none.md)", "leads to no file"],
    ["![x](docs/none.svg)", "leads to no file"],
    ['<img alt="x" src="none.png">', "leads to no file"],
    ["[x]: none.md", "leads to no file"],
    ["[x](docs/b.md#no-heading)", "leads to no heading"],
    ["[x](#none)", "leads to no heading"],
    ["[x](../other/a.md)", "leads out of the repository"],
    ["[x](/a.md)", "leads out of the repository"],
    ["[x](http://)", "is no URL"],
  ])("finds %j", (text, sentence) => {
    expect(check(text)).toEqual([expect.stringContaining(sentence)]);
  });
});
