// The store and the key that a command works with.

import type { Command } from "commander";
import { databaseOf } from "../config.js";
import { openOperatorsStore } from "../operators-store.js";
import type { Store } from "../store/store.js";
import { Secrets } from "../tasks/secrets.js";
import type { Io } from "./io.js";

/** Options of every command that opens the store. */
export interface StoreOptions {
  readonly database?: string;
}

export function withDatabase(command: Command): Command {
  return command.option("--database <url>", "sqlite:FILE or postgres://…; by default PRIO_AGGREGATOR_DATABASE");
}

/** Opens the store for `work`, and closes it whatever happens. Throws an OperatorError where there is none. */
export function useStore<T>(io: Io, options: StoreOptions, work: (store: Store) => Promise<T>): Promise<T> {
  return withStore(io, options, false, work);
}

/** The same for what may be the first thing that an operator does: an SQLite file that is not there is made. */
export function useOrMakeStore<T>(io: Io, options: StoreOptions, work: (store: Store) => Promise<T>): Promise<T> {
  return withStore(io, options, true, work);
}

async function withStore<T>(
  io: Io,
  { database }: StoreOptions,
  isMade: boolean,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await openOperatorsStore(databaseOf(io.env, database), isMade);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

export const secretsOfEnvironment = (io: Io): Secrets => Secrets.fromEnvironment(io.env);
