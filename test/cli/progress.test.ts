// The progress line: what it shows in which width, and where it stays away.

import { Readable } from "node:stream";
import { describe, expect, it, vi } from "vitest";
import { clock, progressParts } from "../../src/cli/progress.js";
import { Reporter } from "../../src/cli/reporter.js";
import { sink } from "./support.js";

describe("the progress line", () => {
  const terminal = (columns: number) => sink({ isTTY: true, columns });
  const ioOf = (stream: ReturnType<typeof terminal>["stream"], env: Record<string, string> = {}) => ({
    stdin: Readable.from([]),
    stdout: stream,
    stderr: stream,
    env: { NO_COLOR: "1", ...env },
  });

  it("tells share, rows, rate and time left in what the terminal has room for, and goes before other lines", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      for (const [columns, shown] of [
        [80, "verify1  25 %  5,000 rows  1,000 rows/s  0:15 left"],
        [30, "verify1  25 %  5,000 rows"],
        [10, "verify1"],
        [5, "veri"],
      ] as const) {
        const { stream, text } = terminal(columns);
        const reporter = new Reporter(ioOf(stream), false);
        const progress = reporter.progress("verify1", {}, 100, () => 25);
        progress.rows(1);
        expect(text()).toBe("");
        vi.advanceTimersByTime(5000);
        progress.rows(5000);
        progress.rows(5001);
        reporter.warn("x\x1b[2Jy");
        expect(text()).toBe(`\r\x1b[K${shown}\r\x1b[Kprio: warning: x\\x1b[2Jy\n`);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ["under CI", { CI: "true" }, false],
    ["on a dumb terminal", { TERM: "dumb" }, false],
    ["when quiet", {}, true],
  ])("is not there %s", (_name, env, quiet) => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const { stream, text } = terminal(80);
      const progress = new Reporter(ioOf(stream, env), quiet).progress("verify1", env, 100, () => 25);
      vi.advanceTimersByTime(5000);
      progress.rows(5000);
      progress.clear();
      expect(text()).toBe("");
    } finally {
      vi.useRealTimers();
    }
  });

  it("says nothing of the time left when the size is unknown", () => {
    expect(progressParts(1500, 3, undefined, 0)).toEqual(["1,500 rows", "500 rows/s"]);
    expect([0, 59.6, 3599, 3600, 36_061].map(clock)).toEqual(["0:00", "1:00", "59:59", "1:00:00", "10:01:01"]);
  });
});
