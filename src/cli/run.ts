// What every command gets to work with.

import type { Io } from "./io.js";
import type { Options } from "./options.js";
import type { Reporter } from "./reporter.js";

/** One run of a command. */
export interface Run {
  readonly options: Options;
  readonly reporter: Reporter;
  readonly io: Io;
}
