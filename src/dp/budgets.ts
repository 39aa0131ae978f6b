// Privacy budgets: how much noise hides one client, by how much one client can change a result.

import type { Sensitivity } from "../core/noise.js";
import { PrioError } from "../errors.js";
import { DiscreteGaussian, DiscreteLaplace } from "./distributions.js";
import { fraction, type Rational, type RationalLike, rational } from "./rational.js";

/**
 * Pure differential privacy: no outcome becomes more than e^ε times as likely by what one client sends.
 *
 * @example
 * ```js
 * import { PureBudget } from "prio/dp";
 *
 * const noise = new PureBudget("0.5").noiseFor({ l1: 2n, l2Squared: 2n });
 * console.log(noise.scale); // { numerator: 4n, denominator: 1n }
 * ```
 */
export class PureBudget {
  /** ε, above 0. */
  readonly epsilon: Rational;

  /** Throws `invalid-argument`, and `out-of-range` for 0. */
  constructor(epsilon: RationalLike) {
    this.epsilon = positive(rational(epsilon, "epsilon"), "epsilon");
  }

  /** Discrete Laplace noise for each element of a result: its scale is l1 / ε. Throws `out-of-range` for none. */
  noiseFor({ l1 }: Sensitivity): DiscreteLaplace {
    return new DiscreteLaplace(fraction(l1 * this.epsilon.denominator, this.epsilon.numerator));
  }
}

/**
 * Zero-concentrated differential privacy (Bun and Steinke, 2016): the Rényi divergence of order α of the outcomes with
 * and without a change by one client is at most ρ·α. ε-pure privacy is ½ε²-zCDP.
 */
export class ZeroConcentratedBudget {
  /** ρ, above 0. */
  readonly rho: Rational;

  /** Throws `invalid-argument`, and `out-of-range` for 0. */
  constructor(rho: RationalLike) {
    this.rho = positive(rational(rho, "rho"), "rho");
  }

  /** Discrete Gaussian noise for each element: its variance is l2² / 2ρ. Throws `out-of-range` for none. */
  noiseFor({ l2Squared }: Sensitivity): DiscreteGaussian {
    return new DiscreteGaussian(fraction(l2Squared * this.rho.denominator, 2n * this.rho.numerator));
  }
}

function positive(x: Rational, subject: string): Rational {
  if (x.numerator === 0n) throw new PrioError("out-of-range", `${subject}: expected a number above 0`);
  return x;
}
