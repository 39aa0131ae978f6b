// The subset of MessagePack that Prio v1 uses (WIRE.md section 3): str as raw bytes, array headers and non-negative
// integers. Field elements go straight between a packet's bytes and a vector: no str is copied, and nothing is
// allocated for what a header claims. A general decoder cannot do that.
//
// The writer uses the shortest header that fits. The reader accepts longer ones too: older msgpack writers use them.

import { type Bytes, writeBigIntBE } from "../core/bytes.js";
import type { BigEndianElements } from "../core/vector.js";
import { PrioError } from "../errors.js";

/** The most bytes in a header: str32, array32. */
export const MAX_HEADER_BYTES = 5;

/** Writes one object after another into a buffer. The caller gives a capacity that holds all of them. */
export class Writer {
  readonly #bytes: Bytes;
  #offset = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** A str of up to 65,535 raw bytes. */
  str(content: Uint8Array): void {
    const { length } = content;
    if (length < 32) this.#header(0xa0 | length, 0, 0);
    else if (length < 0x100) this.#header(0xd9, length, 1);
    else this.#header(0xda, length, 2);
    this.#bytes.set(content, this.#offset);
    this.#offset += length;
  }

  /** Each element of `vector` as a str of its big-endian bytes. They are fewer than 32, so the header is one byte. */
  elements(vector: BigEndianElements & { readonly length: number }): void {
    for (let i = 0; i < vector.length; i++) {
      const length = vector.writeBE(i, this.#bytes, this.#offset + 1);
      this.#bytes[this.#offset] = 0xa0 | length;
      this.#offset += 1 + length;
    }
  }

  /** A non-negative integer of up to 31 bytes as a str of its big-endian bytes. */
  element(x: bigint): void {
    const length = writeBigIntBE(x, this.#bytes, this.#offset + 1);
    this.#bytes[this.#offset] = 0xa0 | length;
    this.#offset += 1 + length;
  }

  /** The header of an array of `length` objects, which the caller writes next. */
  array(length: number): void {
    if (length < 16) this.#header(0x90 | length, 0, 0);
    else if (length < 0x10000) this.#header(0xdc, length, 2);
    else this.#header(0xdd, length, 4);
  }

  /** A non-negative integer below 128. */
  smallInteger(x: number): void {
    this.#header(x, 0, 0);
  }

  /** The bytes written so far, in an array of their own. */
  copyOfWritten(): Bytes {
    return this.#bytes.slice(0, this.#offset);
  }

  /** A view of the bytes written so far. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }

  #header(type: number, value: number, valueBytes: number): void {
    this.#bytes[this.#offset++] = type;
    for (let k = valueBytes - 1; k >= 0; k--) this.#bytes[this.#offset++] = value >>> (8 * k);
  }
}

/** Reads one object after another. Throws `malformed` when the next object is not the one asked for. */
export class Reader {
  readonly bytes: Uint8Array;
  #offset = 0;
  readonly #subject: string;

  /** `subject` begins the message of every error. */
  constructor(bytes: Uint8Array, subject: string) {
    this.bytes = bytes;
    this.#subject = subject;
  }

  /** Where the next object starts, or after `strHeader` the content of the str. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.bytes.length - this.#offset;
  }

  /** Reads the header of a str and returns the length of its content, which is all there. The caller skips it next. */
  strHeader(what: string): number {
    const type = this.#byte(what);
    let length: number;
    if (type >= 0xa0 && type <= 0xbf) length = type & 0x1f;
    else if (type === 0xd9) length = this.#unsigned(1, what);
    else if (type === 0xda) length = this.#unsigned(2, what);
    else if (type === 0xdb) length = this.#unsigned(4, what);
    else throw this.error(`expected a str for ${what}, got type byte ${hexByte(type)}`);
    if (length > this.left) throw this.error(`${what} claims ${length} bytes where ${this.left} are left`);
    return length;
  }

  /** Passes over `length` bytes, at most `left`, and returns where they start. */
  skip(length: number): number {
    const start = this.#offset;
    this.#offset = start + length;
    return start;
  }

  /** Reads a whole str and returns a view of its content. */
  str(what: string): Uint8Array {
    const length = this.strHeader(what);
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  /** Reads an array header that must announce `expected` elements. */
  array(expected: number, what: string): void {
    const type = this.#byte(what);
    let length: number;
    if (type >= 0x90 && type <= 0x9f) length = type & 0x0f;
    else if (type === 0xdc) length = this.#unsigned(2, what);
    else if (type === 0xdd) length = this.#unsigned(4, what);
    else throw this.error(`expected an array for ${what}, got type byte ${hexByte(type)}`);
    if (length !== expected) throw this.error(`expected ${expected} elements in ${what}, got ${length}`);
  }

  /** Reads an integer of any msgpack width. It is a bigint, so that 2^32 is not taken for 0. */
  integer(what: string): bigint {
    const type = this.#byte(what);
    if (type <= 0x7f) return BigInt(type);
    if (type >= 0xe0) return BigInt(type - 0x100);
    if (type < 0xcc || type > 0xd3) throw this.error(`expected an integer for ${what}, got type byte ${hexByte(type)}`);
    const width = 1 << ((type - 0xcc) & 3);
    let value = 0n;
    for (let k = 0; k < width; k++) value = (value << 8n) | BigInt(this.#byte(what));
    return type < 0xd0 ? value : BigInt.asIntN(8 * width, value);
  }

  /** Refuses bytes after the last object. Throws `malformed`. */
  end(): void {
    if (this.left > 0) throw this.error(`expected the end, got ${this.left} more bytes`);
  }

  /** A `malformed` error about these bytes. */
  error(message: string): PrioError {
    return new PrioError("malformed", `${this.#subject}: ${message}`);
  }

  #byte(what: string): number {
    const byte = this.bytes[this.#offset];
    if (byte === undefined) throw this.error(`the bytes end where ${what} should be`);
    this.#offset++;
    return byte;
  }

  #unsigned(width: number, what: string): number {
    let value = 0;
    for (let k = 0; k < width; k++) value = value * 0x100 + this.#byte(what);
    return value;
  }
}

function hexByte(x: number): string {
  return `0x${x.toString(16).padStart(2, "0")}`;
}
