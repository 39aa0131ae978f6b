// The demonstration of the main job, in process: what it finds, what it shows, and that it would notice.

import { expect, it } from "vitest";
import { runDemo } from "../../src/cli/demo/demo.js";
import { faultsOf, outcomeOfNone } from "../../src/cli/demo/outcome.js";
import { simulatePrio1 } from "../../src/cli/demo/prio1-simulation.js";
import { PRIO3_CHEATS, simulatePrio3 } from "../../src/cli/demo/prio3-simulation.js";
import { CHEATS } from "../../src/samples/cheats.js";

it.each([
  { name: "Prio v1", simulate: simulatePrio1, cheats: CHEATS, totals: 21 },
  { name: "Prio3", simulate: simulatePrio3, cheats: PRIO3_CHEATS, totals: 7 },
])("$name refuses every cheat by the check that it has to meet, and totals are the truth", (each) => {
  const seen: number[] = [];
  const outcome = each.simulate(60, 5, (done) => seen.push(done));
  expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect(outcome.published).toHaveLength(each.totals);
  expect(outcome.published).toEqual(outcome.truth);
  expect(outcome.honest).toEqual({ sent: 48, refused: 0 });
  expect(outcome.counted).toEqual({ A: 48, B: 48 });
  expect(outcome.cheats).toEqual(
    each.cheats.map((cheat) => ({ cheat, sent: 3, refused: 3, by: new Set([cheat.expected]) })),
  );
  expect(faultsOf(outcome)).toEqual([]);
});

it("would notice a wrong total, a cheat that got through, one that nobody tried, and another number of reports", () => {
  const outcome = outcomeOfNone(3, 2, [
    { name: "a lie", expected: "the proof" },
    { name: "another", expected: "the proof" },
  ]);
  outcome.truth = [1n, 2n];
  outcome.published = [1n, 3n];
  outcome.honest.sent = 2;
  outcome.honest.refused = 1;
  outcome.counted = { A: 2, B: 1 };
  Object.assign(outcome.cheats[0] as object, { sent: 2, refused: 1, by: new Set(["luck"]) });
  expect(faultsOf(outcome)).toEqual([
    "1 totals differ from the truth",
    "1 honest reports were refused",
    "a server counted another number of reports",
    "1 got through with a lie",
    "a lie was refused by another check",
    "nobody tried another",
  ]);
});

it("prints our totals beside libprio's and the totals beside the truth, within the terminal's width", () => {
  for (const columns of [80, 120]) {
    const { code, text, lines, progress } = run(columns);
    expect(code).toBe(0);
    expect(text).toContain("64 of 64 totals equal; 14 of 14 messages and total shares equal byte for byte");
    expect(lines.filter((line) => /^ {3}\S.* +\d+ = +\d+ /.test(line))).toHaveLength(21 + 7);
    expect(text.match(/none \(honest\) +970 +0\n/g)).toHaveLength(2);
    expect(text.trimEnd().endsWith("All totals are right and no cheat got through.")).toBe(true);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines.filter((line) => line.endsWith(" "))).toEqual([]);
    expect(text).not.toContain("\x1b");
    expect(progress.at(-1)).toBeUndefined();
    expect(progress.at(-2)).toMatch(/1,000 of 1,000 reports/);
  }
}, 60_000);

it("leaves the bars out of a narrow terminal, and keeps its progress on one line", () => {
  const { lines, progress } = run(50);
  const rows = lines.filter((line) => /^ {3}\S.* +\d+ = +\d+/.test(line));
  expect(rows).toHaveLength(21 + 7);
  expect(Math.max(...rows.map((line) => line.length))).toBeLessThanOrEqual(50);
  expect(Math.max(...progress.map((line) => line?.length ?? 0))).toBeLessThan(50);
});

function run(columns: number) {
  let text = "";
  const progress: (string | undefined)[] = [];
  const code = runDemo({
    write: (more) => {
      text += more;
    },
    progress: (line) => progress.push(line),
    columns,
    color: false,
  });
  return { code, text, lines: text.split("\n"), progress };
}
