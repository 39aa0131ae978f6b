// The JSON documents of a file of pings: one a line, or a single one over many lines, as a ping looks that was saved
// for people to read. Such a file begins with a line that has nothing but a brace.

import { chunksOf, linesOf } from "./chunks.js";

/** A document, and the number of its first line. An empty one stands for one that was too long. */
export interface Document {
  readonly bytes: Buffer;
  readonly line: number;
}

/** Lines are read in groups. */
const LINES = { rows: 64, bytes: 2 ** 20 };
const BRACE_ALONE = /^(?:\xef\xbb\xbf)?\s*\{[ \t\r]*\n/;
/** Bytes that are looked at for the first line. */
const FIRST_LINE = 64;

/** The documents of a stream of bytes. Of one with more than `longest` bytes, nothing is kept. */
export async function* documentsOf(pieces: AsyncIterable<Buffer>, longest: number): AsyncGenerator<Document> {
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    let start: Buffer = Buffer.alloc(0);
    while (start.length < FIRST_LINE) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      start = Buffer.concat([start, value]);
    }
    const all = resumed(start, iterator);
    if (BRACE_ALONE.test(start.subarray(0, FIRST_LINE).toString("latin1"))) yield await whole(all, longest);
    else yield* lines(all, longest);
  } finally {
    await iterator.return?.();
  }
}

async function* lines(pieces: AsyncIterable<Buffer>, longest: number): AsyncGenerator<Document> {
  for await (const chunk of chunksOf(pieces, { ...LINES, line: longest })) {
    for (const [i, bytes] of linesOf(chunk).entries()) yield { bytes, line: chunk.numbers[i] as number };
  }
}

/** The stream as one document. It is read to its end in any case. */
async function whole(pieces: AsyncIterable<Buffer>, longest: number): Promise<Document> {
  let kept: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > longest) kept = [];
    else kept.push(piece);
  }
  const bytes = Buffer.concat(kept);
  return { bytes: bytes[0] === 0xef ? bytes.subarray(3) : bytes, line: 1 };
}

async function* resumed(start: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield start;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}
