// A queue with a bound, for work that is under way.

/** Lets a promise fail before anyone waits for it: whoever waits later still gets the error. */
export function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** First in, first out, with a bound: pushing onto a full queue first takes the oldest. */
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
