// --noise, and how the command words what files say of noise.

import { configOf, type ServerRole } from "../batch/batch.js";
import { parseNoise, type TotalNoise } from "../batch/noise.js";
import { type Options, parseOption } from "./options.js";

/** The noise that --noise asks for, by what one client can change in this batch. */
export function noiseFrom(options: Options, { batch }: ServerRole): TotalNoise | undefined {
  const text = options.text("noise");
  if (text === undefined) return undefined;
  return parseOption("noise", () => parseNoise(text, configOf(batch).sensitivity));
}

/** Notes of noise, each with how often it is there: `2 × laplace:scale=3`. */
export function notesInWords(notes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const note of notes) counts.set(note, (counts.get(note) ?? 0) + 1);
  const words = [...counts].map(([note, count]) => (count === 1 ? note : `${count} × ${note}`));
  return words.length === 0 ? "none" : words.join(", ");
}

/** The noise of both servers. */
export function noiseInWords(a: readonly string[], b: readonly string[]): string {
  return `${notesInWords(a)} of A, ${notesInWords(b)} of B`;
}
