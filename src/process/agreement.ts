// What both servers must agree on: the settings of a batch before anything is checked, and what was counted before
// anything is published. Each difference is named, with both values.

import { Failure } from "../files/failure.js";
import type { BatchManifest, Manifest, StageManifest } from "./manifest.js";

/** The servers differ in something. The batch ends here, at both. */
export class Disagreement extends Failure {}

/** Throws a Disagreement when a manifest is not the other server's of this batch and day. */
export function requirePeers(own: Manifest, other: Manifest, name: string): void {
  const expected = { ...own, server: own.server === "A" ? "B" : "A" };
  for (const field of ["app", "date", "batchId", "server"] as const) {
    if (other[field] === expected[field]) continue;
    throw new Disagreement(
      `${name}: expected ${field} ${JSON.stringify(expected[field])}, got ${JSON.stringify(other[field])}`,
      field === "server" ? "it is a copy of this server's own" : "it is of another batch or day",
    );
  }
}

/** Whether a batch has the same settings at both servers. */
export function hasSameSettings(own: BatchManifest, other: BatchManifest): boolean {
  return differencesOf(own, other, ["", ""]).length === 0;
}

/** Throws a Disagreement that names every setting in which the servers differ. */
export function requireSameSettings(own: BatchManifest, other: BatchManifest): void {
  const differences = differencesOf(own, other, ["here", "there"]);
  if (differences.length === 0) return;
  throw new Disagreement(
    `the servers differ: ${differences.join("; ")}`,
    "nothing was checked; correct one side, and run both again",
  );
}

/**
 * Throws a Failure when this server's settings are not those that a batch began with: what was checked with the one
 * must not be checked with the other.
 */
export function requireFirstSettings(first: BatchManifest, now: BatchManifest): void {
  const differences = differencesOf(first, now, ["when it began", "now"]);
  if (differences.length === 0) return;
  throw new Failure(
    `the settings are not those that this batch began with: ${differences.join("; ")}`,
    "put them back; other settings are for days that have not begun",
  );
}

/** The settings that differ, each with both values: `n_data is 5 here, 6 there`. */
function differencesOf(a: BatchManifest, b: BatchManifest, [here, there]: readonly [string, string]): string[] {
  const [x, y] = [a, b].map(
    ({ settings, secret }) => new Map(Object.entries({ ...settings, "the secret's fingerprint": secret })),
  );
  const names = new Set([...(x?.keys() ?? []), ...(y?.keys() ?? [])]);
  const shown = (value: string | number | undefined): string => JSON.stringify(value ?? null);
  return [...names]
    .filter((name) => x?.get(name) !== y?.get(name))
    .map((name) => `${name} is ${shown(x?.get(name))} ${here}, ${shown(y?.get(name))} ${there}`);
}

/** Throws a Disagreement unless both aggregates count the same reports. */
export function requireSameReports(own: StageManifest, other: StageManifest): void {
  const [here, there] = [own.reports, other.reports];
  if (here !== there) {
    throw new Disagreement(
      `the servers counted different reports: ${here} here, ${there} there`,
      "nothing was published; compare what each of the stages left out at both servers",
    );
  }
  if (own.ids !== other.ids) {
    throw new Disagreement(
      `the servers counted ${here} reports each, but not the same ones`,
      "nothing was published; compare what each of the stages left out at both servers",
    );
  }
}
