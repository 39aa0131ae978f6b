// Reports, told apart without being read. Anybody may upload, and an UploadRequest that is read whole takes some 60
// times its bytes and a second of nothing else where it is made of empty extensions. So the lengths are followed, and
// nothing is made but one frame a report; aggregation reads each report when its turn comes, and one at a time.

import { Problem } from "../../problem.js";

/** What is needed of a report before its turn comes. */
export interface ReportFrame {
  /** The encoded Report, within the body. */
  readonly content: Buffer;
  readonly reportMetadata: {
    /** 16 bytes, within the body. */
    readonly reportId: Buffer;
    readonly time: bigint;
  };
  readonly leaderEncryptedInputShare: { readonly configId: number };
}

/** Reports of an upload, at most. A task's own limit in bytes is lower where reports are not empty. */
const MOST_REPORTS = 10_000;
const REPORT_ID_SIZE = 16;

/** Takes exactly what `decodeUploadRequest` takes. Throws invalidMessage, and tooLarge for too many reports. */
export function reportFrames(body: Uint8Array): ReportFrame[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const frames: ReportFrame[] = [];
  let at = 0;

  /** Passes over so many bytes, and returns where they began. */
  const pass = (length: number, end = bytes.length): number => {
    if (length > end - at) throw new Problem("invalidMessage", "the body is not an UploadRequest");
    at += length;
    return at - length;
  };
  const passExtensions = (): void => {
    const length = bytes.readUInt16BE(pass(2));
    const end = pass(length) + length;
    at = end - length;
    while (at < end) {
      pass(2, end);
      pass(bytes.readUInt16BE(pass(2, end)), end);
    }
  };
  /** A key or a ciphertext is never empty. */
  const passSome = (length: number): void => void pass(length === 0 ? Number.POSITIVE_INFINITY : length);
  /** Returns the id of the configuration that it is for. */
  const passCiphertext = (): number => {
    const configId = bytes.readUInt8(pass(1));
    passSome(bytes.readUInt16BE(pass(2)));
    passSome(bytes.readUInt32BE(pass(4)));
    return configId;
  };

  while (at < bytes.length) {
    if (frames.length === MOST_REPORTS) throw new Problem("tooLarge", `expected at most ${MOST_REPORTS} reports`);
    const start = at;
    const id = pass(REPORT_ID_SIZE);
    const time = bytes.readBigUInt64BE(pass(8));
    passExtensions();
    pass(bytes.readUInt32BE(pass(4)));
    const configId = passCiphertext();
    passCiphertext();
    frames.push({
      content: bytes.subarray(start, at),
      reportMetadata: { reportId: bytes.subarray(id, id + REPORT_ID_SIZE), time },
      leaderEncryptedInputShare: { configId },
    });
  }
  return frames;
}
