// The samples in the docstrings of the sources: what stands after `@example`, in a block of code.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const src = fileURLToPath(new URL("../../src", import.meta.url));

/** The samples of all docstrings, each with what it documents. */
export function docstringSamples(): [name: string, code: string][] {
  const paths = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  return paths.sort().flatMap((path) => {
    const file = ts.createSourceFile(path, readFileSync(`${src}/${path}`, "utf8"), ts.ScriptTarget.ES2022, true);
    const found: [string, string][] = [];
    const visit = (node: ts.Node): void => {
      for (const tag of ts.getJSDocTags(node)) {
        if (tag.tagName.text !== "example" || tag.parent.parent !== node) continue;
        const text = ts.getTextOfJSDocComment(tag.comment) ?? "";
        const name = (node as { name?: ts.Node }).name?.getText(file) ?? path;
        for (const [, code] of text.matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm)) found.push([name, code as string]);
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  });
}
