// Runs the bundled program in jsdom's window.

import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const { window } = new JSDOM("", { runScripts: "outside-only" });
window.eval(readFileSync("bundle.js", "utf8"));
console.log(window.outcome);
