// Chunks of whole lines, from bytes that come in pieces of any size.

import fc from "fast-check";
import { expect, it } from "vitest";
import { chunksOf, linesOf } from "../../src/files/chunks.js";

it("chunks hold a file's lines, however the bytes come and whatever the limits are", async () => {
  const line = fc.stringMatching(/^[a-z{} ]{0,12}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 30 }),
      async (lines, ends, rows, bytes, piece) => {
        const file = Buffer.from(`\uFEFF${lines.join("\r\n")}${ends ? "\n" : ""}`);
        async function* pieces() {
          for (let i = 0; i < file.length; i += piece) yield await Promise.resolve(file.subarray(i, i + piece));
        }
        const found: [number, string][] = [];
        let index = 0;
        for await (const chunk of chunksOf(pieces(), { rows, bytes, line: 1000 })) {
          expect(chunk.index).toBe(index++);
          expect(chunk.ends.length).toBeLessThanOrEqual(rows);
          for (const [i, x] of linesOf(chunk).entries()) {
            found.push([chunk.numbers[i] as number, x.toString().replace(/\r$/, "")]);
          }
        }
        expect(found).toEqual(lines.map((x, i) => [i + 1, x] as const).filter(([, x]) => x.trim() !== ""));
      },
    ),
    { numRuns: 300 },
  );
});
