// The demonstration of the main job, in process: what it finds, what it shows, and that it would notice.

import { expect, it } from "vitest";
import { CHEATS } from "../../src/cli/demo/cheats.js";
import { runDemo } from "../../src/cli/demo/demo.js";
import { simulate } from "../../src/cli/demo/simulation.js";

it("refuses every cheat by the check that it has to meet, and totals are the truth", () => {
  const seen: number[] = [];
  const outcome = simulate(60, 5, (done) => seen.push(done));
  expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect(outcome.published).toEqual(outcome.truth);
  expect(outcome.honest).toEqual({ sent: 48, refused: 0 });
  expect(outcome.counted).toEqual({ A: 48, B: 48 });
  expect(outcome.cheats).toEqual(
    CHEATS.map((cheat) => ({ cheat, sent: 3, refused: 3, by: new Set([cheat.expected]) })),
  );
});

it("prints our totals beside libprio's and the totals beside the truth, within the terminal's width", () => {
  for (const columns of [80, 120]) {
    let text = "";
    const progress: (string | undefined)[] = [];
    const output = {
      write: (more: string) => {
        text += more;
      },
      progress: (line: string | undefined) => progress.push(line),
      columns,
      color: false,
    };
    expect(runDemo(output)).toBe(0);
    const lines = text.split("\n");
    expect(text).toContain("64 of 64 totals equal; 14 of 14 messages and total shares equal byte for byte");
    expect(lines.filter((line) => /^ {3}\S.* +\d+ = +\d+ /.test(line))).toHaveLength(21);
    expect(text).toMatch(/none \(honest\) +970 +0\n/);
    expect(text.trimEnd().endsWith("All totals are right and no cheat got through.")).toBe(true);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(text).not.toContain("\x1b");
    expect(progress.at(-1)).toBeUndefined();
    expect(progress.at(-2)).toMatch(/1,000 of 1,000 reports/);
  }
}, 60_000);
