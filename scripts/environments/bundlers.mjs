// Bundlers for the web. Chromium runs what they make, under the page of scripts/consumer/index.html.

import { chromiumBrowser, outcomeOfPage } from "./pages.mjs";

/** @import { Kind } from "./table.mjs" */

/** @type {(name: string, packages: string[], build: Kind["build"], folder: string, how: string) => Kind} */
const bundler = (name, packages, build, folder, how) => ({
  name: name.toLowerCase(),
  packages,
  ...(build && { build }),
  rows: [
    {
      name,
      how,
      outcome: "noble and noble",
      required: true,
      run: (project) => outcomeOfPage(chromiumBrowser, `${project.folder}/${folder}`),
    },
  ],
});

const nothing = "`import`, nothing set; the bundle runs in Chromium";

export const vite = bundler(
  "Vite",
  ["vite"],
  (project) => project.node("node_modules/vite/bin/vite.js", "build", "--logLevel=warn"),
  "dist",
  nothing,
);

export const webpack = bundler(
  "webpack",
  ["webpack"],
  (project) => {
    project.node("build.mjs");
    project.copyPage("out");
  },
  "out",
  nothing,
);

export const esbuild = bundler(
  "esbuild",
  ["esbuild"],
  (project) => {
    project.bundle("program.mjs", "out/program.mjs", { format: "esm" });
    project.copyPage("out");
  },
  "out",
  nothing,
);

export const rollup = bundler(
  "Rollup",
  ["rollup", "@rollup/plugin-node-resolve"],
  (project) => {
    project.node("build.mjs");
    project.copyPage("out");
  },
  "out",
  "`import`, with `@rollup/plugin-node-resolve`; the bundle runs in Chromium",
);
