// The documents of a file: one a line, or a single one over many lines, however the stream is cut into pieces.

import { describe, expect, it } from "vitest";
import { documentsOf } from "../../src/files/documents.js";

// biome-ignore lint/suspicious/useAwait: documents come from streams, which are asynchronous.
async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}

async function read(text: string, size: number, longest = 1000): Promise<[number, string][]> {
  const found: [number, string][] = [];
  for await (const { bytes, line } of documentsOf(pieces(text, size), longest)) found.push([line, bytes.toString()]);
  return found;
}

const pretty = '{\n  "id": 1\n}\n';

describe.each([1, 7, 1000])("in pieces of %i bytes", (size) => {
  it.each<[string, string, [number, string][]]>([
    [
      "one a line",
      '{"a":1}\n\n{"a":2}\n',
      [
        [1, '{"a":1}'],
        [3, '{"a":2}'],
      ],
    ],
    [
      "a last line without its end",
      '{"a":1}\nx',
      [
        [1, '{"a":1}'],
        [2, "x"],
      ],
    ],
    ["one over many lines", pretty, [[1, pretty]]],
    ["with a byte order mark", `\ufeff${pretty}`, [[1, pretty]]],
    ["with CR LF", pretty.replaceAll("\n", "\r\n"), [[1, pretty.replaceAll("\n", "\r\n")]]],
    [
      "a brace alone later in the file",
      `x\n${pretty}`,
      [
        [1, "x"],
        [2, "{"],
        [3, '  "id": 1'],
        [4, "}"],
      ],
    ],
    ["nothing", "", []],
    ["nothing but blanks", " \n\n", []],
  ])("%s", async (_name, text, expected) => {
    expect(await read(text, size)).toEqual(expected);
  });

  it("keeps nothing of one that is too long", async () => {
    expect(await read(`{\n${" ".repeat(2000)}\n}`, size)).toEqual([[1, ""]]);
  });
});

it("ends the stream when its reader stops", async () => {
  let ended = false;
  // biome-ignore lint/suspicious/useAwait: it is a stream.
  async function* stream(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.from('{"a":1}\n'.repeat(100));
    } finally {
      ended = true;
    }
  }
  for await (const { line } of documentsOf(stream(), 1000)) if (line === 3) break;
  expect(ended).toBe(true);
});
