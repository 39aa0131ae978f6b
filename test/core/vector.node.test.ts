// What Node shows of a vector: none of its elements, which may be shares.

import { inspect } from "node:util";
import { expect, test } from "vitest";
import { describeVectors } from "./support.js";

describeVectors("inspect and JSON", ({ space }) => {
  const vector = space.fromBigInts([123456789n]);

  test.each([
    ["a vector", vector],
    ["an unreduced vector", vector.unreduced()],
  ])("show none of the elements of %s", (_, elements) => {
    const shown = inspect(elements, { depth: 10, showHidden: true }) + JSON.stringify(elements);
    expect(shown).not.toContain("123456789");
    expect(shown).not.toContain("75bcd15");
  });
});
