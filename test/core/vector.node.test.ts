// What Node shows of a vector: none of its elements, which may be shares.

import { inspect } from "node:util";
import { expect, test } from "vitest";
import { spaces } from "./support.js";

test.each(spaces)("%s vectors show none of their elements to inspect and JSON", (_, space) => {
  const vector = space.fromBigInts([123456789n]);
  const shown = inspect(vector, { depth: 10, showHidden: true }) + JSON.stringify(vector);
  expect(shown).not.toContain("123456789");
  expect(shown).not.toContain("75bcd15");
});
