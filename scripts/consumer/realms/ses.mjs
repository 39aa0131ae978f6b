// Runs the bundled program in an SES compartment that has randomness and the globals named in the arguments. A refusal
// is told by its code.

import "ses";
import { readFileSync } from "node:fs";
import { argv } from "node:process";

const program = readFileSync("bundle.js", "utf8");
const named = Object.fromEntries(argv.slice(2).map((name) => [name, globalThis[name]]));
const { crypto: platform } = globalThis;
lockdown();
const crypto = harden({ getRandomValues: (array) => platform.getRandomValues(array) });
const compartment = new Compartment({ globals: { crypto, ...named }, __options__: true });
try {
  compartment.evaluate(program);
  console.log(compartment.globalThis.outcome);
} catch (error) {
  console.log(`PrioError ${error.code}`);
}
