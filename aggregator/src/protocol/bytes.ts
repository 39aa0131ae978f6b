// Small things that are done to bytes everywhere: hashes, texts of ids, and names of resources.

import { createHash } from "node:crypto";

/** SHA-256 of the parts, one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Unpadded base64url, as in paths. */
export function textOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString("base64url");
}

/** A text that two equal byte strings share, as a key of maps. */
export function keyOf(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString("latin1");
}

/** Bytes of the ids of jobs and aggregate shares. */
const RESOURCE_ID_SIZE = 16;

/**
 * The id of a resource that a request makes (DAP-18, section 3.2): a function of the request, so that the same request
 * finds the resource that it made.
 */
export function resourceId(kind: string, taskId: Uint8Array, ...request: readonly Uint8Array[]): Uint8Array {
  return sha256(Buffer.from(kind), taskId, ...request).subarray(0, RESOURCE_ID_SIZE);
}
