// `prio-aggregator task list` and `task show`.

import type { Command } from "commander";
import { DapTask } from "prio/dap";
import { findTask } from "../tasks/changes.js";
import { secretsCheck } from "../tasks/exchange.js";
import { noiseText } from "../tasks/noise.js";
import { secretsOf, settingsOf } from "../tasks/stored-task.js";
import { vdafText } from "../tasks/vdaf-text.js";
import { type Io, note, print, printJson } from "./io.js";
import { type StoreOptions, secretsOfEnvironment, useStore, withDatabase } from "./store-access.js";
import { describeTask, shownTask, table } from "./task-text.js";
import { momentText } from "./values.js";

interface ListOptions extends StoreOptions {
  readonly json?: true;
}

interface ShowOptions extends ListOptions {
  readonly secrets?: true;
}

export function addTaskList(task: Command, io: Io): void {
  const list = task.command("list").description("the tasks of the store").option("--json", "print JSON");
  withDatabase(list).action((options: ListOptions) => listTasks(io, options));
  const show = task
    .command("show")
    .argument("<task>", "its id, or the first characters of it")
    .description("one task, with the hash that both operators compare")
    .option("--json", "print JSON")
    .option("--secrets", "print the tokens and the verification key's seed too");
  withDatabase(show).action((name: string, options: ShowOptions) => showTask(io, name, options));
}

async function listTasks(io: Io, options: ListOptions): Promise<void> {
  const rows = await useStore(io, options, (store) => store.run("list tasks", (tx) => tx.tasks()));
  const tasks = rows.map((row) => ({ row, task: DapTask.fromJSON(JSON.parse(row.document)) }));
  if (options.json === true) {
    printJson(
      io,
      tasks.map(({ row: { role, state, createdAt }, task }) => ({
        ...{ id: task.idText, role, state, createdAt, hash: task.hash, task: task.toJSON() },
      })),
    );
  } else if (tasks.length === 0) {
    note(io, "There are no tasks. `prio-aggregator task create` makes one.");
  } else {
    const lines = tasks.map(({ row, task }) => [
      ...[task.idText, row.role, row.state, vdafText(task.vdaf), `${task.minBatchSize}`, momentText(row.createdAt)],
    ]);
    print(io, table(["TASK", "ROLE", "STATE", "MEASURES", "MIN BATCH", "MADE"], lines));
  }
}

async function showTask(io: Io, name: string, options: ShowOptions): Promise<void> {
  const key = secretsOfEnvironment(io);
  const row = await useStore(io, options, (store) => store.run("show task", (tx) => findTask(tx, name)));
  const task = DapTask.fromJSON(JSON.parse(row.document));
  const settings = settingsOf(row);
  const secrets = secretsOf(row, key);
  if (options.json !== true) {
    print(io, describeTask(shownTask(row, task, settings, secrets)));
    if (options.secrets !== true) return;
    print(
      io,
      table(
        ["SECRET", "VALUE"],
        Object.entries(secrets).map(([secret, value]) => [secret, value ?? "-"]),
      ),
    );
    return;
  }
  const { noise, ...others } = settings;
  printJson(io, {
    ...{ id: task.idText, role: row.role, state: row.state, createdAt: row.createdAt, hash: task.hash },
    secretsCheck: secretsCheck(secrets),
    noise: noise === null ? null : noiseText(noise),
    ...others,
    task: task.toJSON(),
    ...(options.secrets === true ? { secrets } : {}),
  });
}
