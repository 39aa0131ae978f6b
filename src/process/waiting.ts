// Waiting for what somebody else writes into a store: looking again and again, at growing intervals, until it is there,
// the deadline has passed, or there were looks enough.

import { Failure } from "../files/failure.js";
import { StoreError } from "../stores/store.js";
import type { Clock } from "./clock.js";

/** Milliseconds between two looks, at most. */
const MAX_DELAY = 60_000;
/** Milliseconds before what failed for a store that does not answer is tried again: the store has tried for a while. */
const TROUBLE_DELAY = 1000;

/** What was waited for did not come. */
export class NotCome extends Failure {}

export interface WaitSettings {
  readonly clock: Clock;
  /** In seconds; see config.ts. */
  readonly retry: { readonly delay: number; readonly exponent: number; readonly limit: number | undefined };
  /** By `clock.now()`. */
  readonly deadline: number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
}

/** Looks until there is something. */
export class Waiting {
  readonly #settings: WaitSettings;

  constructor(settings: WaitSettings) {
    this.#settings = settings;
  }

  /**
   * What `look` finds. A store that does not answer is asked again like one that has nothing yet. Throws NotCome with
   * `what` in its message and `place` in its hint when nothing came in time, the store's other errors, and the signal's
   * reason.
   */
  async until<T>(what: string, place: string, look: () => Promise<T | undefined>): Promise<T> {
    const { clock, retry, deadline, signal } = this.#settings;
    let delay = 1000 * retry.delay;
    for (let looks = 0; ; looks++) {
      signal.throwIfAborted();
      let trouble: StoreError | undefined;
      try {
        const found = await look();
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof StoreError && error.isTransient)) throw error;
        trouble = error;
      }
      const left = deadline - clock.now();
      if (left <= 0) throw notCome(what, place, "until the deadline", trouble);
      if (retry.limit !== undefined && looks >= retry.limit)
        throw notCome(what, place, `in ${looks + 1} looks`, trouble);
      await clock.sleep(Math.min(delay, left), signal);
      delay = Math.min(delay * retry.exponent, Math.max(MAX_DELAY, 1000 * retry.delay));
    }
  }

  /**
   * What `work` gives. When a store does not answer, it is done again, until the deadline; `onTrouble` gets the
   * sentence each time. Throws `work`'s other errors, and the signal's reason.
   */
  async untilStoresAnswer<T>(work: () => Promise<T>, onTrouble: (message: string) => void): Promise<T> {
    const { clock, deadline, signal } = this.#settings;
    for (let delay = TROUBLE_DELAY; ; delay = Math.min(2 * delay, MAX_DELAY)) {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof StoreError && error.isTransient) || clock.now() + delay > deadline) throw error;
        onTrouble(error.message);
        await clock.sleep(delay, signal);
      }
    }
  }
}

function notCome(what: string, place: string, when: string, trouble: StoreError | undefined): NotCome {
  const why = trouble === undefined ? "" : `: ${trouble.message}`;
  return new NotCome(`${what} did not come ${when}${why}`, `it would be in ${place}`);
}
