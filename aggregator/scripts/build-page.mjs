// Builds the pages into a folder, each script and each style in one file: the operators' page, and in a folder of its
// own the survey of `prio-aggregator dev`, which is examples/web-survey.

import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { buildSite } from "../../examples/web-survey/site.mjs";

const page = fileURLToPath(new URL("../page/", import.meta.url));

/** @param {string} folder is made where there is none */
export async function buildPage(folder) {
  await esbuild.build({
    entryPoints: [`${page}page.ts`, `${page}page.css`],
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    tsconfig: fileURLToPath(new URL("../tsconfig.json", import.meta.url)),
    logLevel: "warning",
  });
  for (const name of ["index.html", "icon.svg"]) cpSync(`${page}${name}`, `${folder}/${name}`);
  await buildSite(`${folder}/survey`);
}
