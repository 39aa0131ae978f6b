// The dialect's translations: each has exactly one inverse, with the bytes that Janus' sources say, and what is none of
// its messages is refused. test/dap/janus.test.ts of the library tries them on what Janus sent.

import fc from "fast-check";
import { PrioError } from "prio/dap";
import { describe, expect, test } from "vitest";
import {
  decodeContinueReq,
  decodeInitReq,
  decodeResp,
  encodeContinueReq,
  encodeInitReq,
  encodeResp,
  reportsOfJob,
  resourceId,
} from "../../src/dialects/janus-0.9.js";

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const BATCH = "11".repeat(32);
const anyBytes = fc.uint8Array({ maxLength: 80 });

/** An init request of the draft, whose reports are any bytes: the dialect does not look into them. */
const initReq = fc
  .record({ key: fc.nat(255), aggParam: anyBytes, isLeaderSelected: fc.boolean(), inits: anyBytes })
  .map(({ key, aggParam, isLeaderSelected, inits }) => {
    const extensions = isLeaderSelected ? `0024 0001 0020 ${BATCH}` : "0000";
    return bytes(
      [
        key.toString(16).padStart(2, "0"),
        aggParam.length.toString(16).padStart(8, "0"),
        Buffer.from(aggParam).toString("hex"),
        extensions,
        Buffer.from(inits).toString("hex"),
      ].join(""),
    );
  });

describe("the dialect of Janus 0.9", () => {
  test("an init request of a time interval", () => {
    const draft = bytes("07 00000002 aabb 0000 c0ffee");
    const janus = bytes("07 00000002 aabb 01 0000 00000003 c0ffee");
    expect(encodeInitReq(draft)).toEqual(janus);
    expect(decodeInitReq(janus)).toEqual(draft);
  });

  test("an init request of a batch that the leader selected", () => {
    const draft = bytes(`00 00000000 0024 0001 0020 ${BATCH} c0ffee`);
    const janus = bytes(`00 00000000 02 0020 ${BATCH} 00000003 c0ffee`);
    expect(encodeInitReq(draft)).toEqual(janus);
    expect(decodeInitReq(janus)).toEqual(draft);
  });

  test("a continuation, and an answer", () => {
    expect(encodeContinueReq(bytes("0001 c0ffee"))).toEqual(bytes("0001 00000003 c0ffee"));
    expect(decodeContinueReq(bytes("0001 00000003 c0ffee"))).toEqual(bytes("0001 c0ffee"));
    expect(encodeResp(bytes("c0ffee"))).toEqual(bytes("00000003 c0ffee"));
    expect(decodeResp(bytes("00000003 c0ffee"))).toEqual(bytes("c0ffee"));
    expect(decodeResp(encodeResp(new Uint8Array(0)))).toEqual(new Uint8Array(0));
  });

  test("what is written is read again, and what is read is written again", () => {
    fc.assert(
      fc.property(initReq, anyBytes, (draft, other) => {
        expect(decodeInitReq(encodeInitReq(draft))).toEqual(draft);
        expect(decodeResp(encodeResp(other))).toEqual(other);
      }),
    );
    for (const [decode, encode] of [
      [decodeInitReq, encodeInitReq],
      [decodeContinueReq, encodeContinueReq],
      [decodeResp, encodeResp],
    ] as const) {
      fc.assert(
        fc.property(anyBytes, (message) => {
          let read: Uint8Array;
          try {
            read = decode(message);
          } catch (error) {
            expect(error).toBeInstanceOf(PrioError);
            expect(error).toHaveProperty("code", "malformed");
            return;
          }
          expect(encode(read)).toEqual(message);
        }),
        { numRuns: 500 },
      );
    }
  });

  test.each([
    ["nothing", ""],
    ["no aggregation parameter", "00 00000001"],
    ["no selector", "00 00000000 01"],
    ["half a selector", "00 00000000 02 0020 1111"],
    ["a selector of no mode", "00 00000000 00 0000 00000000"],
    ["a batch id of a time interval", `00 00000000 01 0020 ${BATCH} 00000000`],
    ["a leader-selected batch without an id", "00 00000000 02 0000 00000000"],
    ["no length of the reports", "00 00000000 01 0000"],
    ["reports shorter than they say", "00 00000000 01 0000 00000003 c0ff"],
    ["bytes after the reports", "00 00000000 01 0000 00000001 c0ff"],
    ["a length that is not there", "00 ffffffff 01 0000 00000000"],
  ])("an init request with %s is malformed", (_what, message) => {
    expect(() => decodeInitReq(bytes(message))).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test("every part of a message alone is malformed", () => {
    const whole = bytes(`00 00000002 aabb 02 0020 ${BATCH} 00000003 c0ffee`);
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeInitReq(whole.subarray(0, length))).toThrow(expect.objectContaining({ code: "malformed" }));
    }
  });

  test("an extension that Janus has no place for is not dropped", () => {
    const withAnother = bytes("00 00000000 0004 0002 0000 c0ffee");
    expect(() => encodeInitReq(withAnother)).toThrow(expect.objectContaining({ code: "unsupported" }));
    const withTwo = bytes(`00 00000000 0028 0001 0020 ${BATCH} 0002 0000 c0ffee`);
    expect(() => encodeInitReq(withTwo)).toThrow(expect.objectContaining({ code: "unsupported" }));
  });

  test("a part of a larger buffer is translated alone", () => {
    const draft = bytes("07 00000002 aabb 0000 c0ffee");
    const around = new Uint8Array(100).fill(0xff);
    around.set(draft, 50);
    const part = around.subarray(50, 50 + draft.length);
    expect(encodeInitReq(part)).toEqual(encodeInitReq(draft));
  });

  test("jobs are as long as Janus reads", () => {
    expect([1000, 10_000, 1 << 20, 1 << 22].map(reportsOfJob)).toEqual([2096, 209, 1, 1]);
  });

  test("an id is a function of what is asked", () => {
    const [task, other] = [new Uint8Array(32), new Uint8Array(32).fill(1)];
    const id = resourceId("aggregation_jobs", task, bytes("c0ffee"));
    expect(id).toHaveLength(16);
    expect(resourceId("aggregation_jobs", task, bytes("c0ffee"))).toEqual(id);
    for (const another of [
      resourceId("aggregate_shares", task, bytes("c0ffee")),
      resourceId("aggregation_jobs", other, bytes("c0ffee")),
      resourceId("aggregation_jobs", task, bytes("c0ff")),
    ]) {
      expect(another).not.toEqual(id);
    }
  });
});
