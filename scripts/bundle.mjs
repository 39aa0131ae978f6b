// Bundles the package: one ES module for each entry, and chunks for what entries share. Each module of src/ is in dist/
// once, so all entries have the same PrioError, the same classes and the same choice of cryptography. The same sources
// give the same bytes, wherever the repository is.
//
// To add an entry to the library, add it to the exports of package.json: `./dist/x/index.js` is built from
// `src/x/index.ts`, with its declarations. To add a program for Node, add it to the table below.

import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import esbuild from "esbuild";

/** What Node runs and nobody imports: the file in dist/, and its source. */
export const programs = {
  "dist/cli.js": "src/cli/main.ts",
  "dist/cli-worker.js": "src/batch/worker.ts",
};

/** The entries of the library that need Node. All others run wherever JavaScript does. */
export const entriesForNode = ["dist/replays/index.js"];

/**
 * The entries of the library: each file of dist/ in the exports of package.json, and its source.
 *
 * @param {string} root the repository
 * @returns {Record<string, string>}
 */
export function library(root) {
  /** @type {{ exports: Record<string, string | { types: string, default: string }> }} */
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const modules = Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : [target.default]));
  return Object.fromEntries(
    modules.map((path) => [path.slice("./".length), path.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts")]),
  );
}

/**
 * Lets bundled CommonJS packages have Node's modules. They call require(), which an ES module does not have.
 *
 * @type {esbuild.Plugin}
 */
const modulesOfNode = {
  name: "modules of Node",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === "require-call" ? { path, namespace: "required" } : { path, external: true },
    );
    build.onLoad({ filter: /^node:/, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * Bundles all entries in memory. Returns the files of dist/ (paths below the repository, and texts), and the paths of
 * the sources that have code in them.
 *
 * @param {string} root the repository
 * @param {Record<string, string>} [entries] by their files in dist/
 */
export async function bundle(root, entries = { ...library(root), ...programs }) {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([output, source]) => ({
      in: source,
      out: output.replace(/^dist\/(.*)\.js$/, "$1"),
    })),
    outdir: "dist",
    // In dist/ itself: the command's code finds files by import.meta.url, whether it is in an entry or in a chunk.
    chunkNames: "chunk-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    plugins: [modulesOfNode],
    charset: "utf8",
    legalComments: "inline",
    sourcemap: "linked",
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  return {
    files: new Map(
      outputFiles.map(({ path, text }) => [
        relative(root, path).replaceAll("\\", "/"),
        withoutBareImports(withClassNames(text)),
      ]),
    ),
    inputs: Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  };
}

/**
 * Gives classes their names. esbuild writes `var Config = class _Config` when a class refers to itself, and inspect()
 * would show `_Config`. (esbuild's option keepNames would cost 7 KB.) Inside the class both names mean the class. A
 * space takes the place of the underscore, because source maps count columns.
 *
 * @param {string} text of a bundle
 */
function withClassNames(text) {
  return [...text.matchAll(/^var (\w+) = class _\1 /gm)].reduce(
    (result, [, name = ""]) => result.replaceAll(new RegExp(`(?<![\\w$.#])_${name}(?![\\w$])`, "g"), ` ${name}`),
    text,
  );
}

/**
 * Leaves out imports of chunks for nothing but their effects, of which they have none. esbuild writes them for what
 * shares a chunk with modules that an entry uses, and then warns of them in the bundles of whoever uses the package.
 * The lines stay, because source maps count them.
 *
 * @param {string} text of a bundle
 */
function withoutBareImports(text) {
  return text.replaceAll(/^import "[^"]*chunk-[^"]*";$/gm, "");
}
