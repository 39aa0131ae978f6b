// The columns of a terminal that a text takes.

import { expect, it } from "vitest";
import { clipColumns, displayWidth, padColumns } from "../../src/cli/display-width.js";

it.each([
  ["", 0],
  ["abc", 3],
  ["é", 1],
  ["e\u0301", 1],
  ["é\u00ADe", 2],
  ["日本語", 6],
  ["ﾃｽﾄ", 3],
  ["한국어", 6],
  ["한", 2],
  ["，", 2],
  ["😀", 2],
  ["👩‍👩‍👧‍👦", 2],
  ["👍🏽", 2],
  ["🇩🇪", 2],
  ["❤", 1],
  ["❤\uFE0F", 2],
  ["1\uFE0F\u20E3", 2],
  ["\u200B", 0],
  ["\u{20000}", 2],
] as const)("%s takes %i", (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

it("a longer text is cut between characters, and ends with an ellipsis", () => {
  expect(clipColumns("日本語", 6)).toBe("日本語");
  expect(clipColumns("日本語", 5)).toBe("日本…");
  expect(clipColumns("日本語", 4)).toBe("日…");
  expect(clipColumns("👩‍👩‍👧‍👦👍🏽abc", 5)).toBe("👩‍👩‍👧‍👦👍🏽…");
  expect(clipColumns("abcdef", 4)).toBe("abc…");
});

it("a shorter one gets spaces, a longer one none", () => {
  expect(padColumns("日本", 6)).toBe("日本  ");
  expect(padColumns("abc", 2)).toBe("abc");
});
