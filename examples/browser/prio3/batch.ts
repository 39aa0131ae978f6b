// What page, servers and crowd agree on in the collection with Prio3: the instance, and the application's name.

import { Prio3SumVec } from "prio/prio3";
import { FIELDS } from "../questions.js";

/** The same fields as with Prio v1: each a bit. */
export const vdaf = new Prio3SumVec({ length: FIELDS, maxMeasurement: 1 });
export const ctx: Uint8Array = new TextEncoder().encode("browser example");

/** Bytes of a field element, least significant first. */
export const ELEMENT = 16;

/** A report's nonce is its id. */
export const idOf = (nonce: Uint8Array): string =>
  Array.from(nonce, (byte) => byte.toString(16).padStart(2, "0")).join("");
export const nonceOf = (id: string): Uint8Array =>
  Uint8Array.from(id.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
