// A program for every environment that bundles or has a global object: it leaves the outcome there.

import { batch } from "./batch.mjs";
import { run } from "./collect.mjs";

globalThis.outcome = run(batch).join(" and ");
