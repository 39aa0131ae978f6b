// Realms with less in them than a browser or Node: jsdom's window, a bare realm of node:vm, and SES compartments.

import { host } from "./project.mjs";

/** @import { Project } from "./project.mjs" */
/** @import { Kind } from "./table.mjs" */

/** @param {Project} project */
const build = (project) => project.bundle("program.mjs", "bundle.js");

/** @type {Kind} */
export const jsdom = {
  name: "realms",
  packages: ["jsdom"],
  build,
  rows: [
    {
      name: "jsdom",
      how: "a script in its window",
      outcome: "noble and noble",
      run: (project) => project.node("jsdom.mjs"),
    },
  ],
};

/** @type {Kind} */
export const realm = {
  name: "realms",
  packages: [],
  build,
  rows: [
    {
      name: "node:vm",
      how: "a script in a realm that has `crypto.getRandomValues` beside the language",
      outcome: "noble and noble",
      version: host.specifier.replace(/.*@/, "Node "),
      run: (project) => project.node("vm.mjs", "bundle.js"),
    },
  ],
};

/** @type {Kind} */
export const ses = {
  name: "realms",
  packages: ["ses"],
  build,
  rows: [
    {
      name: "SES",
      how: "a compartment that has `crypto.getRandomValues` and `Float64Array`",
      outcome: "noble and noble",
      run: (project) => project.node("ses.mjs", "Float64Array"),
    },
    {
      name: "SES without Float64Array",
      how: "a compartment that has `crypto.getRandomValues` alone",
      outcome: "PrioError unsupported",
      run: (project) => project.node("ses.mjs"),
    },
  ],
};
