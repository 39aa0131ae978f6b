// Browsers of this machine, with a bundle that esbuild makes.

import { chromiumBrowser, firefox, outcomeOfPage, webkit } from "./pages.mjs";

/** @import { Kind } from "./table.mjs" */

/** @type {Kind} */
export const browsers = {
  name: "browsers",
  packages: [],
  build(project) {
    project.bundle("program.mjs", "out/program.mjs", { format: "esm" });
    project.copyPage("out");
  },
  rows: [chromiumBrowser, firefox, webkit].map((browser) => ({
    name: browser.name,
    how: "a module in a page",
    outcome: "noble and noble",
    required: browser.required,
    installed: browser.version,
    run: (project) => outcomeOfPage(browser, `${project.folder}/out`),
  })),
};
