// `prio help cli`: prints the manual, docs/cli.md, for somebody who has only the package.

import { readFileSync } from "node:fs";
import { systemFailure } from "../files/failure.js";
import { EXIT } from "./exit.js";
import type { Run } from "./run.js";

/** What `prio help` calls the manual. */
export const MANUAL = "cli";

/** Prints the manual from the package, where it is beside dist/. Throws a Failure when it is not there. */
export function manual({ io }: Run): number {
  const path = new URL("../docs/cli.md", import.meta.url);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw systemFailure(error, `cannot read ${decodeURIComponent(path.pathname)}`);
  }
  io.stdout.write(text);
  return EXIT.done;
}
