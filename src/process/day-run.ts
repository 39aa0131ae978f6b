// All batches of a day, side by side. One batch that fails does not keep the others from being published. When every
// batch is through a stage, or will never be, the stage's `_SUCCESS` says so to a prio-processor at the other side.

import { Failure } from "../files/failure.js";
import type { DaySettings, RunContext } from "./batch-context.js";
import { DayBatch, type DayServices } from "./day-batch.js";
import { counted, type ProcessEvent } from "./events.js";
import { AppLayout, type DayLayout, EXCHANGES, SUCCESS } from "./layout.js";
import { answerUnknown } from "./notice.js";
import { putSmall } from "./small-object.js";
import { type BatchStanding, Standings, type State } from "./standings.js";
import { Waiting } from "./waiting.js";

/** Milliseconds between two writings of where the batches stand. */
const STANDINGS = 2000;

/** Runs a day, and returns where each batch ended. Throws when the whole run must end: the signal's reason. */
export async function runDay(run: RunContext, settings: DaySettings): Promise<readonly BatchStanding[]> {
  const { config, stores, clock, signal } = run;
  const { date, deadline, onEvent } = settings;
  const app = new AppLayout({ ...config, prefix: config.stores.prefix });
  const day = app.day(date);
  const standings = new Standings(date, clock, (text) => putSmall(stores.private, day.status, text));
  const tell = (event: Omit<ProcessEvent, "date">): void => onEvent({ date, ...event });
  const waiting = new Waiting({ clock, retry: config.retry, deadline, signal });
  const sharesReady = once(async () => {
    const place = `${stores.ingest.name}/${day.raw}`;
    await waiting.until(`the shares' ${SUCCESS}`, place, () => stores.ingest.stat(`${day.raw}/${SUCCESS}`));
    await tellOfUnknown(run, day.raw, tell);
  });
  const services: DayServices = { ...settings, app, day, waiting, sharesReady, standings };
  const batches = config.batches.map((batch) => new DayBatch(run, services, batch));

  tell({ level: "info", event: "day-started", message: counted(config.batches.length, "batch", "batches") });
  // A marker that cannot be written must not end the batches that are on their way.
  let unmarked: Failure | undefined;
  const end = new AbortController();
  const writing = standings.keepWriting(STANDINGS, end.signal);
  try {
    await unlessAborted(signal, async () => {
      const stages = EXCHANGES.slice(1).map(async (exchange) => {
        const passed = await Promise.all(batches.map((batch) => batch.passed(exchange)));
        if (!passed.every(Boolean)) return;
        const onTrouble = (message: string): void => tell({ level: "warn", event: "store-trouble", message });
        try {
          await waiting.untilStoresAnswer(
            () => putSmall(stores.peer, `${day.outgoing(exchange)}/${SUCCESS}`, ""),
            onTrouble,
          );
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof Failure)) throw error;
          tell({ level: "error", event: "store-trouble", stage: exchange, message: error.message });
          unmarked ??= error;
        }
      });
      await Promise.all([...batches.map((batch) => batch.run()), ...stages]);
      if (config.peer === "prio") await tellOfPeersUnknown(run, day, tell);
    });
  } finally {
    end.abort();
    await writing;
  }
  const counts = countStates(standings.batches);
  const message = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  const level = isWhole(standings.batches) ? "info" : "warn";
  tell({ level, event: "day-ended", message: message.join(", "), fields: counts });
  // When other batches are left, the next run writes the marker as well.
  if (unmarked !== undefined && isWhole(standings.batches)) throw unmarked;
  return standings.batches;
}

/** Whether nothing is left to do: all batches that any server has are published. */
export function isWhole(batches: readonly BatchStanding[]): boolean {
  return batches.every(({ state }) => state === "published" || state === "empty");
}

function countStates(batches: readonly BatchStanding[]): Partial<Record<State, number>> {
  const counts: Partial<Record<State, number>> = {};
  for (const { state } of batches) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Tells of batches among the shares that the configuration does not have. */
async function tellOfUnknown(
  { config, stores }: RunContext,
  raw: string,
  tell: (event: Omit<ProcessEvent, "date">) => void,
): Promise<void> {
  const known = new Set(config.batches.map(({ folder }) => folder));
  const unknown = new Set<string>();
  for await (const { key } of stores.ingest.list(`${raw}/batch_id=`)) {
    const folder = key.slice(raw.length + 1).replace(/\/.*/, "");
    if (!known.has(folder)) unknown.add(folder);
  }
  if (unknown.size === 0) return;
  const message = `the shares have batches that are not in the configuration: ${firstOf([...unknown])}`;
  tell({ level: "warn", event: "shares-unknown", stage: "raw", message, fields: { batches: unknown.size } });
}

/** Tells of batches that the other server has begun and the configuration does not have, and tells the other, too. */
async function tellOfPeersUnknown(
  { config, stores }: RunContext,
  day: DayLayout,
  tell: (event: Omit<ProcessEvent, "date">) => void,
): Promise<void> {
  try {
    const known = new Set(config.batches.map(({ folder }) => folder));
    const unknown = await answerUnknown({ stores, day }, known);
    if (unknown.length === 0) return;
    const message = `the peer has begun what is not in the configuration: ${firstOf(unknown)}`;
    tell({ level: "warn", event: "peer-unknown", stage: "manifest", message, fields: { batches: unknown.length } });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    tell({ level: "warn", event: "store-trouble", stage: "manifest", message: error.message });
  }
}

/** The first of some folders, and how many others there are. */
function firstOf([first = "", ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

/** `work`, which is done once, whoever asks first; when it fails, whoever asks next tries again. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
  };
}

/** What `work` gives. Rejects with the signal's reason as soon as that is aborted, though `work` goes on. */
async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
