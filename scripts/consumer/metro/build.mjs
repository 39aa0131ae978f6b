// Builds the program with Metro as a React Native app does: with React Native's preset, and nothing set for the
// package.

import { cwd } from "node:process";
import Metro from "metro";

const config = await Metro.loadConfig(
  { cwd: cwd() },
  {
    projectRoot: cwd(),
    transformer: { babelTransformerPath: "@react-native/metro-babel-transformer" },
    // The program's own files are .mjs.
    resolver: { sourceExts: ["js", "json", "mjs"] },
    cacheStores: [],
  },
);
await Metro.runBuild(config, { entry: "program.mjs", out: "out.js", platform: "android", dev: false, minify: false });
