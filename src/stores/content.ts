// What is written into a store: bytes in memory, or those of a file.

import { createReadStream, statSync } from "node:fs";
import type { Content } from "./store.js";

/** The bytes of a text (in UTF-8) or of a buffer. */
export function contentOf(bytes: string | Uint8Array): Content {
  const buffer =
    typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    size: buffer.length,
    // biome-ignore lint/suspicious/useAwait: an asynchronous generator is what a reader takes.
    async *read() {
      yield buffer;
    },
  };
}

/** The bytes of a file. It must stay as it is until it is written. Throws the system's error when it is not there. */
export function contentOfFile(path: string): Content {
  const { size } = statSync(path);
  return { size, read: () => createReadStream(path, { end: size }) };
}
