// Cuts a stream of bytes into chunks of whole lines, each of which one thread works on.

const NEWLINE = 10;

/** Some whole lines of a file. */
export interface Chunk {
  /** The number of the chunk in the file, from 0. */
  readonly index: number;
  /** The lines one after the other, without their newlines. */
  readonly bytes: Uint8Array;
  /** The offset in `bytes` where each line ends. An empty line stands for one that was too long. */
  readonly ends: readonly number[];
  /** The number of each line in the file, from 1. Blank lines are counted here, but are not in the chunk. */
  readonly numbers: readonly number[];
}

/**
 * A chunk is full when it reaches the limit of rows or bytes. Of a line with more bytes than `line`, nothing is kept.
 */
export interface ChunkLimits {
  readonly line: number;
  readonly rows: number;
  readonly bytes: number;
}

/** The lines of a chunk, as views of its bytes. */
export function linesOf({ bytes, ends }: Pick<Chunk, "bytes" | "ends">): Buffer[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return ends.map((end, i) => buffer.subarray(ends[i - 1] ?? 0, end));
}

/** The chunks of a stream, without blank lines and without a byte order mark. */
export async function* chunksOf(pieces: AsyncIterable<Buffer>, limits: ChunkLimits): AsyncGenerator<Chunk> {
  let index = 0;
  let number = 0;
  // The lines of the next chunk.
  let lines: Buffer[] = [];
  let numbers: number[] = [];
  let bytes = 0;
  // The beginning of a line whose end has not been read yet.
  let begun: Buffer[] = [];
  let begunBytes = 0;

  const endLine = (rest: Buffer): void => {
    number++;
    const tooLong = begunBytes + rest.length > limits.line;
    let line = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
    begun = [];
    begunBytes = 0;
    if (number === 1 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3);
    if (!tooLong && isBlank(line)) return;
    lines.push(tooLong ? line.subarray(0, 0) : line);
    numbers.push(number);
    bytes += tooLong ? 0 : line.length;
  };
  const full = (): boolean => lines.length >= limits.rows || bytes >= limits.bytes;
  const take = (): Chunk => {
    let end = 0;
    const chunk = {
      index: index++,
      bytes: joined(lines, bytes),
      ends: lines.map((line) => (end += line.length)),
      numbers,
    };
    lines = [];
    numbers = [];
    bytes = 0;
    return chunk;
  };

  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      endLine(piece.subarray(start, end));
      start = end + 1;
      if (full()) yield take();
    }
    if (start === piece.length) continue;
    begunBytes += piece.length - start;
    // Once a line is too long, keep nothing of it.
    if (begunBytes > limits.line) begun = [];
    else begun.push(piece.subarray(start));
  }
  if (begunBytes > 0) endLine(Buffer.alloc(0));
  if (lines.length > 0) yield take();
}

/** The lines in an array of their own, which can move to another thread. */
function joined(lines: readonly Buffer[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const line of lines) {
    bytes.set(line, offset);
    offset += line.length;
  }
  return bytes;
}

/** Whether a line has white space alone. */
export function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}
