// A strict scanner of JSON (RFC 8259): finds some members of an object in an untrusted line. It checks all the
// rest as JSON.parse does, but builds nothing of it, so that a line costs no more memory than itself.

/** A value, by its place in the bytes. */
export interface JsonToken {
  readonly kind: "string" | "number" | "literal" | "array" | "object";
  readonly start: number;
  readonly end: number;
}

/** Brackets that may be open at once. Rows have two; Python's parser ends at about a thousand. */
export const MAX_DEPTH = 512;

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, PLUS, DOT] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2b, 0x2e];
const [BRACE, END_BRACE, BRACKET, END_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];
/** From an opening bracket or brace to the closing one. */
const BRACKET_SPAN = 2;
const [BLANK, ZERO, NINE, LOWER_A, LOWER_E, LOWER_F, LOWER_U] = [0x20, 0x30, 0x39, 0x61, 0x65, 0x66, 0x75];
/** The bit that tells lower case from upper case. */
const CASE = 0x20;
/** What may follow a backslash, besides `u`. */
const ESCAPABLE = Buffer.from('"\\/bfnrt');
const LITERALS = ["true", "false", "null"].map((text) => Buffer.from(text));
/** Bytes of text that are looked at one by one. */
const SHORT = 40;
/** Bytes of a name with an escape for each letter; the names that are looked for are shorter. */
const MAX_ESCAPED_NAME = 96;

/**
 * The members of an object with these names, which are ASCII, or null when the bytes, which must be UTF-8, are not
 * one object and nothing else. Of members with one name, the last counts, as for JSON.parse. Refuses more than
 * MAX_DEPTH open brackets.
 */
export function scanObject(bytes: Buffer, names: readonly string[]): (JsonToken | undefined)[] | null {
  const found = new Array<JsonToken | undefined>(names.length).fill(undefined);
  let at = skipBlanks(bytes, 0);
  if (bytes[at] !== BRACE) return null;
  at = skipBlanks(bytes, at + 1);
  if (bytes[at] === END_BRACE) at++;
  else {
    for (;;) {
      const keyEnd = endOfString(bytes, at);
      const start = keyEnd < 0 ? -1 : valueAfterKey(bytes, keyEnd);
      if (start < 0) return null;
      const end = endOfValue(bytes, start);
      if (end < 0) return null;
      const name = indexOfName(bytes, at, keyEnd, names);
      if (name >= 0) found[name] = { kind: tokenKindOf(bytes[start]), start, end };
      at = skipBlanks(bytes, end);
      const next = bytes[at++];
      if (next === END_BRACE) break;
      if (next !== COMMA) return null;
      at = skipBlanks(bytes, at);
    }
  }
  return skipBlanks(bytes, at) === bytes.length ? found : null;
}

/** The text of a string that `scanObject` has found. */
export function stringOf(bytes: Buffer, { start, end }: JsonToken): string {
  const text = bytes.toString("utf8", start + 1, end - 1);
  return text.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}

/** How many items an array has that `scanObject` has found, and whether none of them is an array or an object. */
export function sizeOfArray(bytes: Buffer, { start }: JsonToken): { readonly items: number; readonly isFlat: boolean } {
  let [items, isFlat] = [0, true];
  for (let at = start; bytes[at] !== END_BRACKET; items++) {
    at = skipBlanks(bytes, at + 1);
    if (bytes[at] === END_BRACKET) break;
    isFlat &&= bytes[at] !== BRACKET && bytes[at] !== BRACE;
    at = skipBlanks(bytes, endOfValue(bytes, at));
  }
  return { items, isFlat };
}

function tokenKindOf(first: number | undefined): JsonToken["kind"] {
  if (first === QUOTE) return "string";
  if (first === BRACKET) return "array";
  if (first === BRACE) return "object";
  return first === MINUS || isDigit(first) ? "number" : "literal";
}

/** The index of the name that a key is, or −1. `at` is the key's opening quote, `end` is after its closing one. */
function indexOfName(bytes: Buffer, at: number, end: number, names: readonly string[]): number {
  const length = end - at - 2;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (name.length === length && startsWith(bytes, at + 1, name)) return i;
  }
  // A name can be written with an escape for each letter. Whatever is longer is no name.
  if (length > MAX_ESCAPED_NAME || !bytes.subarray(at, end).includes(BACKSLASH)) return -1;
  return names.indexOf(JSON.parse(bytes.toString("utf8", at, end)) as string);
}

