// The operations of one transaction as its body gets them: one after the other, and none after the end. The first that
// fails fails the transaction, whatever the body makes of its error.

import type { Transaction } from "./store.js";

type Operation = (...args: readonly unknown[]) => Promise<unknown>;

export class Operations {
  readonly transaction: Transaction;
  #isEnded = false;
  #failure: { readonly error: unknown } | null = null;
  /** Ends with the operation that was asked for last. */
  #last: Promise<void> = Promise.resolve();

  constructor(all: Transaction) {
    const guarded = Object.entries(all).map(([name, operation]) => [
      name,
      (...args: readonly unknown[]) => this.#carryOut(() => (operation as Operation)(...args)),
    ]);
    this.transaction = Object.fromEntries(guarded) as Transaction;
  }

  /** Takes no more operations, waits for those that the body did not wait for, and throws what one of them threw. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#last;
    if (this.#failure !== null) throw this.#failure.error;
  }

  #carryOut(operation: () => Promise<unknown>): Promise<unknown> {
    if (this.#isEnded) return Promise.reject(new Error("store: the transaction has ended"));
    const result = this.#last.then(() => {
      if (this.#failure !== null) throw this.#failure.error;
      return operation();
    });
    this.#last = result.then(
      () => undefined,
      (error: unknown) => {
        this.#failure ??= { error };
      },
    );
    return result;
  }
}
