// The source of random bytes. Inner functions take randomness as an argument, and outer ones draw it here.

import { PrioError } from "../errors.js";
import { bigIntFromBE } from "./bytes.js";
import type { Field } from "./field.js";

declare const crypto: { getRandomValues<T extends Uint8Array>(array: T): T } | undefined;

/** Returns `length` fresh random bytes. */
export type RandomSource = (length: number) => Uint8Array;

/**
 * Bytes from the platform's cryptographic generator, drawn 65,536 at a time, the most that Web Crypto gives in one
 * call. Throws `no-randomness` when the platform has no generator.
 */
export const systemRandom: RandomSource = (length) => {
  if (typeof crypto === "undefined") {
    throw new PrioError("no-randomness", "random: expected the platform's crypto.getRandomValues, found none");
  }
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += 65536) crypto.getRandomValues(bytes.subarray(start, start + 65536));
  return bytes;
};

/**
 * Draws `length` bytes at a time from another source and hands them out in pieces, each byte once. A call to the
 * platform costs as much as the work that a small piece is for.
 */
export function buffered(source: RandomSource, length: number): RandomSource {
  let left: Uint8Array = new Uint8Array(0);
  return (wanted) => {
    if (wanted > left.length) left = source(Math.max(wanted, length));
    const piece = left.subarray(0, wanted);
    left = left.subarray(wanted);
    return piece;
  };
}

/** Draws `count` uniform field elements by rejection sampling. */
export function randomElements(field: Field, count: number, random: RandomSource): bigint[] {
  const elements: bigint[] = [];
  const topMask = 0xff >> (8 * field.bytes - field.bits);
  const topByte = Number(field.modulus >> BigInt(8 * field.bytes - 8));
  while (elements.length < count) {
    // Draw twice what is missing: when p is just above a power of two, about half of the candidates are below p.
    const bytes = random(2 * field.bytes * (count - elements.length));
    for (let start = 0; start < bytes.length && elements.length < count; start += field.bytes) {
      bytes[start] = (bytes[start] as number) & topMask;
      // Most of those that are too large show it here, before they cost a bigint.
      if ((bytes[start] as number) > topByte) continue;
      const x = bigIntFromBE(bytes, start, start + field.bytes);
      if (field.has(x)) elements.push(x);
    }
  }
  return elements;
}
