/**
 * Exact noise for what is published.
 *
 * @module prio/dp
 */

// What users import. No logic here.

export type { Noise, Sensitivity } from "../core/noise.js";
export { PrioError, type PrioErrorCode } from "../errors.js";
export { PureBudget, ZeroConcentratedBudget } from "./budgets.js";
export { DiscreteGaussian, DiscreteLaplace } from "./distributions.js";
export type { Rational, RationalLike } from "./rational.js";
