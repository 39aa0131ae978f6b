// A command as its definition has it: what program.ts makes the parser and the help of.

import type { Command } from "commander";
import type { OptionRow } from "./option-rows.js";
import type { Run } from "./run.js";

/** A command. */
export interface Definition {
  readonly name: string;
  readonly summary: string;
  /** What an operator must know besides. */
  readonly note?: string;
  /** Comes after the options, before the example. */
  readonly remark?: string;
  readonly group: "Stages:" | "Whole days:" | "Keys:" | "DAP:" | "Tools:";
  readonly argument?: readonly [name: string, description: string, choices?: readonly string[]];
  readonly options: readonly (readonly [heading: string, rows: readonly OptionRow[]])[];
  /** Options that this command accepts without using them, so that a script can pass the same ones to every stage. */
  readonly ignored?: readonly string[];
  readonly example: string;
  /** `program` is what the command line was parsed with. */
  readonly work: (run: Run, args: readonly string[], program: Command) => Promise<number> | number;
}
