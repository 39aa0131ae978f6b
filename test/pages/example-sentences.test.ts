// What the example page says about numbers of reports: the numbers of a sentence add up.

import { expect, test } from "vitest";
import { crowdText, waitingText } from "../../examples/browser/sentences.js";

test.each([
  {
    name: "some were refused, and one report came before",
    before: { counted: 1, refused: 3 },
    after: { counted: 962, refused: 42 },
    published: 962,
    text:
      "Of 1,000 reports, both servers counted 961 and refused 39 cheats. " +
      "With the 1 report counted before, that makes 962. All are in the totals below.",
  },
  {
    name: "none came before",
    before: { counted: 0, refused: 0 },
    after: { counted: 24, refused: 1 },
    published: 24,
    text: "Of 25 reports, both servers counted 24 and refused 1 cheat. All are in the totals below.",
  },
  {
    name: "the last ones wait",
    before: { counted: 20, refused: 0 },
    after: { counted: 120, refused: 0 },
    published: 110,
    text:
      "Both servers counted all 100 reports. With the 20 reports counted before, that makes 120. " +
      "All but the last 10 are in the totals below.",
  },
  {
    name: "nothing is published",
    before: { counted: 0, refused: 0 },
    after: { counted: 19, refused: 6 },
    published: 0,
    text: "Of 25 reports, both servers counted 19 and refused 6 cheats.",
  },
])("after simulated visitors, when $name", ({ before, after, published, text }) => {
  expect(crowdText(before, after, published)).toBe(text);
});

test.each([
  [20, 20, ""],
  [1, 0, "1 of 20 is counted. "],
  [19, 0, "19 of 20 are counted. "],
  [21, 20, "1 report waits for the next totals. "],
  [1_039, 1_020, "19 reports wait for the next totals. "],
])("of %d reports, %d published, it says what waits", (counted, published, start) => {
  const text = waitingText(counted, published);
  expect(text.slice(0, start.length)).toBe(start);
  expect(text === "").toBe(start === "");
});
