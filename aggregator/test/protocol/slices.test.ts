// Computation in slices: in order, one computation of a task after the other, with turns for everything else.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { mapInSlices, mapInTurn } from "../../src/protocol/slices.js";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Takes longer than a slice, by the clock that slices go by. */
function busy(): void {
  for (const end = performance.now() + 6; performance.now() < end; );
}

describe("computation in slices", () => {
  it("ends one computation of a task before the next begins, and gives the event loop its turn meanwhile", async () => {
    const task = {};
    const events: string[] = [];
    const all = ["a", "b"].map(async (name) => {
      const squares = await mapInTurn(task, [1, 2, 3], (n) => {
        busy();
        events.push(`${name}${n}`);
        return n * n;
      });
      expect(squares).toEqual([1, 4, 9]);
    });
    setImmediate(() => events.push("other"));
    await Promise.all(all);
    expect(events.filter((event) => event !== "other")).toEqual(["a1", "a2", "a3", "b1", "b2", "b3"]);
    expect(events.indexOf("other")).toBeLessThan(2);
  });

  it("lets tasks take turns", async () => {
    const events: string[] = [];
    const compute = (task: object, name: string, items: number) =>
      mapInTurn(task, Array.from({ length: items }), () => {
        busy();
        events.push(name);
      });
    const large = {};
    await Promise.all([compute(large, "large", 20), compute(large, "large", 20), compute({}, "small", 2)]);
    expect(events.lastIndexOf("small")).toBeLessThan(8);
  });

  it("does not let what ends a job wait for what begins another", async () => {
    const task = {};
    const events: string[] = [];
    const begun = mapInTurn(task, Array.from({ length: 20 }), () => {
      busy();
      events.push("begin");
    });
    await mapInSlices([1, 2], () => {
      busy();
      events.push("end");
    });
    expect(events.length).toBeLessThan(8);
    await begun;
  });

  it("goes on after a computation that failed", async () => {
    const task = {};
    const failed = mapInTurn(task, [1], () => {
      throw new Error("no");
    });
    const next = mapInTurn(task, [2], (n, index) => [n, index]);
    await expect(failed).rejects.toThrow("no");
    expect(await next).toEqual([[2, 0]]);
    expect(await mapInTurn(task, [], () => 1)).toEqual([]);
  });

  it("keeps nothing of what it computed", async () => {
    const task = {};
    const result = new WeakRef(await mapInTurn(task, [1], () => ({})));
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(result.deref()).toBeUndefined();
    expect(await mapInTurn(task, [1], (n) => n)).toEqual([1]);
  });
});
