// What a result and the noise that is added to it know of each other.

/**
 * By how much a result changes when one client sends another measurement instead of its own (the substitution model of
 * differential privacy).
 */
export interface Sensitivity {
  /** The largest possible sum of the absolute changes of all elements. */
  readonly l1: bigint;
  /** The largest possible sum of the squares of the changes. */
  readonly l2Squared: bigint;
}

/** What noise is drawn from. */
export interface Noise {
  /** A fresh draw, below or above 0. */
  sample(): bigint;
}
