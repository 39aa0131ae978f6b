// How many bytes the built library adds to a page, minified and gzipped: for what a client imports, and for everything
// of Prio v1.
// Prints a table; `--write` also updates the README's sentence, which test/package/sizes.test.ts compares.

import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = `${root}/README.md`;

/**
 * What a page imports: the names, all when null, from the entry, `prio` when it is not given; and perhaps those of
 * another page besides.
 *
 * @typedef {{ names: string[] | null, entry?: string, and?: Imports }} Imports
 */

/** What is measured, and the most that it may take, in bytes. */
export const pages = {
  client: { what: "what a client imports", names: ["Client", "Config", "PublicKey", "PrioError"], budget: 26_000 },
  library: { what: "the whole library", names: null, budget: 35_500 },
  histogram: {
    what: "a Prio3 histogram",
    names: ["Prio3Histogram", "PrioError"],
    entry: "prio/prio3",
    budget: 16_000,
  },
  dapReport: {
    what: "encrypting a report of DAP",
    names: ["DapTask", "sealInputShare", "encodeUploadRequest", "decodeHpkeConfigList", "decodeUploadErrors"],
    entry: "prio/dap",
    budget: 26_500,
  },
  dap: {
    what: "a DAP client, a histogram",
    names: ["DapClient", "DapError"],
    entry: "prio/dap",
    and: { names: ["Prio3Histogram"], entry: "prio/prio3" },
    budget: 44_000,
  },
};

/**
 * The bundle of a page that imports from the package and uses what it imports, as an application's bundler would make
 * it.
 *
 * @param {Imports} imports
 * @param {esbuild.BuildOptions} [options]
 */
export function bundlePage(imports, options) {
  const contents = programOf(imports);
  return esbuild.build({
    stdin: { contents, resolveDir: root, sourcefile: "page.js" },
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    metafile: true,
    write: false,
    logLevel: "warning",
    ...options,
  });
}

/**
 * A program that imports names, and uses them.
 *
 * @param {Imports} imports
 * @returns {string}
 */
function programOf({ names, entry = "prio", and }) {
  const program =
    names === null
      ? `import * as prio from "${entry}"; globalThis.use(prio);`
      : `import { ${names.join(", ")} } from "${entry}"; globalThis.use(${names.join(", ")});`;
  return and === undefined ? program : `${program}\n${programOf(and)}`;
}

/** @param {Imports} imports */
export async function measure(imports) {
  const { outputFiles } = await bundlePage(imports);
  const bytes = outputFiles?.[0]?.contents ?? new Uint8Array(0);
  return { minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
}

const [start, end] = ["<!-- sizes: npm run sizes -- --write -->", "<!-- /sizes -->"];

/** The README's text with the sizes in it, in whole thousands of bytes, so that not every change of code changes it. */
export async function readmeWithSizes(text = readFileSync(readme, "utf8")) {
  const [client, library] = await Promise.all([measure(pages.client), measure(pages.library)]);
  const kilobytes = (/** @type {{ gzipped: number } | undefined} */ size) => Math.ceil((size?.gzipped ?? 0) / 1000);
  const sentences = [
    `Minified and gzipped, the library takes ${kilobytes(library)} KB, and ${kilobytes(client)} KB in a page ` +
      "that imports only what a client needs.",
    "It needs neither `eval` nor WebAssembly: the content security policy `default-src 'self'` is enough.",
  ];
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`sizes: README.md has no ${start} … ${end}`);
  return `${before}${start}\n${sentences.join("\n")}\n${end}${after}`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const page of Object.values(pages)) {
    const { minified, gzipped } = await measure(page);
    const size = `${gzipped} bytes gzipped (of ${page.budget}), ${minified} minified`;
    console.log(`${page.what.padEnd(24)}${size}`);
  }
  if (argv.includes("--write")) writeFileSync(readme, await readmeWithSizes());
}
