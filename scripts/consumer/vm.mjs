// Runs a bundled program, the argument, in a realm that has the language and a source of randomness alone.

import { readFileSync } from "node:fs";
import { argv } from "node:process";
import vm from "node:vm";

const crypto = { getRandomValues: (array) => globalThis.crypto.getRandomValues(array) };
const context = vm.createContext({ crypto });
vm.runInContext(readFileSync(argv[2], "utf8"), context);
console.log(context.outcome);
