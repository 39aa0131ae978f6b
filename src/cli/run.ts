// One run of a command, as every command gets it: the options, where it reports, and the standard streams.

import type { Io } from "./io.js";
import type { Options } from "./options.js";
import type { Reporter } from "./reporter.js";

/** One run of a command. */
export interface Run {
  readonly options: Options;
  readonly reporter: Reporter;
  readonly io: Io;
}
