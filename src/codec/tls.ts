// The presentation language of TLS (RFC 8446 section 3), which DAP's messages are written in: big-endian integers,
// fixed and length-prefixed byte strings, structures and vectors of them. A codec is both directions of one type, so
// that what is read is written again to the same bytes.
//
// Bytes come from the network. A length is compared with the bytes that are there before anything is made of it, and
// nothing is left over at the end. Byte strings are copies: they neither change with the message nor keep it in memory.

import { type Bytes, copyOfBytes, kindOf, lengthOfBytes, requireBytes, requireObject } from "../core/bytes.js";
import { PrioError } from "../errors.js";

/** How a value of type T is read and written. */
export interface TlsCodec<T> {
  read(reader: TlsReader): T;
  /** `name` begins the messages of errors: `invalid-argument`, `out-of-range` and `wrong-length`. */
  write(writer: TlsWriter, value: T, name: string): void;
}

/** How many elements of vectors, of all in a message, were read and may be. */
interface Elements {
  read: number;
  readonly most: number;
}

/** Reads one value after another. Throws `malformed`. */
export class TlsReader {
  readonly #bytes: Uint8Array;
  readonly #subject: string;
  readonly #end: number;
  readonly #elements: Elements;
  #offset: number;

  /** `bytes` must stay as they are; `subject` begins the messages of errors. */
  constructor(
    bytes: Uint8Array,
    subject: string,
    elements: Elements = { read: 0, most: Number.POSITIVE_INFINITY },
    start = 0,
    end: number = bytes.length,
  ) {
    this.#bytes = bytes;
    this.#subject = subject;
    this.#elements = elements;
    this.#offset = start;
    this.#end = end;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#end - this.#offset;
  }

  /** A big-endian integer of 1 to 4 bytes. */
  uint(size: number): number {
    let offset = this.#take(size);
    let value = 0;
    while (offset < this.#offset) value = value * 0x100 + (this.#bytes[offset++] as number);
    return value;
  }

  /** A big-endian integer of 8 bytes. */
  uint64(): bigint {
    const high = this.uint(4);
    return (BigInt(high) << 32n) | BigInt(this.uint(4));
  }

  /** A copy of the next `length` bytes. */
  copy(length: number): Bytes {
    const start = this.#take(length);
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(start, this.#offset));
    return bytes;
  }

  /** A reader of the next `length` bytes alone. */
  part(length: number): TlsReader {
    const start = this.#take(length);
    return new TlsReader(this.#bytes, this.#subject, this.#elements, start, this.#offset);
  }

  /** Counts an element of a vector that is about to be read. */
  element(): void {
    const { read, most } = this.#elements;
    if (read === most) throw this.error(`expected at most ${most} elements in its vectors`);
    this.#elements.read++;
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.left > 0) throw this.error(`expected the end, got ${this.left} bytes more`);
  }

  /** An error about the bytes that were just read. */
  error(problem: string): PrioError {
    return new PrioError("malformed", `${this.#subject}: ${problem} (byte ${this.#offset})`);
  }

  /** Passes over the next bytes; returns where they start. */
  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#end - start) throw this.error(`expected ${length} bytes, got ${this.left}`);
    this.#offset = start + length;
    return start;
  }
}

/** Writes one value after another. */
export class TlsWriter {
  #bytes: Bytes = new Uint8Array(256);
  #length = 0;

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** A big-endian integer of 1 to 4 bytes; `at` overwrites earlier ones. */
  uint(value: number, size: number, at: number = this.#reserve(size)): void {
    let rest = value;
    for (let i = at + size - 1; i >= at; i--) {
      this.#bytes[i] = rest;
      rest = Math.floor(rest / 0x100);
    }
  }

  /** A big-endian integer of 8 bytes. */
  uint64(value: bigint): void {
    this.uint(Number(value >> 32n), 4);
    this.uint(Number(value & 0xffff_ffffn), 4);
  }

  /** The `length` bytes that a Uint8Array of any class has. */
  raw(bytes: Uint8Array, length: number): void {
    // The reservation may replace the buffer, so it comes first.
    const at = this.#reserve(length);
    this.#bytes.set(bytes, at);
  }

  /** Leaves room for `size` bytes that are written later; returns where. */
  skip(size: number): number {
    return this.#reserve(size);
  }

  /** A copy of what was written. */
  toBytes(): Bytes {
    return this.#bytes.slice(0, this.#length);
  }

  /** Makes room for `size` more bytes; returns where they start. */
  #reserve(size: number): number {
    const start = this.#length;
    const length = start + size;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, length));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
    }
    this.#length = length;
    return start;
  }
}

/**
 * Reads bytes that hold one value and no more. Throws `malformed`, also where its vectors have more than `most`
 * elements together, and `invalid-argument` for what is no bytes.
 */
