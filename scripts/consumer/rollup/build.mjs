// Builds the program with Rollup and its plugin that finds packages.

import { nodeResolve } from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";

const bundle = await rollup({
  input: "program.mjs",
  plugins: [nodeResolve()],
  onwarn: ({ message }) => {
    throw new Error(message);
  },
});
await bundle.write({ file: "out/program.mjs", format: "es" });
