// What a request's body must be.

import type { IncomingHttpHeaders } from "node:http";
import { MEDIA_TYPES, type MessageName, parseMediaType } from "prio/dap";
import { Problem } from "../problem.js";

/**
 * Throws `unsupportedMediaType`, also for a body that is compressed. The optional version is a hint, and any is taken:
 * the bytes decide.
 */
export function checkMediaType(headers: IncomingHttpHeaders, message: MessageName): void {
  const { "content-type": contentType, "content-encoding": coding = "identity" } = headers;
  // What is compressed would look like a message that is malformed; and a few bytes of it can become any number.
  if (coding.toLowerCase() !== "identity") {
    throw new Problem("unsupportedMediaType", "expected a body without a content coding");
  }
  // Nearly all requests have the very text.
  if (contentType === MEDIA_TYPES[message]) return;
  if (parseMediaType(contentType)?.message === message) return;
  throw new Problem("unsupportedMediaType", `expected a body of type "${MEDIA_TYPES[message]}"`);
}
