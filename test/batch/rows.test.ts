// Rows as Python's json module writes them.

import { expect, it } from "vitest";
import { pythonString } from "../../src/batch/rows.js";

it("strings are escaped as Python's json does", () => {
  expect(pythonString('a"b\\c\n\t\u007f é 日 \u{1F600} \u2028')).toBe(
    '"a\\"b\\\\c\\n\\t\\u007f \\u00e9 \\u65e5 \\ud83d\\ude00 \\u2028"',
  );
});
