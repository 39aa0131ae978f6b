// The tasks of a process, read from the store again and again, so that a task that the command made is served without a
// restart. A task that did not change stays the same object.

import type { Store, TaskRow } from "../store/store.js";
import type { Secrets } from "./secrets.js";
import { taskOfRow } from "./stored-task.js";
import type { AggregatorTask } from "./task.js";

interface Known {
  readonly row: TaskRow;
  readonly task: AggregatorTask;
}

export class TaskRegistry {
  readonly #store: Store;
  readonly #secrets: Secrets;
  #known: ReadonlyMap<string, Known> = new Map();
  #tasks: readonly AggregatorTask[] = [];

  private constructor(store: Store, secrets: Secrets) {
    this.#store = store;
    this.#secrets = secrets;
  }

  /** Throws an OperatorError if the store is sealed under another key. */
  static async load(store: Store, secrets: Secrets): Promise<TaskRegistry> {
    const registry = new TaskRegistry(store, secrets);
    await registry.refresh();
    return registry;
  }

  /** The task of an id in unpadded base64url. */
  byId(idText: string): AggregatorTask | undefined {
    return this.#known.get(idText)?.task;
  }

  /** All tasks, in the order in which they were made. */
  all(): readonly AggregatorTask[] {
    return this.#tasks;
  }

  /** Reads the store. If that fails, or a new row cannot be read, the tasks stay as they were. */
  async refresh(): Promise<void> {
    const rows = await this.#store.run("read tasks", (tx) => tx.tasks());
    const next = new Map<string, Known>();
    for (const row of rows) {
      const idText = Buffer.from(row.id).toString("base64url");
      const known = this.#known.get(idText);
      next.set(idText, known !== undefined && isSame(known.row, row) ? known : { row, task: this.#read(row, known) });
    }
    this.#known = next;
    this.#tasks = Array.from(next.values(), ({ task }) => task).sort((a, b) => a.key - b.key);
  }

  /** The VDAF stays the same instance: states of reports that are on their way are of use to no other. */
  #read(row: TaskRow, known: Known | undefined): AggregatorTask {
    return taskOfRow(row, this.#secrets, known?.row.document === row.document ? known.task.vdaf : undefined);
  }
}

/** Rows are never changed but for these three. */
function isSame(a: TaskRow, b: TaskRow): boolean {
  return a.state === b.state && a.settings === b.settings && Buffer.compare(a.secrets, b.secrets) === 0;
}
