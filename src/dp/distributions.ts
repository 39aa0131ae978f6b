// The distributions that noise is drawn from, over the system's random source.

import type { Noise } from "../core/noise.js";
import { buffered, systemRandom } from "../core/random.js";
import { PrioError } from "../errors.js";
import { fraction, type Rational, type RationalLike, rational } from "./rational.js";
import { discreteGaussian, discreteLaplace } from "./samplers.js";

/** Bytes of randomness drawn at once. */
const RANDOM_BYTES = 1024;
const random = /* @__PURE__ */ buffered(systemRandom, RANDOM_BYTES);

/**
 * The discrete Laplace distribution: x comes with a chance proportional to e^(−|x| / scale).
 *
 * @example
 * ```js
 * import { DiscreteLaplace } from "prio/dp";
 *
 * const noise = new DiscreteLaplace("2.5");
 * console.log(typeof noise.sample()); // bigint
 * ```
 */
export class DiscreteLaplace implements Noise {
  /** The scale, above 0. */
  readonly scale: Rational;

  /** Throws `invalid-argument`, and `out-of-range` for 0. */
  constructor(scale: RationalLike) {
    this.scale = positive(rational(scale, "scale"), "scale");
  }

  sample(): bigint {
    return discreteLaplace(this.scale, random);
  }
}

/** The discrete Gaussian distribution: x comes with a chance proportional to e^(−x² / 2·variance). */
export class DiscreteGaussian implements Noise {
  /** The variance of the continuous Gaussian of the same form, above 0; this one's is a little smaller. */
  readonly variance: Rational;

  /** Throws `invalid-argument`, and `out-of-range` for 0. */
  constructor(variance: RationalLike) {
    this.variance = positive(rational(variance, "variance"), "variance");
  }

  /** The distribution of a standard deviation: the variance is its square. Throws as the constructor does. */
  static ofDeviation(deviation: RationalLike): DiscreteGaussian {
    const { numerator, denominator } = rational(deviation, "standard deviation");
    return new DiscreteGaussian(fraction(numerator ** 2n, denominator ** 2n));
  }

  sample(): bigint {
    return discreteGaussian(this.variance, random);
  }
}

function positive(x: Rational, subject: string): Rational {
  if (x.numerator === 0n) throw new PrioError("out-of-range", `${subject}: expected a number above 0`);
  return x;
}
