// A bounded queue of work that is under way.

/** First in, first out. When the queue is full, `push` first takes the oldest item. */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #bound: number;
  readonly #take: (item: T) => Promise<void>;

  constructor(bound: number, take: (item: T) => Promise<void>) {
    this.#bound = bound;
    this.#take = take;
  }

  async push(item: T): Promise<void> {
    this.#items.push(item);
    while (this.#items.length >= this.#bound) await this.#take(this.#items.shift() as T);
  }

  async drain(): Promise<void> {
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) await this.#take(item);
  }
}

/**
 * Keeps a promise that fails before anyone awaits it from ending the process. Whoever awaits it still gets the error.
 */
export function withRejectionHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
