// The totals of both servers' aggregates, and what is said of the noise in them.

import { type Config, publish, publishNoisy } from "../index.js";
import type { Aggregate } from "./aggregate-sum.js";

/** The totals; those with noise may be negative. Throws the library's errors. */
export function totalsOf(config: Config, a: Aggregate, b: Aggregate): bigint[] {
  return (hasNoise(a, b) ? publishNoisy : publish)(config, a.shares, b.shares);
}

/** Whether one of the aggregates says that it has noise. */
export function hasNoise(a: Aggregate, b: Aggregate): boolean {
  return a.noise.length + b.noise.length > 0;
}

/** The member of the published object for the noise, after a comma; nothing without noise. */
export function noiseMember(a: Aggregate, b: Aggregate): string {
  // With Python's spaces, as in the rest of the file.
  const list = (notes: readonly string[]) => `[${notes.map((note) => JSON.stringify(note)).join(", ")}]`;
  return hasNoise(a, b) ? `, "noise": {"A": ${list(a.noise)}, "B": ${list(b.noise)}}` : "";
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
