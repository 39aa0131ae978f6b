// What the counters of a task mean. The protocol's parts add to them; the page and `/metrics` read them.

import type { Role } from "../store/store.js";

export interface NamedCounter {
  readonly name: string;
  readonly n: number;
}

/** What stands before the reason that reports were refused for. */
export const REFUSED = "refused:";

/** How many reports came: at the leader by upload, at the helper in jobs, where each is counted or refused at once. */
export function arrivedOf(role: Role, counters: readonly NamedCounter[]): number {
  const sum = (isOf: (name: string) => boolean): number =>
    counters.reduce((total, { name, n }) => (isOf(name) ? total + n : total), 0);
  if (role === "leader") return sum((name) => name === "uploaded");
  return sum((name) => name === "aggregated" || name.startsWith(REFUSED));
}
