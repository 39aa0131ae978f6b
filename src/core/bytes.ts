// Byte strings: checks, text encodings (hex, base64, UTF-8), big-endian integers, concatenation and comparison.

import { PrioError } from "../errors.js";

/**
 * A Uint8Array that has an ArrayBuffer of its own and all of it, so that `fetch`, `Blob`, `WebSocket` and Web Crypto
 * take it. TypeScript before 5.7 calls it `Uint8Array`, and later versions `Uint8Array<ArrayBuffer>`.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;

// Texts are encoded here and not by the platform: test environments such as jsdom, contexts of node:vm, SES
// compartments and some mobile engines have no TextEncoder or no btoa.

/**
 * The properties of every typed array, of any realm. An object that defines its own `length`, iterator, `set` or
 * `slice` changes nothing here.
 */
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as { set(this: Uint8Array, source: Uint8Array): void };
const copyInto = typedArray.set;

function getterOf(name: string | symbol): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(typedArray, name)?.get as (this: unknown) => unknown;
}

/** The kind of a typed array, and undefined for everything else, even for objects that claim to be one. */
const kindOfTypedArray = getterOf(Symbol.toStringTag);
/** The length of a typed array: 0 if its buffer was transferred away or no longer reaches it. */
const lengthOfTypedArray = getterOf("length") as (this: Uint8Array) => number;

/** Whether `x` is a Uint8Array of any realm, subclasses such as Node's Buffer included. */
export function isBytes(x: unknown): x is Uint8Array {
  return kindOfTypedArray.call(x) === "Uint8Array";
}

/** The number of bytes that are there, whatever the object says. Throws `invalid-argument` for what has no bytes. */
export function lengthOfBytes(x: unknown, subject: string): number {
  if (!isBytes(x)) throw new PrioError("invalid-argument", `${subject}: expected a Uint8Array, got ${kindOf(x)}`);
  return lengthOfTypedArray.call(x);
}

/**
 * Returns `x` when it is a Uint8Array, of `length` bytes if `length` is given. Throws `invalid-argument` and
 * `wrong-length`. Here and below, `subject` begins the message of an error. The caller may read the bytes by index,
 * each once; everything else needs a copy.
 */
export function requireBytes(x: unknown, subject: string, length?: number): Uint8Array {
  requireLength(lengthOfBytes(x, subject), subject, length);
  return x as Uint8Array;
}

/**
 * Returns a private copy of the Uint8Array `x`, of `length` bytes if `length` is given. Another thread may share the
 * bytes of `x`, and its class may override anything, so only the copy is checked and used. Throws `wrong-length`, and
 * `invalid-argument`, also when the buffer of `x` was transferred away.
 */
export function copyOfBytes(x: unknown, subject: string, length?: number): Bytes {
  const there = lengthOfBytes(x, subject);
  requireLength(there, subject, length);
  try {
    const bytes = new Uint8Array(there);
    copyInto.call(bytes, x as Uint8Array);
    return bytes;
  } catch {
    throw new PrioError("invalid-argument", `${subject}: expected bytes, got a detached buffer`);
  }
}

function requireLength(got: number, subject: string, expected: number | undefined): void {
  if (expected !== undefined && got !== expected) {
    throw new PrioError("wrong-length", `${subject}: expected ${expected} bytes, got ${got}`);
  }
}

/** Returns `x` when it is an object and not null. Throws `invalid-argument`. */
export function requireObject<T extends object>(x: T, subject: string): T {
  if (typeof x !== "object" || x === null) {
    throw new PrioError("invalid-argument", `${subject}: expected an object, got ${kindOf(x)}`);
  }
  return x;
}

/**
 * Reads properties of the object `x`, each once: a getter may answer otherwise the next time. With `known`, refuses a
 * name that is not in it: an option that is spelled wrongly would leave a default in force. Throws `invalid-argument`,
 * also if `x` is no object or a property cannot be read.
 */
export function propertiesOf<T extends object>(
  x: T,
  subject: string,
  names: readonly (keyof T & string)[],
  known?: readonly string[],
): { readonly [K in keyof T]?: unknown } {
  requireObject(x, subject);
  return reading(subject, () => {
    const unknown = Object.keys(x).find((name) => known?.includes(name) === false);
    if (unknown !== undefined) {
      throw new PrioError("invalid-argument", `${subject}: expected ${known?.join(", ")}, got ${shown(unknown)}`);
    }
    const values: { [K in keyof T]?: unknown } = {};
    for (const name of names) values[name] = x[name];
    return values;
  });
}

/** Shows a short text or a number, for an error about a value that is no secret; describes any other value. */
export function shown(x: unknown): string {
  if (typeof x === "string" && x.length <= 20) return JSON.stringify(x);
  return typeof x === "number" ? `${x}` : kindOf(x);
}

/**
 * Returns what `read` returns. A property that is read may be a getter that throws, and any use of a revoked proxy
 * throws too: then this throws `invalid-argument`.
 */
export function reading<T>(subject: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PrioError) throw error;
    throw new PrioError("invalid-argument", `${subject}: expected what can be read, got an error`);
  }
}

/**
 * What `read` makes of each element of an array, or of `x` itself when it is no array. Throws what `read` throws, and
 * `invalid-argument` for an array that cannot be read.
 */
export function listOf<T>(x: unknown, subject: string, read: (element: unknown) => T): T[] {
  return reading(subject, () => {
    if (!Array.isArray(x)) return [read(x)];
    const list: T[] = [];
    for (let i = 0, { length } = x; i < length; i++) list.push(read(x[i]));
    return list;
  });
}

