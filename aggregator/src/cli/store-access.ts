// The store and the key that a command works with.

import type { Command } from "commander";
import { databaseOf } from "../config.js";
import { openStore } from "../store/open.js";
import type { Store } from "../store/store.js";
import { Secrets } from "../tasks/secrets.js";
import type { Io } from "./io.js";

/** Options of every command that opens the store. */
export interface StoreOptions {
  readonly database?: string;
}

export function withDatabase(command: Command): Command {
  return command.option("--database <url>", "sqlite:PATH or postgres://…; by default PRIO_AGGREGATOR_DATABASE");
}

/** Opens the store for `work`, and closes it whatever happens. */
export async function useStore<T>(io: Io, { database }: StoreOptions, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(databaseOf(io.env, database));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

export const secretsOfEnvironment = (io: Io): Secrets => Secrets.fromEnvironment(io.env);
