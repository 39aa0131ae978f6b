// Lines of a stream of bytes, in chunks that go to a thread whole.

/** Longest line that is kept, in bytes: a packet for 262,143 fields takes 9 MB of base64. Longer ones are one bad row. */
const MAX_LINE = 32 * 2 ** 20;
const NEWLINE = 10;

/** Some whole lines of a file. */
export interface Chunk {
  /** Where the chunk stands among the file's chunks. */
  readonly index: number;
  /** The lines one after the other, without their ends. */
  readonly bytes: Uint8Array;
  /** Where each line ends in `bytes`. A line of no bytes stands for one that was too long. */
  readonly ends: readonly number[];
  /** The number of each line in the file, from 1; blank lines count here and are no rows. */
  readonly numbers: readonly number[];
}

/** How much one chunk may hold. */
export interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** The lines of a chunk, as views. */
export function linesOf({ bytes, ends }: Pick<Chunk, "bytes" | "ends">): Buffer[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return ends.map((end, i) => buffer.subarray(ends[i - 1] ?? 0, end));
}

/** Cuts a stream of bytes into chunks of whole lines. Blank lines and a byte order mark are passed over. */
export async function* chunksOf(pieces: AsyncIterable<Buffer>, limits: ChunkLimits): AsyncGenerator<Chunk> {
  let index = 0;
  let number = 0;
  /** The lines of the chunk in the making. */
  let lines: Buffer[] = [];
  let numbers: number[] = [];
  let bytes = 0;
  /** The beginning of a line whose end is still to come. */
  let begun: Buffer[] = [];
  let begunBytes = 0;

  const endLine = (rest: Buffer): void => {
    number++;
    const tooLong = begunBytes + rest.length > MAX_LINE;
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
    // Of a line that is too long already nothing is kept.
    if (begunBytes > MAX_LINE) begun = [];
    else begun.push(piece.subarray(start));
  }
  if (begunBytes > 0) endLine(Buffer.alloc(0));
  if (lines.length > 0) yield take();
}

/** One array of its own, which can be handed to another thread. */
function joined(lines: readonly Buffer[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const line of lines) {
    bytes.set(line, offset);
    offset += line.length;
  }
  return bytes;
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}
