// Pings of Firefox: what is read of them, from JSON or from a stored row, and what is left out for which reason.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_PING_DOCUMENT, readPing } from "../../src/batch/ping.js";
import { isRefusal } from "../../src/batch/rows.js";

const recorded = readFileSync(new URL("../../vectors/prio-processor/fx-69.0a1.json", import.meta.url));

const report = { encoding: "batch", prio: { a: "QUE=", b: "QkI=" } };
const pingWith = (prioData: unknown, id: unknown = "an id") => ({ id, type: "prio", payload: { prioData } });
const reading = (value: unknown) => readPing(Buffer.from(JSON.stringify(value)));
const row = (bytes: Uint8Array) => ({ attributeMap: { x: "y" }, payload: Buffer.from(bytes).toString("base64") });
const good = { id: "an id", reports: [{ batchId: "batch", a: "QUE=", b: "QkI=" }] };

describe("readPing", () => {
  it("reads the recorded ping as it is, in a row, and in a row with gzip", () => {
    const ping = readPing(recorded);
    if (isRefusal(ping)) throw new Error(ping.refused);
    expect(ping.id).toBe("91450ff2-6cdf-4438-b8ff-1905aa72b7fb");
    const packets = ping.reports.map((x) => (typeof x === "string" ? x : [x.batchId, x.a.length > 15_000, x.b.length]));
    const [first, second] = [0, 1].map((i) => [`content.blocking_blocked_TESTONLY-${i}`, true, 252]);
    expect(packets).toEqual([first, second, first, second, first, second]);
    expect(reading(row(recorded))).toEqual(ping);
    expect(reading(row(gzipSync(recorded)))).toEqual(ping);
  });

  it.each([
    ["two reports", pingWith([report, report]), { ...good, reports: [...good.reports, ...good.reports] }],
    ["no report", pingWith([]), { id: "an id", reports: [] }],
    ["a third packet, which is dropped", pingWith([{ ...report, prio: { ...report.prio, c: "x" } }]), good],
    ["brackets in texts", { ...pingWith([report]), note: '\\"[[[{{{' }, good],
  ])("reads a ping with %s", (_name, value, expected) => {
    expect(reading(value)).toEqual(expected);
  });

  it.each([
    ["a report that is no object", 7, "malformed-report"],
    ["no encoding", { prio: report.prio }, "malformed-report"],
    ["an empty encoding", { ...report, encoding: "" }, "malformed-report"],
    ["a NUL in the encoding", { ...report, encoding: "a\0b" }, "malformed-report"],
    ["half a character in the encoding", { ...report, encoding: "\ud800" }, "malformed-report"],
    ["an encoding longer than a batch id", { ...report, encoding: "x".repeat(65536) }, "malformed-report"],
    ["no packets", { encoding: "batch" }, "malformed-report"],
    ["one packet", { encoding: "batch", prio: { a: "QUE=" } }, "malformed-report"],
    ["a null for a packet", { encoding: "batch", prio: { a: null, b: "QkI=" } }, "malformed-report"],
    ["an empty packet", { encoding: "batch", prio: { a: "", b: "QkI=" } }, "malformed-base64"],
    ["a packet that is no base64", { encoding: "batch", prio: { a: "QUE=", b: "?" } }, "malformed-base64"],
  ])("leaves out a report with %s, and that one only", (_name, bad, reason) => {
    expect(reading(pingWith([bad, report]))).toEqual({ id: "an id", reports: [reason, ...good.reports] });
  });

  it.each([
    ["no object", [report], "malformed-json", undefined],
    ["no id", { payload: { prioData: [] } }, "malformed-ping", undefined],
    ["an empty id", pingWith([], ""), "malformed-ping", undefined],
    ["a number as id", pingWith([], 7), "malformed-ping", undefined],
    ["no payload", { id: "an id" }, "malformed-ping", "an id"],
    ["no prioData", { id: "an id", payload: {} }, "malformed-ping", "an id"],
    ["prioData that is no list", pingWith({ 0: report }), "malformed-ping", "an id"],
    ["a payload that is no base64", { payload: "*" }, "malformed-base64", undefined],
    ["a payload that is no ping", row(Buffer.from("7")), "malformed-ping", undefined],
    ["a payload within a payload", row(Buffer.from(JSON.stringify(row(recorded)))), "malformed-ping", undefined],
    ["damaged gzip", row(gzipSync(recorded).subarray(0, 1000)), "malformed-ping", undefined],
    ["gzip that grows beyond any ping", row(gzipSync(Buffer.alloc(2 ** 24, " "))), "malformed-ping", undefined],
    ["65,537 lists", { ...pingWith([report]), x: new Array(65_536).fill([]) }, "malformed-json", undefined],
  ])("refuses a ping with %s", (_name, value, refused, id) => {
    expect(reading(value)).toEqual(id === undefined ? { refused } : { refused, id });
  });

  it.each([
    ["an empty line", Buffer.alloc(0), "line-too-long"],
    ["a line that is too long", Buffer.alloc(MAX_PING_DOCUMENT + 1, " "), "line-too-long"],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "malformed-json"],
    ["deep brackets", Buffer.alloc(MAX_PING_DOCUMENT, "["), "malformed-json"],
    ["a text that does not end", Buffer.from('{"id": "\\"'), "malformed-json"],
  ])("refuses %s", (_name, bytes, refused) => {
    expect(readPing(bytes)).toEqual({ refused });
  });

  it("never throws, whatever stands in the place of anything", () => {
    const keys = fc.constantFrom("id", "payload", "prioData", "encoding", "prio", "a", "b", "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.array(tie("value")), fc.dictionary(keys, tie("value"))),
    }));
    fc.assert(
      fc.property(value, (x) => void reading(x)),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => void readPing(Buffer.from(bytes))));
  });
});
