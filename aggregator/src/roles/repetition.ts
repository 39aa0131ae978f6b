// Something that a process does again and again, and that may fail: then the log says so, and it is done the next time.

import type { Context } from "../context.js";

export interface Repetition {
  /** Ends the round that runs, and does not begin another. */
  stop(): Promise<void>;
}

/** Begins the first round after `seconds`, and each other as long after the one before. */
export function every(
  { log }: Pick<Context, "log">,
  name: string,
  seconds: number,
  round: (signal: AbortSignal) => Promise<unknown>,
): Repetition {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const run = async (): Promise<void> => {
    try {
      await round(stopping.signal);
    } catch (err) {
      log.warn({ err, name }, "a round failed, and is tried again");
    }
    wait();
  };
  const wait = (): void => {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      running = run();
    }, seconds * 1000);
  };
  wait();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
