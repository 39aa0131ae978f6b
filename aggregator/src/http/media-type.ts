// What a request's body must be.

import { MEDIA_TYPES, type MessageName, parseMediaType } from "prio/dap";
import { Problem } from "../problem.js";

/** Throws `unsupportedMediaType`. The optional version is a hint, and any is taken: the bytes decide. */
export function checkMediaType(contentType: string | undefined, message: MessageName): void {
  // Nearly all requests have the very text.
  if (contentType === MEDIA_TYPES[message]) return;
  if (parseMediaType(contentType)?.message === message) return;
  throw new Problem("unsupportedMediaType", `expected a body of type "${MEDIA_TYPES[message]}"`);
}
