// A store that is asked for a bounded number of things at a time, however many batches there are.

import type { Content, Store, StoredObject, WriteOptions } from "../stores/store.js";
import { Permits } from "./permits.js";

/** Requests that are under way at a time. */
const MAX_REQUESTS = 32;

export class LimitedStore implements Store {
  readonly #store: Store;
  readonly #permits = new Permits(MAX_REQUESTS);

  constructor(store: Store) {
    this.#store = store;
  }

  get name(): string {
    return this.#store.name;
  }

  list(prefix: string): AsyncIterable<StoredObject> {
    return this.#streamed(() => this.#store.list(prefix));
  }

  stat(key: string): Promise<StoredObject | undefined> {
    return this.#permits.with(1, () => this.#store.stat(key));
  }

  read(key: string, version?: string): AsyncIterable<Buffer> {
    return this.#streamed(() => this.#store.read(key, version));
  }

  write(key: string, content: Content, options?: WriteOptions): Promise<StoredObject> {
    return this.#permits.with(1, () => this.#store.write(key, content, options));
  }

  delete(key: string): Promise<void> {
    return this.#permits.with(1, () => this.#store.delete(key));
  }

  /** A stream counts until its reader has ended. */
  async *#streamed<T>(open: () => AsyncIterable<T>): AsyncGenerator<T> {
    const release = await this.#permits.take(1);
    try {
      yield* open();
    } finally {
      release();
    }
  }
}
