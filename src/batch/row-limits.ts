// The length of the longest line that can be a row of a batch. The bounds leave room for what writers of JSON do:
// escapes, wrapped base64, white space and members that Prio does not know.

import { Config } from "../index.js";

/** Longest id, in bytes of UTF-8, as the library has it for report ids. */
export const MAX_ID_BYTES = 65535;
/** An escape of JSON for one byte, as `\u0041`. */
const ESCAPE = 6;
/** White space, members that are not read, and the row's own brackets, names and quotes. */
const REST = 65536;

/** An element of a share in msgpack: 11 bytes and at most five for the header. */
const ELEMENT = 16;
/** The numbers of the proof besides h. */
const PROOF_SCALARS = 6;
/** Public key, tag and headers of a packet. */
const PACKET_OVERHEAD = 128;

/**
 * Bytes of the longest row of shares: twice the length of the largest packet in base64, an id with an escape for each
 * byte, and 65,536 for the rest. Writers escape at most `/`, `+` and `=`, and wrap with four bytes after every 76.
 */
export function maxShareRow({ fields, batchId }: Pick<Config, "fields" | "batchId">): number {
  // A share has the fields, and as many elements of h as the least power of two above their number.
  const elements = fields + 2 ** Math.ceil(Math.log2(fields + 1)) + PROOF_SCALARS;
  const packet = ELEMENT * elements + batchId.length + PACKET_OVERHEAD;
  return 2 * 4 * Math.ceil(packet / 3) + ESCAPE * MAX_ID_BYTES + REST;
}

/** Bytes of the longest row of shares of any batch. */
export const MAX_SHARE_ROW: number = maxShareRow({ fields: Config.maxFields, batchId: new Uint8Array(REST) });

/** Bytes of the longest row of `count` values: an integer below 2^42 has 13 digits. */
export function maxValuesRow(count: number): number {
  return 32 * count + REST;
}
