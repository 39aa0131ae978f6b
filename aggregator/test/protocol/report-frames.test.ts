// Uploads are told apart as they are read: what one takes, the other takes, and both find the same reports.

import fc from "fast-check";
import { decodeUploadRequest, encodeReport, encodeUploadRequest, type Report } from "prio/dap";
import { describe, expect, test } from "vitest";
import { Problem } from "../../src/problem.js";
import { reportFrames } from "../../src/protocol/leader/report-frames.js";

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const ciphertext = fc.record({ configId: fc.integer({ min: 0, max: 255 }), enc: bytes(1, 40), payload: bytes(1, 60) });
const extension = fc.record({ extensionType: fc.integer({ min: 0, max: 65_535 }), extensionData: bytes(0, 5) });
const report = fc.record({
  reportMetadata: fc.record({
    reportId: bytes(16, 16),
    time: fc.bigInt(0n, 2n ** 64n - 1n),
    publicExtensions: fc.array(extension, { maxLength: 3 }),
  }),
  publicShare: bytes(0, 40),
  leaderEncryptedInputShare: ciphertext,
  helperEncryptedInputShare: ciphertext,
}) as fc.Arbitrary<unknown> as fc.Arbitrary<Report>;

/** What both make of a body; null where it is no UploadRequest. */
function both(body: Uint8Array): [unknown, unknown] {
  const orNull = (read: () => unknown): unknown => {
    try {
      return read();
    } catch {
      return null;
    }
  };
  const shown = (
    content: Uint8Array,
    { reportMetadata: { reportId, time }, leaderEncryptedInputShare: share }: Shown,
  ) => [...[Buffer.from(content).toString("hex"), Buffer.from(reportId).toString("hex"), time, share.configId]];
  return [
    orNull(() => reportFrames(body).map((frame) => shown(frame.content, frame))),
    orNull(() => decodeUploadRequest(body).reports.map((one) => shown(encodeReport(one), one))),
  ];
}

type Shown = Pick<Report, "reportMetadata" | "leaderEncryptedInputShare"> | ReturnType<typeof reportFrames>[number];

describe("frames of reports", () => {
  test("are those of the reports in the body", () => {
    fc.assert(
      fc.property(fc.array(report, { maxLength: 4 }), (reports) => {
        const [frames, read] = both(encodeUploadRequest({ reports }));
        expect(frames).toEqual(read);
        expect(frames).toHaveLength(reports.length);
      }),
    );
  });

  test("are refused where the body is, whatever byte is wrong or missing", () => {
    fc.assert(
      fc.property(report, fc.nat(), fc.nat(255), fc.nat(), (one, at, byte, length) => {
        const body = encodeUploadRequest({ reports: [one] });
        const wrong = body.with(at % body.length, byte);
        const cut = body.subarray(0, length % body.length);
        for (const [frames, read] of [both(wrong), both(cut)]) expect(frames).toEqual(read);
      }),
      { numRuns: 500 },
    );
  });

  test("are one for a report of empty extensions, and 10,000 at most", () => {
    const extensions = (n: number) =>
      Array.from({ length: n }, () => ({ extensionType: 7, extensionData: new Uint8Array(0) }));
    const share = { configId: 1, enc: new Uint8Array(1), payload: new Uint8Array(1) };
    const encoded = (n: number) =>
      encodeReport({
        reportMetadata: { reportId: new Uint8Array(16), time: 1n, publicExtensions: extensions(n) },
        ...{ publicShare: new Uint8Array(0), leaderEncryptedInputShare: share, helperEncryptedInputShare: share },
      } as Report);
    expect(reportFrames(encoded(16_383))).toHaveLength(1);
    const many = (n: number) => Buffer.concat(new Array<Uint8Array>(n).fill(encoded(0)));
    expect(reportFrames(many(10_000))).toHaveLength(10_000);
    expect(() => reportFrames(many(10_001))).toThrow(new Problem("tooLarge", "expected at most 10000 reports"));
  });
});
