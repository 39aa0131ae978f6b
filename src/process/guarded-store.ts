// A store that a run writes into only while it has the lock (run-lock.ts).

import type { Content, Store, StoredObject, WriteOptions } from "../stores/store.js";
import type { RunLock } from "./run-lock.js";

export class GuardedStore implements Store {
  readonly #store: Store;
  readonly #lock: Pick<RunLock, "requireHeld">;

  constructor(store: Store, lock: Pick<RunLock, "requireHeld">) {
    this.#store = store;
    this.#lock = lock;
  }

  get name(): string {
    return this.#store.name;
  }

  list(prefix: string): AsyncIterable<StoredObject> {
    return this.#store.list(prefix);
  }

  stat(key: string): Promise<StoredObject | undefined> {
    return this.#store.stat(key);
  }

  read(key: string, version?: string): AsyncIterable<Buffer> {
    return this.#store.read(key, version);
  }

  async write(key: string, content: Content, options?: WriteOptions): Promise<StoredObject> {
    await this.#lock.requireHeld();
    return this.#store.write(key, content, options);
  }

  async delete(key: string): Promise<void> {
    await this.#lock.requireHeld();
    return this.#store.delete(key);
  }
}
