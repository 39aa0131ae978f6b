// Jest, in its two environments, with the ways that it can load an ES module.

/** @import { Kind, Row } from "./table.mjs" */

const binary = "node_modules/jest/bin/jest.js";

/** @type {(environment: string) => Row[]} */
const rows = (environment) => {
  const common = {
    packages: environment === "node" ? ["jest"] : ["jest-environment-jsdom"],
    outcome: "native and noble",
  };
  /** @param {string} config @param {string} file */
  const options = (config, file) => [`--config=${config}.config.cjs`, `--env=${environment}`, "--no-cache", file];
  return [
    {
      ...common,
      name: `Jest, ${environment}`,
      how: "`import` in ES modules, with `node --experimental-vm-modules`",
      run: (project) => project.node("--experimental-vm-modules", binary, ...options("modules", "collect.test.mjs")),
    },
    {
      ...common,
      name: `Jest, ${environment}, CommonJS`,
      how: "`require()`, with `node --experimental-vm-modules` of Node 24.9 or later",
      run: (project) => project.node("--experimental-vm-modules", binary, ...options("modules", "collect.test.cjs")),
    },
    {
      ...common,
      name: `Jest, ${environment}, CommonJS by a transform`,
      how: "`require()`, with `transformIgnorePatterns` and `babel-jest`",
      run: (project) => project.node(binary, ...options("transform", "collect.test.cjs")),
    },
  ];
};

/** @type {Kind} */
export const jest = {
  name: "jest",
  packages: ["jest", "jest-environment-jsdom", "babel-jest", "@babel/core", "@babel/plugin-transform-modules-commonjs"],
  rows: [...rows("node"), ...rows("jsdom")],
};
