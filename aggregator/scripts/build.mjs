// Builds aggregator/dist/, or the folder of the repository that it is given: the command in one file, with its source
// map, the pages, and the licences of what is in them. Dependencies stay outside.

import { chmodSync, copyFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { buildPage } from "./build-page.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = process.argv[2] ?? `${root}dist`;
rmSync(dist, { recursive: true, force: true });
await esbuild.build({
  absWorkingDir: root,
  entryPoints: { main: "src/main.ts" },
  outdir: dist,
  bundle: true,
  packages: "external",
  // Without the paths of tsconfig.json, which lead to the library's sources.
  tsconfigRaw: {},
  platform: "node",
  format: "esm",
  target: "node20.19",
  sourcemap: true,
  sourcesContent: false,
  banner: { js: "#!/usr/bin/env node" },
  loader: { ".html": "text", ".sql": "text" },
  logLevel: "warning",
});
// npm does this where it installs the package; a checkout and an image have the file itself.
chmodSync(`${dist}/main.js`, 0o755);
await buildPage(`${dist}/page`);
// The survey's page has the library in it, and what that bundles.
for (const name of ["LICENSE", "THIRD-PARTY-NOTICES"]) copyFileSync(`${root}../${name}`, `${dist}/${name}`);
