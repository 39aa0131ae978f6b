// Rows that cross threads come out as they went in, and take one array of bytes a chunk.

import fc from "fast-check";
import { expect, it } from "vitest";
import { packDecisions, packRows, unpackDecisions, unpackRows } from "../../src/batch/packed-rows.js";
import { type Refusal, refuse } from "../../src/batch/rows.js";
import type { Decision, OpenedRow } from "../../src/batch/thread-messages.js";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const keys = fc.record({ packet: key, report: key });
const refusal = fc.constantFrom<Refusal>(refuse("line-too-long"), refuse("cannot-open", "x"));
const opened = fc.array(fc.oneof(refusal, fc.record({ id: fc.string(), replayKeys: keys })));

/** How many arrays of bytes are in a message. */
function arraysIn(message: unknown): number {
  if (message instanceof Uint8Array) return 1;
  if (typeof message !== "object" || message === null) return 0;
  return Object.values(message).reduce((sum: number, value) => sum + arraysIn(value), 0);
}

it("gives back the rows that a thread has opened", () => {
  fc.assert(
    fc.property(opened, (rows: (Refusal | OpenedRow)[]) => {
      const packed = packRows(rows);
      expect(arraysIn(packed)).toBe(1);
      expect(unpackRows(structuredClone(packed))).toEqual(rows);
    }),
  );
});

it.each(["stream", "report"] as const)("gives back the decisions, with query points %s", (queryPoints) => {
  const admitted = fc
    .tuple(keys, fc.bigInt(0n, 2n ** 87n))
    .map(([keys, point]) => (queryPoints === "stream" ? { keys, queryPoints, point } : { keys, queryPoints }));
  const messages = fc.tuple(fc.base64String(), fc.base64String());
  // The rows of a file are all of one stage: with messages or without.
  const decisions = fc.oneof(
    fc.array(fc.oneof(refusal, fc.record({ admitted }))),
    fc.array(fc.oneof(refusal, fc.record({ admitted, messages }))),
  );
  fc.assert(
    fc.property(decisions, (given: Decision[]) => {
      const packed = packDecisions(given);
      expect(arraysIn(packed)).toBe(1);
      expect(unpackDecisions(structuredClone(packed), queryPoints)).toEqual(given);
    }),
  );
});

it("throws for a packet that was opened without an id", () => {
  expect(() => packRows([{ id: "x", replayKeys: { packet: new Uint8Array(32) } }])).toThrow("without an id");
});
