// Reads the messages of Prio3: what a server holds, and what its half of the check says. Your own program needs nothing
// from this file, and takes all of these bytes as they are.

import { PrioError, type ServerId } from "prio";
import type { ReportToVerify } from "prio/prio3";
import { FIELD_128 } from "../../../src/core/fields.js";
import type { CheckRow } from "../messages.js";
import { ctx, ELEMENT, vdaf } from "./batch.js";

const { modulus } = FIELD_128;

/** Field elements in bytes, `count` of them or all. */
export function elementsIn(bytes: Uint8Array, count = Math.floor(bytes.length / ELEMENT)): bigint[] {
  return Array.from({ length: count }, (_, i) =>
    bytes.slice(i * ELEMENT, (i + 1) * ELEMENT).reduceRight((x, byte) => 256n * x + BigInt(byte), 0n),
  );
}

/** The share that makes up the difference between a value and the other share. */
export const rest = (value: number, share: bigint): bigint => (((BigInt(value) - share) % modulus) + modulus) % modulus;

/** A server's shares of the fields, and its half of the check; null if its share is none. */
export function lookInside(
  verifyKey: Uint8Array,
  id: ServerId,
  { nonce, publicShare, inputShare }: ReportToVerify,
): { shares: bigint[]; verifierShare: Uint8Array } | null {
  try {
    const own = vdaf.verifyInit(verifyKey, ctx, id === "A" ? 0 : 1, nonce, publicShare, inputShare);
    return { shares: elementsIn(own.state.toBytes(), vdaf.length), verifierShare: own.verifierShare };
  } catch (error) {
    if (!(error instanceof PrioError)) throw error;
    return null;
  }
}

/** A verifier share is the circuit's output, the gadget's wires at a random point, and its polynomial there. */
const WIRES = 2 * vdaf.chunkLength;
const MANY = `${WIRES} numbers`;
/** Bytes of a message before the verifier share: its type, and a length. */
const HEAD = 5;

/**
 * What a server knows of the check. The leader sends its half and gets no other. The helper has both: out must be 0,
 * and p must be what the gadget g makes of the wires, a sum of products.
 */
export function checkOf(own: Uint8Array, request: Uint8Array | undefined): CheckRow[] {
  const mine = elementsIn(own, WIRES + 2);
  const [out, p] = [mine[0] as bigint, mine[WIRES + 1] as bigint];
  if (request === undefined) {
    return [
      { name: "out", own: out },
      { name: "p", own: p },
      { name: "g", own: MANY },
    ];
  }
  const theirs = elementsIn(request.slice(HEAD), WIRES + 2);
  const sums = mine.map((x, i) => (x + (theirs[i] as bigint)) % modulus);
  const wires = sums.slice(1, 1 + WIRES);
  const gadget = wires.reduce((sum, x, i) => (i % 2 === 0 ? sum + x * (wires[i + 1] as bigint) : sum), 0n) % modulus;
  const [outSum, pSum] = [sums[0] as bigint, sums[WIRES + 1] as bigint];
  return [
    { name: "out", own: out, other: theirs[0] as bigint, sum: outSum, holds: outSum === 0n },
    { name: "p", own: p, other: theirs[WIRES + 1] as bigint, sum: pSum, holds: pSum === gadget },
    { name: "g", own: MANY, other: MANY, sum: gadget },
  ];
}
