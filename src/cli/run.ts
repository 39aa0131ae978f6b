// What every command is given.

import type { Surroundings } from "./io.js";
import type { Given } from "./options.js";
import type { Talk } from "./reporter.js";

/** What every command is given. */
export interface Run {
  readonly given: Given;
  readonly talk: Talk;
  readonly around: Surroundings;
}
