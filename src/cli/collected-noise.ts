// The noise in a collected result: what the operators say that they add, and by how much totals may be off for it.

import { parseNoise } from "../batch/noise.js";
import type { Sensitivity } from "../prio3/index.js";
import { usageFailure } from "./exit.js";
import { parseOption } from "./options.js";

/** The noise of both aggregators together. */
export interface CollectedNoise {
  /** The leader's and the helper's, such as `laplace:epsilon=1,scale=6`; `none` where one adds none. */
  readonly leader: string;
  readonly helper: string;
  /** The standard deviation of each total. */
  readonly deviation: number;
}

/**
 * Reads `--noise`: one value for both aggregators, or the leader's and the helper's; null without a value. Throws a
 * usage failure.
 */
export function collectedNoise(texts: readonly string[], sensitivity: Sensitivity): CollectedNoise | null {
  if (texts.length === 0) return null;
  if (texts.length > 2) throw usageFailure("--noise: expected one value for both aggregators, or two, got more");
  const [leader, helper = leader] = texts.map((text) =>
    text === "none" ? { note: "none", variance: 0 } : parseOption("noise", () => parseNoise(text, sensitivity)),
  ) as [Parsed, Parsed?];
  const variance = leader.variance + (helper as Parsed).variance;
  if (variance === 0) return null;
  return { leader: leader.note, helper: (helper as Parsed).note, deviation: Math.sqrt(variance) };
}

interface Parsed {
  readonly note: string;
  readonly variance: number;
}
