// React Native: a bundle that Metro makes with React Native's preset, run in a bare realm and by Hermes. Both get
// crypto.getRandomValues from outside, as an app gets it from a package.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** @import { Kind } from "./table.mjs" */

/** Hermes itself has no randomness. This stands in for an app's: the test needs bytes that differ, not secrets. */
const BYTES = `var state = 1;
var crypto = {
  getRandomValues: function (array) {
    for (var i = 0; i < array.length; i++) array[i] = (state = (Math.imul(state, 69069) + 1) >>> 0) >>> 24;
    return array;
  },
};`;

/** Where the registry has Hermes for this machine. */
const folders = { linux: "linux64-bin", darwin: "osx-bin", win32: "win64-bin" };

/** @type {Kind} */
export const metro = {
  name: "metro",
  packages: [
    "metro",
    "@react-native/metro-babel-transformer",
    "@react-native/babel-preset",
    "@babel/core",
    "hermes-engine-cli",
  ],
  build: (project) => project.node("build.mjs"),
  rows: [
    {
      name: "Metro",
      packages: ["metro", "@react-native/babel-preset"],
      how: "`import`, nothing set; the bundle runs in a bare realm that has `crypto.getRandomValues`",
      outcome: "noble and noble",
      run: (project) => project.node("vm.mjs", "out.js"),
    },
    {
      name: "Hermes",
      packages: ["hermes-engine-cli"],
      how: "Metro's bundle, with `crypto.getRandomValues` given",
      outcome: "noble and noble",
      run(project) {
        const bundle = readFileSync(join(project.folder, "out.js"), "utf8");
        project.write("hermes.js", `${BYTES}\n${bundle}\nprint(outcome);\n`);
        const folder = folders[/** @type {keyof typeof folders} */ (process.platform)];
        return project.binary(`hermes-engine-cli/${folder}/hermes`, "hermes.js");
      },
    },
  ],
};
