// `prio-aggregator migrate`: brings the store to this version's tables.

import type { Command } from "commander";
import { type Io, note } from "./io.js";
import { type StoreOptions, useOrMakeStore, withDatabase } from "./store-access.js";

export function addMigrate(program: Command, io: Io): void {
  const command = program.command("migrate").description("bring the store's tables to this version");
  withDatabase(command).action(async (options: StoreOptions) => {
    await useOrMakeStore(io, options, () => Promise.resolve());
    note(io, "The store has this version's tables.");
  });
}
