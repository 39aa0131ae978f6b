// The store that an operator's settings name, opened for a command or a process. What the operator can put right is one
// sentence; the database's own words are in it.

import { existsSync } from "node:fs";
import { openStore } from "./store/open.js";
import type { Store } from "./store/store.js";
import { OperatorError, systemReason } from "./tasks/operator-error.js";

/** Errors of databases and of the system. Others, such as a TypeError, are faults of this program. */
const NAMES_OF_OTHERS = ["Error", "error", "AggregateError"];

/**
 * Opens the store of a `database` setting, and brings its tables to this version.
 *
 * @param isMade whether an SQLite file that is not there is made
 */
export async function openOperatorsStore(database: string, isMade: boolean): Promise<Store> {
  const file = /^sqlite:(?!:memory:)(.*)$/s.exec(database)?.[1];
  if (!isMade && file !== undefined && !existsSync(file)) {
    throw new OperatorError(
      `there is no store at ${file}`,
      "is it the right file? --database or PRIO_AGGREGATOR_DATABASE names it; " +
        "`task create`, `task import` and `serve` make a new one",
    );
  }
  try {
    return await openStore(database);
  } catch (error) {
    if (!(error instanceof Error) || !NAMES_OF_OTHERS.includes(error.name)) throw error;
    if (file === undefined)
      throw new OperatorError(`cannot open the database: ${error.message || systemReason(error)}`);
    throw new OperatorError(`cannot open the store ${file}: ${systemReason(error) ?? error.message}`);
  }
}
