// Random schedules of everything that can go wrong at once, one a seed. More of them, or one again:
// EXPLORER_SEEDS=1000-3000 npx vitest run test/explorer.test.ts (TMPDIR on a memory disk makes it faster).

import { expect, test } from "vitest";
import { explore } from "./support/explorer.js";

const [first = 1, last = 16] = (process.env["EXPLORER_SEEDS"] ?? "1-16").split("-").map(Number);
/** Milliseconds a seed, at most. */
const LONG = 30_000;

test(`every report is counted once, and both sides agree, in the schedules ${first} to ${last}`, {
  timeout: LONG * (last - first + 1),
}, async () => {
  const wrong: Record<number, readonly string[]> = {};
  let [crashes, batches, counted] = [0, 0, 0];
  for (let seed = first; seed <= last; seed++) {
    const explored = await explore(seed);
    crashes += explored.crashes;
    batches += explored.batches;
    counted += explored.counted;
    if (explored.faults.length > 0)
      wrong[seed] = first === last ? [...explored.faults, ...explored.trace] : explored.faults;
  }
  expect(wrong).toEqual({});
  expect(Math.min(crashes, batches, counted)).toBeGreaterThan(last - first);
});
