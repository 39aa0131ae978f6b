// `npm run example:browser`. The page imports the library by its names, as yours would; here these are the sources.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  resolve: {
    // A name stands for what begins with it too, so the longer one is first.
    alias: {
      "prio/prio3": fileURLToPath(new URL("../../src/prio3/index.ts", import.meta.url)),
      prio: fileURLToPath(new URL("../../src/index.ts", import.meta.url)),
    },
  },
  worker: { format: "es" },
  // Nothing inline, so that the policy `default-src 'self'` is enough for the built page.
  build: {
    target: "es2022",
    outDir: "../../node_modules/.cache/prio-example",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
