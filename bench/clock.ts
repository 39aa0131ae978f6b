// The two clocks of our programs, and what runs them.

import type { Duration } from "./results.js";

/**
 * Starts the clocks. What it returns adds the nanoseconds since then to a duration: on the wall, and of the processor
 * for all threads of the process, so that garbage collection on another thread counts.
 */
export function startClocks(): (duration: Duration) => void {
  const processor = process.cpuUsage();
  const wall = performance.now();
  return (duration) => {
    duration[0] += Math.round(1e6 * (performance.now() - wall));
    const { user, system } = process.cpuUsage(processor);
    duration[1] += 1e3 * (user + system);
  };
}

/** Takes every report of the block through a step, and adds the time to what such steps have taken. */
export function step<T>(duration: Duration, reports: number, one: (i: number) => T): T[] {
  const results = new Array<T>(reports);
  const stop = startClocks();
  for (let i = 0; i < reports; i++) results[i] = one(i);
  stop(duration);
  return results;
}

/** `Node 20.20.2` */
export function runtimeVersion(): string {
  const { bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node ${node}` : `Deno ${deno}`;
}
