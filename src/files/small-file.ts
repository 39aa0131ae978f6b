// Reads a small file in one piece: keys, secrets, labels. It may be a pipe or a device, whose size the system does not
// know, so the reader counts the bytes.

import { closeSync, openSync, readSync } from "node:fs";

/** The whole file, or null when it has more than `maxBytes`: of those, no more are read. Throws the system's error. */
export function readSmallFile(path: string, maxBytes: number): Buffer | null {
  const fd = openSync(path, "r");
  try {
    const pieces: Buffer[] = [];
    for (let length = 0; length <= maxBytes; ) {
      const piece = Buffer.alloc(Math.min(maxBytes + 1 - length, 2 ** 16));
      const read = readSync(fd, piece, 0, piece.length, null);
      if (read === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, read));
      length += read;
    }
    return null;
  } finally {
    closeSync(fd);
  }
}
