// Warnings: what is allowed and still a danger. They go to a hook, once in a process for each hook, and never to a
// console.

import type { Config } from "./config.js";
import { snipOf } from "./parameters.js";
import type { QueryPoints } from "./query-points.js";

/** What a session warns of. */
export interface PrioWarning {
  /**
   * `"proof-hole"`: at this number of fields, libprio's proof lets false reports through (SECURITY.md, "A hole in
   * libprio's proof").
   */
  readonly code: "proof-hole";
  /** For people: what the danger is, and what to do about it. */
  readonly message: string;
}

/** Is told of a warning, once in a process. */
export type WarningHook = (warning: PrioWarning) => void;

/** The part of Node's `process` that shows a warning, or gives it to who listens for it. Deno and Bun have it too. */
interface Host {
  readonly process?: { emitWarning?(message: string, options: { type: string; code: string }): void };
}

/** The hook where none is given: Node's own, and nothing in a browser. */
export const emitWarning: WarningHook = ({ code, message }) => {
  (globalThis as Host).process?.emitWarning?.(message, { type: "PrioWarning", code });
};

/** The hooks that know it already. */
const told = /* @__PURE__ */ new WeakMap<WarningHook, true>();

/** Warns if the proof has its hole at this number of fields and with these points. */
export function warnOfHole(config: Config, queryPoints: QueryPoints, hook: WarningHook): void {
  const { fields } = config;
  // Without a padding root, nothing forces c = a·b. The points of our own kinds close the hole.
  const hasHole = snipOf(config).size === fields + 1 && (queryPoints === "stream" || queryPoints === "first");
  if (!hasHole || told.has(hook)) return;
  told.set(hook, true);
  hook({
    code: "proof-hole",
    message:
      `${fields} fields are 2^k − 1, where libprio's proof has a hole with query points "${queryPoints}": some false ` +
      "reports pass. Add a field that is always false (integers: change count or precision), or use " +
      '"report" or "batch".',
  });
}
