// What an operator does to tasks in the store, each change one transaction with a line in the record of what was done.

import type { DapTask } from "prio/dap";
import type { Role, Store, TaskRow, TaskState, Transaction } from "../store/store.js";
import { OperatorError } from "./operator-error.js";
import type { Secrets } from "./secrets.js";
import { sealTaskSecrets, secretsOf, settingsOf, type TaskSecrets, type TaskSettings } from "./stored-task.js";

/** The fewest characters by which a task may be named. */
const SHORTEST_NAME = 4;

/** A task that an operator adds. */
export interface NewTask {
  readonly role: Role;
  readonly task: DapTask;
  readonly settings: TaskSettings;
  readonly secrets: TaskSecrets;
}

/** Throws an OperatorError if the store has the task. */
export async function insertTask(
  store: Store,
  { role, task, settings, secrets }: NewTask,
  key: Secrets,
  at: number,
  what: string,
): Promise<void> {
  const row = {
    id: task.id,
    role,
    document: JSON.stringify(task),
    settings: JSON.stringify(settings),
    secrets: sealTaskSecrets({ id: task.id, role }, secrets, key),
    state: "active" as const,
    createdAt: at,
  };
  await store.run("insert task", async (tx) => {
    const number = await tx.insertTask(row);
    if (number === null) {
      throw new OperatorError(
        `the task ${task.idText} is in this store already: nothing was changed`,
        "a task never changes: if this one is wrong, end it, and make a new one at both aggregators",
      );
    }
    await tx.insertAudit({ at, what, task: number });
  });
}

/** The row of a task that is named by its id or by its first characters. Throws an OperatorError. */
export async function findTask(tx: Transaction, name: string): Promise<TaskRow> {
  const rows = await tx.tasks();
  const found = rows.filter(({ id }) => Buffer.from(id).toString("base64url").startsWith(name));
  if (name.length < SHORTEST_NAME) {
    throw new OperatorError(`task: expected an id or at least its first ${SHORTEST_NAME} characters, got "${name}"`);
  }
  const [row] = found;
  if (row === undefined) {
    throw new OperatorError(
      `there is no task ${name} in this store`,
      rows.length === 0
        ? "the store has no tasks: is it the right database?"
        : "`prio-aggregator task list` shows them",
    );
  }
  if (found.length > 1) throw new OperatorError(`${found.length} tasks begin with ${name}: give more of the id`);
  return row;
}

/** The states that lead to each state. An ended task stays ended. */
const BEFORE: Readonly<Record<TaskState, readonly TaskState[]>> = {
  active: ["active", "paused"],
  paused: ["active", "paused"],
  ended: ["active", "paused", "ended"],
};

/** Returns the task's state before. Throws an OperatorError for a task that has ended. */
export function setTaskState(store: Store, name: string, state: TaskState, at: number): Promise<TaskState> {
  return store.run("set task state", async (tx) => {
    const row = await findTask(tx, name);
    if (!BEFORE[state].includes(row.state)) {
      throw new OperatorError("the task has ended, and that is for good", "make a new task");
    }
    if (row.state === state) return state;
    await tx.updateTask(row.key, { state });
    await tx.insertAudit({ at, what: `task ${state}`, task: row.key });
    return row.state;
  });
}

/** What of a task is this operator's alone. */
export interface OwnPart {
  readonly settings: TaskSettings;
  readonly secrets: TaskSecrets;
}

/** Changes a task's settings and secrets. `change` throws what keeps it from being made. */
export function changeTask(
  store: Store,
  name: string,
  key: Secrets,
  at: number,
  what: string,
  change: (row: TaskRow, own: OwnPart) => OwnPart,
): Promise<TaskRow> {
  return store.run("change task", async (tx) => {
    const row = await findTask(tx, name);
    const next = change(row, { settings: settingsOf(row), secrets: secretsOf(row, key) });
    await tx.updateTask(row.key, {
      settings: JSON.stringify(next.settings),
      secrets: sealTaskSecrets(row, next.secrets, key),
    });
    await tx.insertAudit({ at, what, task: row.key });
    return row;
  });
}

/** Seals under the current key what is sealed under the old one, and returns how many tasks that were. */
export async function resealTasks(tx: Transaction, key: Secrets): Promise<number> {
  const rows = (await tx.tasks()).filter(({ secrets }) => key.isOld(secrets));
  for (const row of rows) {
    await tx.updateTask(row.key, { secrets: sealTaskSecrets(row, secretsOf(row, key), key) });
  }
  return rows.length;
}
