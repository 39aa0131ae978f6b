// Builds the operators' page into a folder: its script in one file, and its other files as they are.

import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const page = fileURLToPath(new URL("../page/", import.meta.url));

/** @param {string} folder is made where there is none */
export async function buildPage(folder) {
  await esbuild.build({
    entryPoints: { page: `${page}page.ts` },
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    logLevel: "warning",
  });
  for (const name of ["index.html", "page.css", "icon.svg"]) cpSync(`${page}${name}`, `${folder}/${name}`);
}
