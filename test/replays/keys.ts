// Keys, points and the secret of the replay record's tests; for the processes that they start, too.

import { createHash } from "node:crypto";
import type { ReplayKeys } from "../../src/index.js";

export const secretBytes: Uint8Array = new Uint8Array(16).fill(7);

/** 32 bytes that stand for `text`. */
export function keyOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/** The keys of a packet, and of the id that it came under if there is one. */
export function keysOf(packet: number | string, id?: number | string): ReplayKeys {
  const keys = { packet: keyOf(`packet ${packet}`) };
  return id === undefined ? keys : { ...keys, report: keyOf(`report ${id}`) };
}

/** Tags of two query points. */
export const pointA: Uint8Array = Uint8Array.of(1, 2, 3);
export const pointB: Uint8Array = Uint8Array.of(1, 2, 4);
