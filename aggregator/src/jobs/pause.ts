// A pause between two rounds of a loop, which can be cut short.

export class Pause {
  #end: (() => void) | undefined;

  /** Waits so many milliseconds, or until `wake`. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), milliseconds);
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends the pause that goes on, if there is one. */
  wake(): void {
    this.#end?.();
    this.#end = undefined;
  }
}
