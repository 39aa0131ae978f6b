// What noise an operator set for a task, and how much that is: for one client's measurement, by the VDAF's sensitivity.

import { type Noise, PureBudget, type Sensitivity, ZeroConcentratedBudget } from "prio/dp";
import type { NoiseSettings } from "./task.js";

/** What noise is for: the VDAFs of prio have a sensitivity. */
export interface NoiseFor {
  readonly sensitivity: Sensitivity;
}

/** Throws a PrioError for a budget that is no number above 0. */
export function noiseOf(settings: NoiseSettings, { sensitivity }: NoiseFor): Noise {
  return settings.mechanism === "laplace"
    ? new PureBudget(settings.epsilon).noiseFor(sensitivity)
    : new ZeroConcentratedBudget(settings.rho).noiseFor(sensitivity);
}

/** The standard deviation of one aggregator's noise in each element of a result. */
export function deviationOf(settings: NoiseSettings, { sensitivity }: NoiseFor): number {
  if (settings.mechanism === "laplace") {
    const { numerator, denominator } = new PureBudget(settings.epsilon).noiseFor(sensitivity).scale;
    return Math.SQRT2 * (Number(numerator) / Number(denominator));
  }
  const { numerator, denominator } = new ZeroConcentratedBudget(settings.rho).noiseFor(sensitivity).variance;
  return Math.sqrt(Number(numerator) / Number(denominator));
}

/** As operators write and read it: `laplace:EPSILON` or `gaussian:RHO`. */
export function noiseText(settings: NoiseSettings): string {
  return settings.mechanism === "laplace" ? `laplace:${settings.epsilon}` : `gaussian:${settings.rho}`;
}

/** Null for a text that is neither `laplace:…` nor `gaussian:…`. Throws a PrioError for a budget that is no number. */
export function parseNoise(text: string): NoiseSettings | null {
  const [, mechanism, amount = ""] = /^(laplace|gaussian):(.+)$/.exec(text) ?? [];
  if (mechanism === "laplace") {
    new PureBudget(amount);
    return { mechanism, epsilon: amount };
  }
  if (mechanism === "gaussian") {
    new ZeroConcentratedBudget(amount);
    return { mechanism, rho: amount };
  }
  return null;
}
