// What the counters of a task mean for its operator.

import { COUNTERS, REFUSED } from "../protocol/counters.js";
import type { Role } from "../store/store.js";

export interface NamedCounter {
  readonly name: string;
  readonly n: number;
}

/** How many reports came: at the leader by upload, at the helper in jobs, where each is counted or refused at once. */
export function arrivedOf(role: Role, counters: readonly NamedCounter[]): number {
  const sum = (isOf: (name: string) => boolean): number =>
    counters.reduce((total, { name, n }) => (isOf(name) ? total + n : total), 0);
  if (role === "leader") return sum((name) => name === COUNTERS.uploaded);
  return sum((name) => name === COUNTERS.aggregated || name.startsWith(REFUSED));
}