function startsWith(bytes: Buffer, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

// Each function below takes the place of a first byte and returns the place after the last one, or −1 when the bytes
// there are not what it looks for.

function endOfValue(bytes: Buffer, start: number): number {
  let at = start;
  let depth = 0;
  for (;;) {
    // Here a value begins.
    const first = bytes[at];
    if (first === BRACE || first === BRACKET) {
      const close = first + BRACKET_SPAN;
      at = skipBlanks(bytes, at + 1);
      if (bytes[at] !== close) {
        if (depth === MAX_DEPTH) return -1;
        closing[depth++] = close;
        if (first === BRACE) at = valueAfterKey(bytes, endOfString(bytes, at));
        if (at < 0) return -1;
        continue;
      }
      at++;
    } else {
      at = endOfScalar(bytes, at);
      if (at < 0) return -1;
    }
    // Here a value has ended.
    for (;;) {
      if (depth === 0) return at;
      at = skipBlanks(bytes, at);
      const close = closing[depth - 1];
      const next = bytes[at++];
      if (next === close) {
        depth--;
        continue;
      }
      if (next !== COMMA) return -1;
      at = skipBlanks(bytes, at);
      if (close === END_BRACE) at = valueAfterKey(bytes, endOfString(bytes, at));
      if (at < 0) return -1;
      break;
    }
  }
}

/** What closes each bracket that is open. One thread scans one value at a time. */
const closing = new Uint8Array(MAX_DEPTH);

/** The place of the value of a key that ends at `at`. */
function valueAfterKey(bytes: Buffer, at: number): number {
  if (at < 0) return -1;
  const colon = skipBlanks(bytes, at);
  return bytes[colon] === COLON ? skipBlanks(bytes, colon + 1) : -1;
}

function endOfScalar(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return endOfString(bytes, at);
  if (first === MINUS || isDigit(first)) return endOfNumber(bytes, at);
  return endOfLiteral(bytes, at);
}

function endOfString(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) return -1;
  for (let at = endOfPlainText(bytes, start + 1); ; at = endOfPlainText(bytes, at)) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] !== BACKSLASH) return -1;
    const escaped = bytes[at + 1];
    at += 2;
    if (escaped === LOWER_U) {
      for (const end = at + 4; at < end; at++) if (!isHexDigit(bytes[at])) return -1;
    } else if (escaped === undefined || !ESCAPABLE.includes(escaped)) return -1;
  }
}

/** The place of the next quote, backslash or control character. */
function endOfPlainText(bytes: Buffer, start: number): number {
  const { length } = bytes;
  let at = start;
  for (const near = Math.min(start + SHORT, length); at < near; at++) if (isSpecial(bytes[at] as number)) return at;
  if (at + SHORT < length) {
    // Four bytes at a time. A difference borrows from the top bit of a byte that is less than what is taken away.
    const words = new DataView(bytes.buffer, bytes.byteOffset, length);
    for (; at <= length - 4; at += 4) {
      const word = words.getInt32(at, true);
      const quote = word ^ 0x22222222;
      const backslash = word ^ 0x5c5c5c5c;
      const isLess = ((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote);
      if (((isLess | ((backslash - 0x01010101) & ~backslash)) & 0x80808080) !== 0) break;
    }
  }
  while (at < length && !isSpecial(bytes[at] as number)) at++;
  return at;
}

function isSpecial(byte: number): boolean {
  return byte === QUOTE || byte === BACKSLASH || byte < BLANK;
}

function endOfNumber(bytes: Buffer, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  at = bytes[at] === ZERO ? at + 1 : endOfDigits(bytes, at);
  if (at >= 0 && bytes[at] === DOT) at = endOfDigits(bytes, at + 1);
  if (at >= 0 && ((bytes[at] ?? 0) | CASE) === LOWER_E) {
    const sign = bytes[at + 1];
    at = endOfDigits(bytes, sign === MINUS || sign === PLUS ? at + 2 : at + 1);
  }
  return at;
}

/** One digit or more. */
function endOfDigits(bytes: Buffer, start: number): number {
  let at = start;
  while (isDigit(bytes[at])) at++;
  return at === start ? -1 : at;
}

function endOfLiteral(bytes: Buffer, start: number): number {
  const literal = LITERALS.find((x) => bytes[start] === x[0]);
  if (literal === undefined) return -1;
  for (let i = 1; i < literal.length; i++) if (bytes[start + i] !== literal[i]) return -1;
  return start + literal.length;
}

function skipBlanks(bytes: Buffer, start: number): number {
  let at = start;
  for (let byte = bytes[at]; byte === BLANK || byte === 9 || byte === 10 || byte === 13; byte = bytes[at]) at++;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | CASE) >= LOWER_A && (byte | CASE) <= LOWER_F);
}