export function decodeTls<T>(
  codec: TlsCodec<T>,
  bytes: Uint8Array,
  subject: string,
  most: number = Number.POSITIVE_INFINITY,
): T {
  const reader = new TlsReader(copyOfBytes(bytes, subject), subject, { read: 0, most });
  const value = codec.read(reader);
  reader.end();
  return value;
}

/** The bytes of one value. Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeTls<T>(codec: TlsCodec<T>, value: T, subject: string): Bytes {
  const writer = new TlsWriter();
  codec.write(writer, value, subject);
  return writer.toBytes();
}

/** uint8, uint16, uint32: an integer of `size` bytes. */
export const uint = (size: 1 | 2 | 4): TlsCodec<number> => ({
  read: (reader) => reader.uint(size),
  write(writer, value, name) {
    if (typeof value !== "number") {
      throw new PrioError("invalid-argument", `${name}: expected a number, got ${kindOf(value)}`);
    }
    if (!Number.isInteger(value) || value < 0 || value >= 0x100 ** size) {
      throw new PrioError("out-of-range", `${name}: expected an integer from 0 to ${0x100 ** size - 1}, got ${value}`);
    }
    writer.uint(value, size);
  },
});

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** An integer of 8 bytes. */
export const uint64: TlsCodec<bigint> = {
  read: (reader) => reader.uint64(),
  write(writer, value, name) {
    if (typeof value !== "bigint") {
      throw new PrioError("invalid-argument", `${name}: expected a bigint, got ${kindOf(value)}`);
    }
    if (value < 0n || value > MAX_UINT64) {
      throw new PrioError("out-of-range", `${name}: expected an integer from 0 to ${MAX_UINT64}, got ${value}`);
    }
    writer.uint64(value);
  },
};

/** `opaque name[length]`: so many bytes. */
export const fixed = (length: number): TlsCodec<Bytes> => ({
  read: (reader) => reader.copy(length),
  write: (writer, value, name) => writer.raw(requireBytes(value, name, length), length),
});

/** `opaque name<least..2^(8·size)−1>`: bytes after their number, an integer of `size` bytes. */
export const opaque = (size: 1 | 2 | 4, least = 0): TlsCodec<Bytes> => ({
  read(reader) {
    const length = reader.uint(size);
    if (length < least) throw reader.error(`expected at least ${least} bytes in a vector, got ${length}`);
    return reader.copy(length);
  },
  write(writer, value, name) {
    const length = lengthOfBytes(value, name);
    requireLength(length, size, least, name);
    writer.uint(length, size);
    writer.raw(value, length);
  },
});

/** `T name<least..2^(8·size)−1>`: values after the number of their bytes. */
export const vector = <T>(codec: TlsCodec<T>, size: 1 | 2 | 4, least = 0): TlsCodec<T[]> => ({
  read(reader) {
    const length = reader.uint(size);
    if (length < least) throw reader.error(`expected at least ${least} bytes in a vector, got ${length}`);
    return readAll(codec, reader.part(length));
  },
  write(writer, values, name) {
    const at = writer.skip(size);
    writeAll(codec, writer, values, name);
    const length = writer.length - at - size;
    requireLength(length, size, least, name);
    writer.uint(length, size, at);
  },
});

/** `T name[length of the rest of the message]`: values up to the end. */
export const rest = <T>(codec: TlsCodec<T>): TlsCodec<T[]> => ({
  read: (reader) => readAll(codec, reader),
  write: (writer, values, name) => writeAll(codec, writer, values, name),
});

/**
 * `struct { … } T`: its fields in their order. They are made at the first use, so that a bundler can leave out what a
 * page does not use.
 */
export function struct<T extends object>(makeFields: () => { readonly [K in keyof T]-?: TlsCodec<T[K]> }): TlsCodec<T> {
  let made: [keyof T & string, TlsCodec<unknown>][] | undefined;
  const fields = () => (made ??= Object.entries(makeFields()) as [keyof T & string, TlsCodec<unknown>][]);
  return {
    read(reader) {
      const value: Partial<Record<keyof T, unknown>> = {};
      for (const [name, codec] of fields()) value[name] = codec.read(reader);
      return value as T;
    },
    write(writer, value, subject) {
      requireObject(value, subject);
      for (const [name, codec] of fields()) codec.write(writer, value[name], name);
    },
  };
}

function readAll<T>(codec: TlsCodec<T>, reader: TlsReader): T[] {
  const values: T[] = [];
  while (reader.left > 0) {
    reader.element();
    values.push(codec.read(reader));
  }
  return values;
}

function writeAll<T>(codec: TlsCodec<T>, writer: TlsWriter, values: readonly T[], name: string): void {
  if (!Array.isArray(values)) {
    throw new PrioError("invalid-argument", `${name}: expected an array, got ${kindOf(values)}`);
  }
  for (const value of values) codec.write(writer, value, name);
}

function requireLength(length: number, size: number, least: number, name: string): void {
  if (length < least || length >= 0x100 ** size) {
    throw new PrioError("wrong-length", `${name}: expected ${least} to ${0x100 ** size - 1} bytes, got ${length}`);
  }
}
