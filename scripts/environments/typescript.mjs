// The compilers of TypeScript: each one compiles the consumer with the types of the language alone, and a page's
// program with those of the DOM, under the strictest settings and with the package's declarations checked too.

import { versions } from "./versions.mjs";

/** @import { Kind } from "./table.mjs" */

const packages = Object.keys(versions).filter((name) => name.startsWith("typescript-"));

const strict = [
  "--strict",
  "--exactOptionalPropertyTypes",
  "--noUncheckedIndexedAccess",
  "--noPropertyAccessFromIndexSignature",
  "--noEmit",
  "--target es2020",
  "--module nodenext",
].flatMap((option) => option.split(" "));

/**
 * From 5.8 on, a CommonJS file may import an ES module under `module: nodenext`. Before, only import() can.
 *
 * @param {string} name
 */
const importsFromCommonJs = (name) => Number(versions[name]?.split(".").slice(0, 2).join(".")) >= 5.8;

/** @type {Kind} */
export const typescript = {
  name: "typescript",
  packages,
  rows: packages.map((name) => ({
    name: name.replace("typescript-", "TypeScript "),
    packages: [name],
    how:
      `\`import\` in ES modules, ${importsFromCommonJs(name) ? "and in CommonJS" : "`import()` in CommonJS"}; ` +
      "strict, without `skipLibCheck`, with and without `dom`",
    outcome: "compiled",
    run(project) {
      const compiler = `node_modules/${name}/bin/tsc`;
      const files = ["collect.mts", importsFromCommonJs(name) ? "collect.cts" : "lazy.cts"];
      project.node(compiler, ...strict, "--lib", "es2020", ...files);
      project.node(compiler, ...strict, "--lib", "es2020,dom,dom.iterable", "report.mts");
      return "compiled";
    },
  })),
};
