// Processes that die: at the n-th point of a run, before a transaction, at its end, after its commit, before a request
// leaves, or when its answer is lost. What died does nothing any more. A new process goes on with what was committed.

import { PeerUnavailable } from "../../src/jobs/peer.js";
import type { Role, Store } from "../../src/store/store.js";
import type { Pair } from "./pair.js";

/** Seconds. */
const STEP = 30;

export class Crash extends Error {
  override readonly name = "Crash";
}

/** Decides at each point whether the process dies there. */
export type Fate = () => boolean;

/** Dies at the n-th point, from 1 on. */
export function at(n: number): Fate {
  let point = 0;
  return () => ++point === n;
}

/** Lets both sides of a pair die by fate. */
export class Crashing {
  /** How often one died. */
  crashes = 0;
  readonly #pair: Pair;
  #fate: Fate;
  readonly #stores: Readonly<Record<Role, Store>>;
  readonly #isAlive = { leader: true, helper: true };

  constructor(pair: Pair, fate: Fate) {
    this.#pair = pair;
    this.#fate = fate;
    this.#stores = { leader: pair.leader.ctx.store, helper: pair.helper.ctx.store };
    this.#start("leader");
    this.#start("helper");
    const direct = pair.peer;
    pair.peer = {
      send: async (...request) => {
        this.#point("leader");
        const response = await direct.send(...request);
        if (!this.#isAlive.helper) {
          this.#start("helper");
          throw new PeerUnavailable("waiting for the helper: ECONNRESET");
        }
        this.#point("leader");
        return response;
      },
    };
  }

  /** A process over the store of its predecessor. */
  #start(role: Role): void {
    const real = this.#stores[role];
    const life = { isOver: false };
    this.#isAlive[role] = true;
    const point = () => {
      if (life.isOver) throw new Crash("it is dead");
      try {
        this.#point(role);
      } catch (error) {
        life.isOver = true;
        throw error;
      }
    };
    const store: Store = {
      run: async (name, body) => {
        point();
        const result = await real.run(name, async (tx) => {
          const made = await body(tx);
          point();
          return made;
        });
        point();
        return result;
      },
      compact: () => real.compact(),
      close: () => real.close(),
    };
    this.#pair[role].ctx = { ...this.#pair[role].ctx, store };
  }

  #point(role: Role): void {
    if (!this.#isAlive[role]) throw new Crash("it is dead");
    if (!this.#fate()) return;
    this.#isAlive[role] = false;
    this.crashes++;
    throw new Crash(`${role} died`);
  }

  /** Does something again until nobody dies of it. */
  async until<T>(what: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await what();
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        for (const role of ["leader", "helper"] as const) if (!this.#isAlive[role]) this.#start(role);
      }
    }
  }

  /** From now on, nobody dies. */
  end(): void {
    this.#fate = () => false;
    for (const role of ["leader", "helper"] as const) if (!this.#isAlive[role]) this.#start(role);
  }

  /** Carries on for so many seconds of the clock, in large steps, or until something is there. */
  async run<T>(seconds: number, isThere: () => Promise<T | null> = () => Promise.resolve(null)): Promise<T | null> {
    for (const end = this.#pair.now + seconds; this.#pair.now < end; this.#pair.now += STEP) {
      while (await this.until(() => this.#pair.round()));
      const there = await this.until(isThere);
      if (there !== null) return there;
    }
    return null;
  }
}
