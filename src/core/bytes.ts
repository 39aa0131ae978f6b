// Byte strings: checks, text encodings (hex, base64, UTF-8), big-endian integers, concatenation and comparison.

import { PrioError } from "../errors.js";

// The platform's text functions that this file uses. Every supported runtime has them as globals.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const atob: (base64: string) => string;
declare const btoa: (binary: string) => string;

/** The kind of a typed array of any realm, and undefined for everything else, even for objects that claim to be one. */
const kindOfTypedArray = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

/** Whether `x` is a Uint8Array of any realm, subclasses such as Node's Buffer included. */
export function isBytes(x: unknown): x is Uint8Array {
  return kindOfTypedArray.call(x) === "Uint8Array";
}

/**
 * Returns `x` when it is a Uint8Array, of `length` bytes if `length` is given. Throws `invalid-argument` and
 * `wrong-length`. Here and below, `subject` begins the message of an error.
 */
export function requireBytes(x: unknown, subject: string, length?: number): Uint8Array {
  if (!isBytes(x)) throw new PrioError("invalid-argument", `${subject}: expected a Uint8Array, got ${kindOf(x)}`);
  if (length !== undefined && x.length !== length) {
    throw new PrioError("wrong-length", `${subject}: expected ${length} bytes, got ${x.length}`);
  }
  return x;
}

/**
 * Returns a private copy of the Uint8Array `x`, which another thread may share, or whose class may override anything.
 * Throws `invalid-argument`, also when the buffer of `x` was transferred away.
 */
export function copyOfBytes(x: unknown, subject: string): Uint8Array {
  const bytes = requireBytes(x, subject);
  try {
    return new Uint8Array(bytes);
  } catch {
    throw new PrioError("invalid-argument", `${subject}: expected bytes that are there, got a detached buffer`);
  }
}

/** Returns `x` when it is an object and not null. Throws `invalid-argument`. */
export function requireObject<T extends object>(x: T, subject: string): T {
  if (typeof x !== "object" || x === null) {
    throw new PrioError("invalid-argument", `${subject}: expected an object, got ${kindOf(x)}`);
  }
  return x;
}

/** Describes a value in an error that must not show it. */
export function kindOf(x: unknown): string {
  if (x === null) return "null";
  if (Array.isArray(x)) return "an array";
  return x === undefined ? "undefined" : `a value of type ${typeof x}`;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

/**
 * Decodes exactly `length` bytes from hex digits of either case. Throws `invalid-argument`, `wrong-length` and
 * `invalid-encoding`. No message shows the text, since it may be a key.
 */
export function fromHex(text: unknown, subject: string, length: number): Uint8Array {
  if (typeof text !== "string") {
    throw new PrioError("invalid-argument", `${subject}: expected a string of hex digits, got ${kindOf(text)}`);
  }
  if (text.length !== 2 * length) {
    throw new PrioError("wrong-length", `${subject}: expected ${2 * length} hex digits, got ${text.length} characters`);
  }
  if (!/^[0-9a-f]*$/i.test(text)) {
    throw new PrioError("invalid-encoding", `${subject}: expected hex digits, got another character`);
  }
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Standard base64 with padding (RFC 4648 section 4), for keys and secrets: `bytes` has at most a few thousand bytes.
 */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/**
 * Decodes exactly `length` bytes from standard base64 with padding. Throws `invalid-argument`, `wrong-length` and, for
 * white space, other alphabets and stray bits, `invalid-encoding`.
 */
export function fromBase64(text: unknown, subject: string, length: number): Uint8Array {
  if (typeof text !== "string") {
    throw new PrioError("invalid-argument", `${subject}: expected a base64 string, got ${kindOf(text)}`);
  }
  const characters = 4 * Math.ceil(length / 3);
  if (text.length !== characters) {
    throw new PrioError("wrong-length", `${subject}: expected ${characters} base64 characters, got ${text.length}`);
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw new PrioError("invalid-encoding", `${subject}: expected base64, got another character`);
  }
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  if (bytes.length !== length || toBase64(bytes) !== text) {
    throw new PrioError("invalid-encoding", `${subject}: expected the base64 of exactly ${length} bytes`);
  }
  return bytes;
}

/** UTF-8. Throws `invalid-encoding` for a lone surrogate: replacing it would give two texts the same bytes. */
export function utf8(text: string, subject: string): Uint8Array {
  if (/\p{Surrogate}/u.test(text)) {
    throw new PrioError("invalid-encoding", `${subject}: expected well-formed text, got a lone surrogate`);
  }
  return new TextEncoder().encode(text);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
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

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** A 32-bit big-endian integer: a length prefix. */
export function uint32BE(x: number): Uint8Array {
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
