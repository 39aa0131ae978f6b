// Each module of dist/ has a source map that contains the sources with their comments. A reader who steps through the
// package in a debugger sees the files of src/.

import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path/posix";
import { expect, test } from "vitest";
import { distFiles, read } from "./built.js";

const modules = distFiles().filter((path) => path.endsWith(".js"));
const mapOf = (path: string): SourceMapPayload & { sourcesContent: string[] } => JSON.parse(read(`dist/${path}.map`));

test.each(modules)("%s names its map, and the map has the text of every source", (path) => {
  expect(read(`dist/${path}`).endsWith(`\n//# sourceMappingURL=${path.split("/").at(-1)}.map\n`)).toBe(true);
  const { sources, sourcesContent } = mapOf(path);
  expect(sourcesContent).toHaveLength(sources.length);
  for (const [i, source] of sources.entries()) {
    const file = join("dist", path, "..", source);
    // What the bundler puts where a CommonJS package requires a module of Node.
    if (file.startsWith("dist/required:node:")) continue;
    expect(file).toMatch(/^(src|node_modules)\//);
    expect(sourcesContent[i] === read(file), file).toBe(true);
  }
});

/** The text of a source that a map gives for a place in a module, up to the end of the line. */
function original(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line, column);
  if (!("originalLine" in entry) || entry.generatedLine !== line || entry.generatedColumn !== column) return undefined;
  const text = map.payload.sourcesContent?.[map.payload.sources.indexOf(entry.originalSource)];
  return text?.split("\n")[entry.originalLine]?.slice(entry.originalColumn);
}

test("each `this`, `return` and `throw` comes from one in the sources", () => {
  let found = 0;
  for (const path of modules) {
    const map = new SourceMap(mapOf(path));
    for (const [line, text] of read(`dist/${path}`).split("\n").entries()) {
      for (const { 0: word, index } of text.matchAll(/\b(this|return|throw)\b/g)) {
        const source = original(map, line, index);
        if (source === undefined) continue;
        expect(source.startsWith(word), `${path}:${line + 1}: ${text}`).toBe(true);
        found++;
      }
    }
  }
  expect(found).toBeGreaterThan(500);
});

test("a class that refers to itself is found in its source, behind the name on the same line", () => {
  const found = modules.flatMap((path) => {
    const map = new SourceMap(mapOf(path));
    const lines = read(`dist/${path}`).split("\n");
    return lines.flatMap((text, line) => {
      const match = /(?<=\bnew {2}(\w+)\().*?(?=\w)/.exec(text);
      const after = match && original(map, line, match.index + match[0].length);
      return match && after ? [{ text: text.slice(match.index + match[0].length), after }] : [];
    });
  });
  expect(found.length).toBeGreaterThan(3);
  for (const { text, after } of found) expect(after.slice(0, 4)).toBe(text.slice(0, 4));
});
