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

/** As operators write and read it, here and in `prio collect`: `laplace:epsilon=0.5` or `gaussian:rho=0.1`. */
export function noiseText(settings: NoiseSettings): string {
  return settings.mechanism === "laplace" ? `laplace:epsilon=${settings.epsilon}` : `gaussian:rho=${settings.rho}`;
}

/** Null for a text of another form. Throws a PrioError for a budget that is no number above 0. */
export function parseNoise(text: string): NoiseSettings | null {
  const [, epsilon, rho] = /^(?:laplace:epsilon=(.+)|gaussian:rho=(.+))$/.exec(text) ?? [];
  if (epsilon !== undefined) {
    new PureBudget(epsilon);
    return { mechanism: "laplace", epsilon };
  }
  if (rho === undefined) return null;
  new ZeroConcentratedBudget(rho);
  return { mechanism: "gaussian", rho };
}
