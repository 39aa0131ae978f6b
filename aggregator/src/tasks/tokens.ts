// Bearer tokens: 32 random bytes in base64url. An aggregator that accepts one keeps its SHA-256, and two at a time, so
// that the other party can change from the old one to the new one when it likes.

import { createHash, randomBytes } from "node:crypto";
import { OperatorError } from "./operator-error.js";

const TOKEN_BYTES = 32;
/** The new token and the one before. */
const VALID_AT_A_TIME = 2;

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString("base64url");
}

/** The hash that is stored and compared, in hex. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/**
 * The hashes that are valid when a new token has come, the newest first. Throws an OperatorError where as many are
 * valid already: the oldest may be the one in use.
 */
export function withToken(hashes: readonly string[], token: string): string[] {
  if (hashes.length >= VALID_AT_A_TIME) {
    throw new OperatorError(
      `${hashes.length} tokens are valid already, and a new one would end the oldest: nothing was changed`,
      "--revoke-old ends it, once the other party has the newest",
    );
  }
  return [tokenHash(token), ...hashes];
}

/**
 * A token that another operator gave, as the text of a file. Throws an OperatorError for what no HTTP header can carry
 * as a bearer token (RFC 6750, section 2.1), and for what is too short to be a secret.
 */
export function parseToken(text: string, subject: string): string {
  const token = text.trim();
  if (!/^[\w.~+/-]+=*$/.test(token) || token.length < 16) {
    throw new OperatorError(
      `${subject}: expected a bearer token of at least 16 letters, digits and -._~+/, got something else`,
    );
  }
  return token;
}

/** The SHA-256 of a certificate, as lower-case hex. Throws an OperatorError for what is none. */
export function parseFingerprint(text: string): string {
  const digits = text.replaceAll(":", "").toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    throw new OperatorError(
      "certificate: expected its SHA-256 in 64 hex digits, got something else",
      "openssl x509 -in client.pem -noout -fingerprint -sha256",
    );
  }
  return digits;
}
