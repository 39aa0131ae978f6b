// `npm run example:browser`. The page imports the library by its name, as yours would; here that is the sources.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  resolve: { alias: { prio: fileURLToPath(new URL("../../src/index.ts", import.meta.url)) } },
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
