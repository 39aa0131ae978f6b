// The subset of MessagePack that Prio v1 speaks (WIRE.md section 3): str as raw bytes, array headers and non-negative
// integers. It is written for elements that go straight between a packet's bytes and a vector, so strings are handed over as
// offsets, not as copies, and nothing is allocated for what a header claims. A general decoder cannot do that.
//
// Writing takes the shortest header that fits; reading takes longer ones too, as older msgpack writers produce them.

import { PrioError } from "../errors.js";

/** The most bytes that a header takes: str32, array32. */
export const MAX_HEADER_BYTES = 5;

/** Writes objects one after the other into a buffer of fixed capacity, which the caller has computed as sufficient. */
export class Writer {
  readonly bytes: Uint8Array;
  offset = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** A str of up to 65,535 raw bytes. */
  str(content: Uint8Array): void {
    const { length } = content;
    if (length < 32) this.#header(0xa0 | length, 0, 0);
    else if (length < 0x100) this.#header(0xd9, length, 1);
    else this.#header(0xda, length, 2);
    this.bytes.set(content, this.offset);
    this.offset += length;
  }

  array(length: number): void {
    if (length < 16) this.#header(0x90 | length, 0, 0);
    else if (length < 0x10000) this.#header(0xdc, length, 2);
    else this.#header(0xdd, length, 4);
  }

  /** A non-negative integer below 128. */
  smallInteger(x: number): void {
    this.#header(x, 0, 0);
  }

  /** A view of what was written. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.offset);
  }

  #header(type: number, value: number, valueBytes: number): void {
    this.bytes[this.offset++] = type;
    for (let k = valueBytes - 1; k >= 0; k--) this.bytes[this.offset++] = value >>> (8 * k);
  }
}

/** Reads objects one after the other. Whatever is not the object asked for is a `malformed` PrioError. */
export class Reader {
  readonly bytes: Uint8Array;
  /** Where the next object, or the content of the str just begun, starts. */
  offset = 0;
  readonly #subject: string;

  /** `subject` opens every error's sentence. */
  constructor(bytes: Uint8Array, subject: string) {
    this.bytes = bytes;
    this.#subject = subject;
  }

  /** Reads the header of a str and returns its length; its content, all there, starts at `offset` for the caller to pass over. */
  strHeader(what: string): number {
    const type = this.#byte(what);
    let length: number;
    if (type >= 0xa0 && type <= 0xbf) length = type & 0x1f;
    else if (type === 0xd9) length = this.#unsigned(1, what);
    else if (type === 0xda) length = this.#unsigned(2, what);
    else if (type === 0xdb) length = this.#unsigned(4, what);
    else throw this.error(`expected a str for ${what}, got type byte ${hexByte(type)}`);
    if (length > this.bytes.length - this.offset) {
      throw this.error(`${what} claims ${length} bytes where ${this.bytes.length - this.offset} are left`);
    }
    return length;
  }

  /** Reads a whole str and returns a view of its content. */
  str(what: string): Uint8Array {
    const length = this.strHeader(what);
    this.offset += length;
    return this.bytes.subarray(this.offset - length, this.offset);
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

  /** Reads an integer of any msgpack width, as a bigint: 2^32 must not pass for 0. */
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

  /** Refuses bytes after the last object. */
  end(): void {
    const left = this.bytes.length - this.offset;
    if (left > 0) throw this.error(`expected the end, got ${left} more bytes`);
  }

  error(message: string): PrioError {
    return new PrioError("malformed", `${this.#subject}: ${message}`);
  }

  #byte(what: string): number {
    const byte = this.bytes[this.offset];
    if (byte === undefined) throw this.error(`the bytes end where ${what} should be`);
    this.offset++;
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
