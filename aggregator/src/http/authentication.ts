// Who may ask: the other aggregator and the collector, by bearer token or by the certificate of their TLS connection.
// If a task has both kinds for a party, the party must show both. If it has neither, nobody can be that party.

import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";
import { Problem } from "../problem.js";
import type { AggregatorTask } from "../tasks/task.js";

export type Party = "peer" | "collector";

/** The token that a request shows, as `Authorization: Bearer`, or as `DAP-Auth-Token` of older drafts. */
function shownToken(request: IncomingMessage): string | undefined {
  const bearer = /^bearer +([^ ].*)$/i.exec(request.headers.authorization ?? "")?.[1];
  const older = request.headers["dap-auth-token"];
  return bearer ?? (typeof older === "string" ? older : undefined);
}

/** Whether a token is one of those with these SHA-256, in a time that does not tell which one, or how nearly. */
export function isAccepted(token: string, hashes: readonly Uint8Array[]): boolean {
  const shown = createHash("sha256").update(token, "utf8").digest();
  let found = false;
  for (const hash of hashes) found = (hash.length === shown.length && timingSafeEqual(hash, shown)) || found;
  return found;
}

/** SHA-256 of the client's certificate in lower-case hex, or undefined. */
function certificateOf(request: IncomingMessage): string | undefined {
  if (!(request.socket instanceof TLSSocket)) return undefined;
  const { fingerprint256 } = request.socket.getPeerCertificate();
  return fingerprint256?.replaceAll(":", "").toLowerCase();
}

/** Throws `unauthorized`. */
export function authenticate(request: IncomingMessage, task: AggregatorTask, party: Party): void {
  const hashes = task.acceptedTokens[party];
  const certificates = task.mutualTls[party];
  const who = party === "peer" ? "the other aggregator" : "the collector";
  const refuse = (detail: string): never => {
    throw new Problem("unauthorized", detail, { taskId: task.idText });
  };
  if (hashes.length === 0 && certificates.length === 0) refuse(`the task has no token and no certificate for ${who}`);
  if (hashes.length > 0) {
    const token = shownToken(request);
    if (token === undefined) refuse(`expected a bearer token of ${who}`);
    else if (!isAccepted(token, hashes)) refuse(`the token is not one that the task has for ${who}`);
  }
  if (certificates.length > 0) {
    const certificate = certificateOf(request);
    if (certificate === undefined) refuse(`expected a TLS client certificate of ${who}`);
    else if (!certificates.includes(certificate)) refuse(`the certificate is not one that the task has for ${who}`);
  }
}
