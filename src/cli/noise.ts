// --noise of aggregate.

import { configOf, type ServerRole } from "../batch/batch.js";
import { parseNoise, type TotalNoise } from "../batch/noise.js";
import { type Options, parseOption } from "./options.js";

/** The noise that --noise asks for, by what one client can change in this batch. */
export function noiseFrom(options: Options, { batch }: ServerRole): TotalNoise | undefined {
  const text = options.text("noise");
  if (text === undefined) return undefined;
  return parseOption("noise", () => parseNoise(text, configOf(batch).sensitivity));
}
