// Permits for what there is only so much of, such as threads: all stages together have as many as there are cores,
// however many batches there are.

/** First come, first served; whoever asks for many gets them before those that come later. */
export class Permits {
  readonly count: number;
  #free: number;
  readonly #waiting: { readonly count: number; readonly go: () => void }[] = [];

  constructor(count: number) {
    this.count = count;
    this.#free = count;
  }

  /** Waits for so many permits, which must not be more than there are. Call what it returns once to give them back. */
  async take(count: number): Promise<() => void> {
    await new Promise<void>((go) => {
      this.#waiting.push({ count, go });
      this.#serve();
    });
    return () => {
      this.#free += count;
      this.#serve();
    };
  }

  /** Runs `work` with so many permits. */
  async with<T>(count: number, work: () => Promise<T>): Promise<T> {
    const release = await this.take(count);
    try {
      return await work();
    } finally {
      release();
    }
  }

  #serve(): void {
    for (let first = this.#waiting[0]; first !== undefined && first.count <= this.#free; first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= first.count;
      first.go();
    }
  }
}
