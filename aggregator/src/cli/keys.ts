// `prio-aggregator keys …`: the HPKE keys that clients seal to, and the key that seals the store's secrets.

import type { Command } from "commander";
import { createSecretFile } from "../operators-files.js";
import { resealTasks } from "../tasks/changes.js";
import { addPendingKey, DEFAULT_KEY_POLICY, resealHpkeKeys } from "../tasks/keys.js";
import { KEY_VARIABLES, Secrets } from "../tasks/secrets.js";
import { type Io, note, print, printJson } from "./io.js";
import { type StoreOptions, secretsOfEnvironment, useStore, withDatabase } from "./store-access.js";
import { plural, table } from "./task-text.js";
import { durationText, momentText } from "./values.js";

interface ListOptions extends StoreOptions {
  readonly json?: true;
}

/** `task` gets the rotation too, because tasks are where operators look for it: a key serves all of them. */
export function addKeys(program: Command, task: Command, io: Io): void {
  const keys = program.command("keys").description("HPKE keys, and the key of the store's secrets");
  const list = keys.command("list").description("the HPKE keys and their states").option("--json", "print JSON");
  withDatabase(list).action((options: ListOptions) => listKeys(io, options));
  const what = "make a new HPKE key, which replaces the active one in some minutes";
  const rotations = [
    keys.command("rotate").description(what),
    task.command("rotate-keys").description(`${what}, for all tasks; the same as keys rotate`),
  ];
  for (const rotate of rotations) withDatabase(rotate).action((options: StoreOptions) => rotateKeys(io, options));
  keys
    .command("new-secret")
    .description("make a key for the store's secrets, in a new file")
    .requiredOption("--output <file>", "a new file, for its owner alone")
    .action(({ output }: { output: string }) => {
      createSecretFile(output, `${Secrets.newKeyText()}\n`);
      note(
        io,
        `${output} (mode 600) holds the key. Set ${KEY_VARIABLES.currentFile} to it, and keep a copy elsewhere:`,
      );
      note(io, "without it, nobody can read the secrets in the store.");
    });
  const reseal = keys
    .command("reseal")
    .description(`seal under ${KEY_VARIABLES.current} what is sealed under ${KEY_VARIABLES.old}`);
  withDatabase(reseal).action((options: StoreOptions) => resealAll(io, options));
}

async function listKeys(io: Io, options: ListOptions): Promise<void> {
  const rows = await useStore(io, options, (store) => store.run("list keys", (tx) => tx.hpkeKeys()));
  const keys = rows
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .map(({ id, state, createdAt, changedAt }) => ({ id, state, createdAt, changedAt }));
  if (options.json === true) printJson(io, keys);
  else if (keys.length === 0) note(io, "There are no keys. `prio-aggregator serve` makes the first one.");
  else {
    const lines = keys.map(({ id, state, createdAt, changedAt }) => [
      ...[`${id}`, state, momentText(changedAt), momentText(createdAt)],
    ]);
    print(io, table(["ID", "STATE", "SINCE", "MADE"], lines));
  }
}

async function rotateKeys(io: Io, options: StoreOptions): Promise<void> {
  const secrets = secretsOfEnvironment(io);
  const at = io.clock();
  const id = await useStore(io, options, (store) =>
    store.run("rotate keys", async (tx) => {
      const made = await addPendingKey(tx, secrets, at);
      await tx.insertAudit({ at, what: `HPKE key ${made} made`, task: null });
      return made;
    }),
  );
  const wait = durationText(DEFAULT_KEY_POLICY.activateAfter);
  note(
    io,
    `Key ${id} is pending. Servers announce it after ${wait}, when all of them know it; the one before expires.`,
  );
  note(io, `An expired key still opens reports, for ${durationText(DEFAULT_KEY_POLICY.keepExpired)}.`);
}

async function resealAll(io: Io, options: StoreOptions): Promise<void> {
  const secrets = secretsOfEnvironment(io);
  const { keys, tasks } = await useStore(io, options, (store) =>
    store.run("reseal", async (tx) => {
      const counts = { keys: await resealHpkeKeys(tx, secrets), tasks: await resealTasks(tx, secrets) };
      await tx.insertAudit({ at: io.clock(), what: "secrets sealed under another key", task: null });
      return counts;
    }),
  );
  const isNothing = keys + tasks === 0;
  if (isNothing) note(io, `Nothing to do: every secret is sealed under the key ${secrets.keyName} already.`);
  else
    note(io, `${plural(keys, "HPKE key")} and ${plural(tasks, "task")} were sealed under the key ${secrets.keyName}.`);
  note(io, `When all processes have the new key, ${KEY_VARIABLES.old} can go.`);
}