/** Describes a value in an error that must not show it. */
export function kindOf(x: unknown): string {
  if (x === null) return "null";
  try {
    if (Array.isArray(x)) return "an array";
  } catch {
    // A revoked proxy.
  }
  return x === undefined ? "undefined" : `a value of type ${typeof x}`;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * Decodes exactly `length` bytes from hex digits of either case, with or without white space around them. Throws
 * `invalid-argument`, `wrong-length` and `invalid-encoding`. No message shows the text, since it may be a key.
 */
export function fromHex(text: unknown, subject: string, length: number): Bytes {
  if (typeof text !== "string") {
    throw new PrioError("invalid-argument", `${subject}: expected a string of hex digits, got ${kindOf(text)}`);
  }
  const digits = text.trim();
  if (digits.length !== 2 * length) {
    throw new PrioError(
      "wrong-length",
      `${subject}: expected ${2 * length} hex digits, got ${digits.length} characters`,
    );
  }
  if (!/^[0-9a-f]*$/i.test(digits)) {
    throw new PrioError("invalid-encoding", `${subject}: expected hex digits, got another character`);
  }
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Standard base64 with padding (RFC 4648 section 4), for keys and secrets: `bytes` has at most a few thousand bytes.
 */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = [bytes[i], bytes[i + 1], bytes[i + 2]];
    text += digit64(a >> 2) + digit64(((a & 3) << 4) | ((b ?? 0) >> 4));
    text += b === undefined ? "=" : digit64(((b & 15) << 2) | ((c ?? 0) >> 6));
    text += c === undefined ? "=" : digit64(c & 63);
  }
  return text;
}

const DIGITS_64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function digit64(value: number): string {
  return DIGITS_64.charAt(value);
}

/**
 * Decodes exactly `length` bytes from standard base64 with padding, with or without white space around it. Throws
 * `invalid-argument`, `wrong-length` and, for white space inside, other alphabets and stray bits, `invalid-encoding`.
 */
export function fromBase64(given: unknown, subject: string, length: number): Bytes {
  if (typeof given !== "string") {
    throw new PrioError("invalid-argument", `${subject}: expected a base64 string, got ${kindOf(given)}`);
  }
  const text = given.trim();
  const characters = 4 * Math.ceil(length / 3);
  if (text.length !== characters) {
    throw new PrioError("wrong-length", `${subject}: expected ${characters} base64 characters, got ${text.length}`);
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new PrioError("invalid-encoding", `${subject}: expected base64, got another character`);
  }
  const bytes = new Uint8Array(length);
  let bits = 0;
  for (let i = 0, at = 0; i < text.length && text[i] !== "="; i++) {
    // The last 16 bits are enough: of those before, all are in `bytes`.
    bits = ((bits << 6) | DIGITS_64.indexOf(text.charAt(i))) & 0xffff;
    if (i % 4 > 0 && at < length) bytes[at++] = bits >> (6 - 2 * (i % 4));
  }
  // Also when padding and length do not fit together: every text has one value, and every value one text.
  if (toBase64(bytes) !== text) {
    throw new PrioError("invalid-encoding", `${subject}: expected the base64 of exactly ${length} bytes`);
  }
  return bytes;
}

/** UTF-8. Throws `invalid-encoding` for a lone surrogate: replacing it would give two texts the same bytes. */
export function utf8(text: string, subject: string): Bytes {
  let escaped: string;
  try {
    escaped = encodeURIComponent(text);
  } catch {
    throw new PrioError("invalid-encoding", `${subject}: expected well-formed text, got a lone surrogate`);
  }
  // What is not escaped is a character of one byte. Every other byte is %XX.
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let i = 0; i < escaped.length; i++) {
    bytes[length++] = escaped[i] === "%" ? Number(`0x${escaped[++i]}${escaped[++i]}`) : escaped.charCodeAt(i);
  }
  return bytes.slice(0, length);
}

/** The text in UTF-8, or null if the bytes are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return decodeURIComponent(toHex(bytes).replace(/../g, "%$&"));
  } catch {
    return null;
  }
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const result = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

const singles: Bytes[] = [];

/** One byte, to read: the same array each time. To make an array takes as long as to copy 500 bytes. */
export function byteOf(x: number): Uint8Array {
  return (singles[x] ??= Uint8Array.of(x));
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** A 32-bit big-endian integer: a length prefix. */
export function uint32BE(x: number): Bytes {
  return Uint8Array.of(x >>> 24, x >>> 16, x >>> 8, x);
}

/** The big-endian integer in bytes[start, end). For scalars: vectors read elements without a bigint. */
export function bigIntFromBE(bytes: Uint8Array, start = 0, end: number = bytes.length): bigint {
  // Six bytes at a time fit a double, and a BigInt made of a double costs less than one made of text.
  let x = 0n;
  let i = start;
  for (let next = start + ((end - start) % 6); i < end; next += 6) {
    let digit = 0;
    for (; i < next; i++) digit = digit * 0x100 + (bytes[i] as number);
    x = (x << 48n) | BigInt(digit);
  }
  return x;
}

/**
 * Writes `x` ≥ 0 at bytes[start…], big-endian without leading zeros (0 is one byte). Returns the byte count. For
 * scalars, as above.
 */
export function writeBigIntBE(x: bigint, bytes: Uint8Array, start: number): number {
  // The lowest six bytes are a number, and so are the next six.
  const low = Number(BigInt.asUintN(48, x));
  const rest = x >> 48n;
  const before = rest === 0n ? 0 : writeBigIntBE(rest, bytes, start);
  let length = 6;
  if (before === 0) for (length = 1; low >= 0x100 ** length; ) length++;
  let digit = low;
  for (let k = start + before + length - 1; k >= start + before; k--) {
    bytes[k] = digit;
    digit = Math.floor(digit / 0x100);
  }
  return before + length;
}
