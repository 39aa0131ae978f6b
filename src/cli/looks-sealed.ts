// Tells a sealed packet from any other binary data. All of a packet looks random (WIRE.md section 6): it is a
// Curve25519 point, an IV, a ciphertext and a tag. Most other files have a head of fixed bytes, texts, or runs of
// zeros.

/** What sealing adds to a plaintext, in bytes. */
const SEALING = 60;
/** Bytes of the shortest plaintext: one for B with an empty batch id and six elements of one byte. */
const MIN_PLAINTEXT = 31;
/** Bytes of the longest plaintext for B, and of one for A without its vectors, if the batch id has up to 1,024. */
const MAX_HEAD = 1024 + 128;
/** Of the vectors in a packet for A: bytes that an element has at least, but for rare short ones, and at most. */
const ELEMENT = [11, 12] as const;
/** The most values that a packet has, and one. */
const MAX_ELEMENTS = 2 ** 18;
/** Bytes that are looked at. */
const SAMPLE = 65536;
/** A run of so many readable characters comes by chance once in some 10^8 bytes. */
const TEXT = /[\x20-\x7e]{20}/;
/** The highest byte of the point; its highest bit is 0. */
const POINT_END = 31;
/**
 * The greatest chi-square, of 15 degrees of freedom, that half bytes may have. Random ones have more in one of 10^9
 * packets.
 */
const MAX_CHI_SQUARE = 73;

/** Whether bytes of no other form can be a sealed packet. */
export function looksSealed(bytes: Buffer): boolean {
  if (!isPacketLength(bytes.length) || (bytes[POINT_END] as number) >= 0x80) return false;
  const sample = bytes.subarray(0, SAMPLE);
  if (TEXT.test(sample.toString("latin1")) || sample.includes(Buffer.alloc(5))) return false;
  return [0, 4].every((shift) => chiSquare(sample, shift) <= MAX_CHI_SQUARE);
}

/**
 * Whether a packet can have this length. One for A holds some values, and as many elements of h as the least power of
 * two n above their number: from 1.5 n to 2 n elements, which leaves lengths out that no number of values gives.
 */
function isPacketLength(length: number): boolean {
  const plaintext = length - SEALING;
  if (plaintext < MIN_PLAINTEXT) return false;
  if (plaintext <= MAX_HEAD) return true;
  for (let n = 2; n <= MAX_ELEMENTS; n *= 2) {
    if (plaintext >= ELEMENT[0] * 1.5 * n && plaintext <= ELEMENT[1] * 2 * n + MAX_HEAD) return true;
  }
  return false;
}

/** How far the counts of the 16 half bytes are from equal ones. */
function chiSquare(bytes: Buffer, shift: number): number {
  const counts = new Array<number>(16).fill(0);
  for (const byte of bytes) (counts[(byte >> shift) & 15] as number)++;
  const expected = bytes.length / 16;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** How files of other programs begin. */
const MARKS: readonly (readonly [mark: string, what: string])[] = [
  ["Obj\x01", "an Avro file"],
  ["PAR1", "a Parquet file"],
  ["ORC", "an ORC file"],
  ["PK\x03\x04", "a zip archive"],
  ["\x28\xb5\x2f\xfd", "compressed by zstd"],
  ["\xfd7zXZ\x00", "compressed by xz"],
  ["BZh", "compressed by bzip2"],
  ["\xff\x06\x00\x00sNaPpY", "compressed by snappy"],
  ["\x89PNG", "a PNG picture"],
  ["\xff\xd8\xff", "a JPEG picture"],
  ["%PDF", "a PDF document"],
  ["SQLite format 3", "an SQLite database"],
  ["\x7fELF", "a program"],
];

/** What a file is by its first bytes, if it is of a known kind that Prio does not read. */
export function foreignFormat(start: Buffer): string | undefined {
  return MARKS.find(([mark]) => start.toString("latin1", 0, mark.length) === mark)?.[1];
}
