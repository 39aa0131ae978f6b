// Builds the program with webpack, with nothing set.

import { cwd } from "node:process";
import webpack from "webpack";

const folder = cwd();
webpack(
  {
    mode: "production",
    entry: "./program.mjs",
    context: folder,
    output: { path: `${folder}/out`, filename: "program.mjs" },
  },
  (error, stats) => {
    if (error) throw error;
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString("errors-warnings"));
  },
);
