// Base64 with the URL-safe alphabet and without padding (RFC 4648 sections 5 and 3.2): ids in URLs and JSON.

import { PrioError } from "../errors.js";
import { type Bytes, fromBase64, kindOf, toBase64 } from "./bytes.js";

/** `bytes` has at most a few thousand bytes. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes)
    .replace(/[+/]/g, (digit) => (digit === "+" ? "-" : "_"))
    .replace(/=+$/, "");
}

/**
 * Decodes any number of bytes, exactly `length` if it is given. Every byte string has one text: throws
 * `invalid-encoding` for padding, white space, another alphabet and stray bits; `wrong-length`, `invalid-argument`. No
 * message shows the text.
 */
export function fromBase64Url(text: unknown, subject: string, length?: number): Bytes {
  if (typeof text !== "string") {
    throw new PrioError("invalid-argument", `${subject}: expected a base64url string, got ${kindOf(text)}`);
  }
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    throw new PrioError("invalid-encoding", `${subject}: expected base64url without padding`);
  }
  const there = Math.floor((text.length * 3) / 4);
  if (length !== undefined && there !== length) {
    throw new PrioError("wrong-length", `${subject}: expected ${length} bytes in base64url, got ${there}`);
  }
  const standard = text.replace(/[-_]/g, (digit) => (digit === "-" ? "+" : "/"));
  return fromBase64(standard.padEnd(Math.ceil(text.length / 4) * 4, "="), subject, there);
}
