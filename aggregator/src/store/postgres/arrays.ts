// Arrays as parameters in PostgreSQL's binary format, which for long bytes is a fourth of the work of the textual one.
// The format is that of array_recv in src/backend/utils/adt/arrayfuncs.c: the number of dimensions, whether there are
// nulls, the type of the elements, then for each dimension its length and lower bound, then each element after its
// length, all in 4 bytes, big-endian.

/** Object identifiers of types, from pg_type.dat. */
export const BYTEA = 17;
export const INT8 = 20;

const HEADER = 20;

function header(type: number, length: number, elementBytes: number): Buffer {
  const all = Buffer.allocUnsafe(HEADER + elementBytes);
  all.writeInt32BE(1, 0);
  all.writeInt32BE(0, 4);
  all.writeInt32BE(type, 8);
  all.writeInt32BE(length, 12);
  all.writeInt32BE(1, 16);
  return all;
}

/** A parameter of type bytea[]. */
export function byteaArray(elements: readonly Uint8Array[]): Buffer {
  const sum = elements.reduce((bytes, element) => bytes + 4 + element.length, 0);
  const all = header(BYTEA, elements.length, sum);
  let at = HEADER;
  for (const element of elements) {
    at = all.writeInt32BE(element.length, at);
    all.set(element, at);
    at += element.length;
  }
  return all;
}

/** A parameter of type bigint[], of safe integers. */
export function bigintArray(elements: readonly number[]): Buffer {
  const all = header(INT8, elements.length, elements.length * 12);
  let at = HEADER;
  for (const element of elements) {
    at = all.writeInt32BE(8, at);
    at = all.writeInt32BE(Math.floor(element / 2 ** 32), at);
    at = all.writeUInt32BE(element % 2 ** 32, at);
  }
  return all;
}
