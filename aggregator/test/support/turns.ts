// One thing at a time: what a process does is cut at its transactions and requests, and a schedule says who goes on
// next. A process that dies stops at the cut where it is. With the same schedule, the same happens.

/** What a process that died meets at its next cut. */
export class Dead extends Error {
  override readonly name = "Dead";
}

/** A process from its start to its death. */
export interface Life {
  isOver: boolean;
}

interface Parked {
  readonly life: Life;
  readonly goOn: () => void;
  readonly stop: (error: Error) => void;
}

export class Turns {
  readonly #parked: Parked[] = [];
  #running = 0;
  #settled: (() => void) | undefined;

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#parked.length;
  }

  /** A cut: what is done waits here for its turn. Throws `Dead` if the process has died. */
  cut(life: Life): Promise<void> {
    if (life.isOver) return Promise.reject(new Dead("it is dead"));
    return new Promise<void>((resolve, reject) => {
      this.#parked.push({ life, goOn: resolve, stop: reject });
      this.#pause();
    });
  }

  /** Waits for something from outside, which `enter` must follow. */
  leave(): void {
    this.#pause();
  }

  enter(): void {
    this.#running++;
  }

  /** Begins something, and returns when it has ended or waits at a cut. */
  begin(what: () => Promise<void>): Promise<void> {
    this.#running++;
    void what().finally(() => this.#pause());
    return this.settle();
  }

  /** Lets the n-th of those that wait go on to its next cut. */
  goOn(n: number): Promise<void> {
    const [parked] = this.#parked.splice(n, 1);
    if (parked === undefined) throw new Error("nothing waits there");
    this.#running++;
    parked.goOn();
    return this.settle();
  }

  /** Ends a process: what it does is stopped. */
  async end(life: Life): Promise<void> {
    life.isOver = true;
    for (;;) {
      const at = this.#parked.findIndex((parked) => parked.life === life);
      if (at < 0) return;
      const [parked] = this.#parked.splice(at, 1);
      this.#running++;
      parked?.stop(new Dead("it died"));
      await this.settle();
    }
  }

  /** Resolves when nothing runs. */
  settle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled = resolve;
    });
  }

  #pause(): void {
    this.#running--;
    if (this.#running > 0) return;
    const settled = this.#settled;
    this.#settled = undefined;
    settled?.();
  }
}
