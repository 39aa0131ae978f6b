// Builds the pages into a folder, each script in one file and the other files as they are: the operators' page, and the
// survey of `prio-aggregator dev`.

import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const page = fileURLToPath(new URL("../page/", import.meta.url));

/** @param {string} folder is made where there is none */
export async function buildPage(folder) {
  await esbuild.build({
    entryPoints: { page: `${page}page.ts`, survey: `${page}survey.ts` },
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    tsconfig: fileURLToPath(new URL("../tsconfig.json", import.meta.url)),
    logLevel: "warning",
  });
  for (const name of ["index.html", "page.css", "icon.svg", "survey.html", "survey.css"])
    cpSync(`${page}${name}`, `${folder}/${name}`);
}
