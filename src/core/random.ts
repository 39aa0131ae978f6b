// The source of random bytes. Inner functions take randomness as an argument; the outer ones draw it here.

import { PrioError } from "../errors.js";
import { bigIntFromBE } from "./bytes.js";
import type { Field } from "./field.js";

declare const crypto: { getRandomValues<T extends Uint8Array>(array: T): T } | undefined;

/** Makes `length` fresh random bytes. */
export type RandomSource = (length: number) => Uint8Array;

/** Bytes from the platform's cryptographic generator; 65,536 is what Web Crypto gives in one call. */
export const systemRandom: RandomSource = (length) => {
  if (typeof crypto === "undefined") {
    throw new PrioError("no-randomness", "random: expected the platform's crypto.getRandomValues, found none");
  }
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += 65536) crypto.getRandomValues(bytes.subarray(start, start + 65536));
  return bytes;
};

/**
 * Deals out draws of `length` bytes from another source, for one who needs several pieces at once: a call to the platform
 * costs as much as what it is spent on. No byte is dealt twice.
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

/** `count` uniform field elements, by rejection. */
export function randomElements(field: Field, count: number, random: RandomSource): bigint[] {
  const elements: bigint[] = [];
  const topMask = 0xff >> (8 * field.bytes - field.bits);
  while (elements.length < count) {
    // About half of the candidates pass when p is just above a power of two, so twice what is missing is drawn at once.
    const bytes = random(2 * field.bytes * (count - elements.length));
    for (let start = 0; start < bytes.length && elements.length < count; start += field.bytes) {
      const candidate = bytes.subarray(start, start + field.bytes);
      candidate[0] = (candidate[0] as number) & topMask;
      const x = bigIntFromBE(candidate);
      if (field.has(x)) elements.push(x);
    }
  }
  return elements;
}
