// The lock of a run, so that no two runs of one side work at a time, on whichever machines: an object in the private
// store for each run that wants it. As with the lock of a directory (files/directory-lock.ts), a run writes an object
// of its own, then looks for others, and has the lock when it sees none. Of two that begin at a time, each sees the
// other, so never do both have it. Nothing has to be taken over, and no store needs to know conditional requests.
//
// While a run lives, it writes its object again and again. An object of another machine that has not changed for a
// while, by our own clock, is that of a dead run, and may be removed. The run that it belonged to notices, if it lives
// after all, and writes nothing more.

import { randomBytes } from "node:crypto";
import { Failure } from "../files/failure.js";
import { formatProcess, type ProcessName, parseProcess, stateOf, thisProcess } from "../files/processes.js";
import { contentOf } from "../stores/content.js";
import type { Store, StoredObject } from "../stores/store.js";
import type { Clock } from "./clock.js";
import { readSmall } from "./small-object.js";

/** Milliseconds between two beats of a run. */
const BEAT = 15_000;
/** Without a beat for so long, a run counts as dead. */
const STALE = 90_000;
/** Milliseconds between two looks at a lock that may be of a dead run. */
const LOOK = 5000;
/** When the last beat is so long ago, a run makes sure before it writes. */
const UNSURE = STALE / 2;

/** Another run has the lock. */
export class AnotherRun extends Failure {}

/** This run has lost its lock: others took it for dead. */
export class LockLost extends Failure {}

export interface RunLockSettings {
  readonly store: Store;
  /** Where the objects are; it ends with a slash. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly self?: ProcessName;
}

/** A run in its object: whether it has the lock, or is about to. */
interface Entry {
  readonly state: "holding" | "waiting";
  readonly beat: number;
}

/** When an object was first seen as it is, and whether it was seen otherwise before. */
interface Sight {
  readonly version: string;
  readonly since: number;
  readonly hasChanged: boolean;
}

/** A lock that this run holds. */
export class RunLock {
  readonly #settings: RunLockSettings;
  readonly #self: ProcessName;
  readonly #key: string;
  readonly #lost = new AbortController();
  readonly #end = new AbortController();
  #beat = 0;
  /** When it was last known to be there: by the clock, and by the time of day, which goes on while a machine sleeps. */
  #sureAt = [0, 0] as readonly [number, number];
  #beating: Promise<void> = Promise.resolve();

  private constructor(settings: RunLockSettings) {
    this.#settings = settings;
    this.#self = settings.self ?? thisProcess();
    this.#key = `${settings.prefix}${formatProcess(this.#self)},${randomBytes(8).toString("hex")}`;
  }

  /** Takes the lock. Throws AnotherRun when a living run has it, and the store's errors. */
  static async take(settings: RunLockSettings): Promise<RunLock> {
    const lock = new RunLock(settings);
    try {
      await lock.#write("waiting");
      await lock.#waitForOthers();
      await lock.#write("holding");
    } catch (error) {
      await lock.#remove();
      throw error;
    }
    lock.#beating = lock.#keepBeating();
    return lock;
  }

  /** Aborted when the lock is lost; the reason is a LockLost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** To be asked before every write. Throws LockLost, and the store's errors. */
  async requireHeld(): Promise<void> {
    this.#lost.signal.throwIfAborted();
    if (this.#age() > UNSURE) await this.#beatOnce();
    this.#lost.signal.throwIfAborted();
  }

  /** Gives the lock back. Throws nothing: what cannot be removed now is removed by the next run. */
  async release(): Promise<void> {
    this.#end.abort();
    await this.#beating;
    this.#lost.abort(new LockLost("the lock was given back"));
    await this.#remove();
  }

  async #waitForOthers(): Promise<void> {
    const { store, prefix, clock, signal } = this.#settings;
    const seen = new Map<string, Sight>();
    for (;;) {
      let others = 0;
      for await (const object of store.list(prefix)) {
        if (object.key === this.#key) continue;
        const other = this.#look(object, seen);
        if (other.isDead) {
          await store.delete(object.key);
          continue;
        }
        others++;
        if (other.lives) await this.#requireFirst(object.key, other.process);
      }
      if (others === 0) return;
      await clock.sleep(LOOK, signal);
      if (this.#age() > BEAT) await this.#write("waiting");
    }
  }

  /** What can be told of the run that an object belongs to. Where both are false, time will tell. */
  #look(
    { key, version }: StoredObject,
    seen: Map<string, Sight>,
  ): { readonly process: ProcessName | undefined; readonly isDead: boolean; readonly lives: boolean } {
    const now = this.#settings.clock.now();
    const before = seen.get(key);
    const sight = before?.version === version ? before : { version, since: now, hasChanged: before !== undefined };
    seen.set(key, sight);
    const process = parseProcess(key.slice(this.#settings.prefix.length).replace(/,[^,]*$/, ""));
    const state = process === undefined ? "unknown" : stateOf(process, this.#self);
    const isStale = now - sight.since >= STALE;
    return {
      process,
      isDead: state === "dead" || (state === "unknown" && isStale),
      lives: state === "alive" || (state === "unknown" && sight.hasChanged && !isStale),
    };
  }

  /** Throws AnotherRun when a living run has the lock, or began to take it at the same time and goes first. */
  async #requireFirst(key: string, process: ProcessName | undefined): Promise<void> {
    const { store } = this.#settings;
    const entry = await readEntry(store, key);
    if (entry === undefined || (entry.state === "waiting" && key > this.#key)) return;
    const who = process === undefined ? "" : `: process ${process.pid} of ${process.host}`;
    throw new AnotherRun(`another run is there${who}`, `its lock is ${key} in ${store.name}`);
  }

  async #keepBeating(): Promise<void> {
    const { clock } = this.#settings;
    while (!this.#end.signal.aborted && !this.#lost.signal.aborted) {
      try {
        await clock.sleep(BEAT, this.#end.signal);
        await this.#beatOnce();
      } catch {
        // The store does not answer, or the run ends. Before it writes anything, a run makes sure.
      }
    }
  }

  /** Says that this run lives, unless another has removed its object or holds the lock. */
  async #beatOnce(): Promise<void> {
    const { store, prefix } = this.#settings;
    if ((await store.stat(this.#key)) === undefined) return this.#lose();
    await this.#write("holding");
    for await (const object of store.list(prefix)) {
      if (object.key === this.#key) continue;
      if ((await readEntry(store, object.key))?.state === "holding") {
        await this.#remove();
        return this.#lose();
      }
    }
  }

  #lose(): void {
    this.#lost.abort(new LockLost("this run has lost its lock: it did not answer for too long, and another has begun"));
  }

  async #write(state: Entry["state"]): Promise<void> {
    const { store } = this.#settings;
    const at = this.#times();
    await store.write(this.#key, contentOf(`${JSON.stringify({ state, beat: this.#beat++ })}\n`));
    this.#sureAt = at;
  }

  async #remove(): Promise<void> {
    try {
      await this.#settings.store.delete(this.#key);
    } catch {
      // The next run finds it dead.
    }
  }

  #times(): readonly [number, number] {
    const { clock } = this.#settings;
    return [clock.now(), clock.date().getTime()];
  }

  #age(): number {
    const [now, date] = this.#times();
    return Math.max(now - this.#sureAt[0], date - this.#sureAt[1]);
  }
}

/** What a lock's object says, or undefined when it has gone or says nothing. */
async function readEntry(store: Store, key: string): Promise<Entry | undefined> {
  try {
    const bytes = await readSmall(store, key, 4096);
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString("utf8")) as Entry);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
