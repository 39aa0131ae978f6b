// What operators give each other of a task: the document for the peer, with the secrets that both aggregators share.
// The public document, for the collector and for clients, is the task's own.

import { createHash } from "node:crypto";
import { DapTask, PrioError, type TaskDocument, vdafFromJSON } from "prio/dap";
import type { Role } from "../store/store.js";
import type { NewTask } from "./changes.js";
import { OperatorError } from "./operator-error.js";
import type { TaskSecrets } from "./stored-task.js";
import { DEFAULT_SETTINGS } from "./stored-task.js";
import type { Dialect } from "./task.js";
import { newToken, parseToken, tokenHash } from "./tokens.js";

/** What tells a peer's document from others. */
const FORMAT = "prio-aggregator task for the peer, 1";
const SEED_BYTES = 32;

/** The document for the peer. It holds secrets. */
export interface PeerDocument {
  readonly format: string;
  /** What the receiver is. */
  readonly role: Role;
  readonly task: TaskDocument;
  readonly dialect: Dialect;
  /** 32 bytes in base64url. */
  readonly verifyKeySeed: string;
  /** A verification key of its own, where it is not derived. */
  readonly verifyKey?: string;
  /** What the leader shows to the helper; null where certificates do. */
  readonly peerToken: string | null;
}

export const otherRole = (role: Role): Role => (role === "leader" ? "helper" : "leader");

/** The secrets of a task that this operator makes. */
export function newSecrets(role: Role, random: (bytes: number) => Uint8Array): TaskSecrets {
  return {
    verifyKeySeed: Buffer.from(random(SEED_BYTES)).toString("base64url"),
    peerToken: newToken(),
    collectorToken: role === "leader" ? newToken() : null,
  };
}

/** The hashes of the tokens that an aggregator accepts. */
export function acceptedHashes(
  role: Role,
  secrets: Pick<TaskSecrets, "peerToken" | "collectorToken">,
): { peerTokenHashes: string[]; collectorTokenHashes: string[] } {
  const hashes = (token: string | null): string[] => (token === null ? [] : [tokenHash(token)]);
  return {
    peerTokenHashes: role === "helper" ? hashes(secrets.peerToken) : [],
    collectorTokenHashes: role === "leader" ? hashes(secrets.collectorToken) : [],
  };
}

/** The document for the peer. Throws an OperatorError where this operator no longer has what the peer needs. */
export function peerDocument(role: Role, task: DapTask, dialect: Dialect, secrets: TaskSecrets): PeerDocument {
  const { verifyKeySeed, verifyKey, peerToken } = secrets;
  return {
    format: FORMAT,
    role: otherRole(role),
    task: task.toJSON(),
    dialect,
    verifyKeySeed,
    ...(verifyKey === undefined ? {} : { verifyKey }),
    peerToken,
  };
}

/** The task in the document that the peer made for this operator. Throws an OperatorError for anything else. */
export function readPeerDocument(text: string, subject: string): NewTask {
  const given = parseObject(text, subject);
  if (given["format"] !== FORMAT) {
    throw new OperatorError(
      "dap" in given
        ? `${subject}: expected the document for the peer, got the public one, which lacks the shared secrets`
        : `${subject}: expected the document that \`task export --for peer\` writes, got other JSON`,
      "the other operator makes it with `prio-aggregator task export TASK --for peer --output FILE`",
    );
  }
  const { role, verifyKeySeed, verifyKey, peerToken, dialect } = given;
  if (role !== "leader" && role !== "helper") {
    throw new OperatorError(`${subject}: role: expected "leader" or "helper"`);
  }
  if (dialect !== "dap-18" && dialect !== "janus-0.9") {
    throw new OperatorError(`${subject}: dialect: expected "dap-18" or "janus-0.9"`);
  }
  if (!isBase64(verifyKeySeed, SEED_BYTES)) {
    throw new OperatorError(`${subject}: verifyKeySeed: expected ${SEED_BYTES} bytes in base64url`);
  }
  if (peerToken !== null && typeof peerToken !== "string") {
    throw new OperatorError(`${subject}: peerToken: expected a bearer token or null`);
  }
  if (peerToken !== null) parseToken(peerToken, `${subject}: peerToken`);
  const task = readTask(given["task"], subject);
  const { verifyKeySize } = vdafFromJSON(task.vdaf);
  if (verifyKey !== undefined && !isBase64(verifyKey, verifyKeySize)) {
    throw new OperatorError(`${subject}: verifyKey: expected ${verifyKeySize} bytes in base64url`);
  }
  const collectorToken = role === "leader" ? newToken() : null;
  const secrets: TaskSecrets = {
    verifyKeySeed,
    ...(verifyKey === undefined ? {} : { verifyKey }),
    // A helper accepts the token by its hash.
    peerToken: role === "leader" ? peerToken : null,
    collectorToken,
  };
  const settings = { ...DEFAULT_SETTINGS, dialect, ...acceptedHashes(role, { peerToken, collectorToken }) } as const;
  return { role, task, settings, secrets };
}

/** Throws an OperatorError for what is no public task document with a collector. */
export function readTask(document: unknown, subject: string): DapTask {
  let task: DapTask;
  try {
    task = DapTask.fromJSON(document);
    // Parameters that the VDAF does not take.
    vdafFromJSON(task.vdaf);
  } catch (error) {
    if (error instanceof PrioError) throw new OperatorError(`${subject}: ${error.message}`);
    throw error;
  }
  if (task.collectorHpkeConfig === undefined) {
    throw new OperatorError(`${subject}: collectorHpkeConfig: expected the collector's HPKE configuration, got none`);
  }
  return task;
}

/** An object of JSON. Throws an OperatorError. */
export function parseObject(text: string, subject: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new OperatorError(`${subject}: expected JSON, got something else`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new OperatorError(`${subject}: expected a JSON object`);
  }
  return value as Record<string, unknown>;
}

/**
 * What stands for the secrets that both aggregators have: 16 hex digits, which the operators compare besides the
 * document's hash. It says nothing about the secrets, which are random bytes.
 */
export function secretsCheck({ verifyKeySeed, verifyKey }: TaskSecrets): string {
  return createHash("sha256")
    .update("prio-aggregator shared secrets\n")
    .update(`${verifyKeySeed}\n${verifyKey ?? ""}`)
    .digest("hex")
    .slice(0, 16);
}

function isBase64(x: unknown, bytes: number): x is string {
  return typeof x === "string" && /^[\w-]+$/.test(x) && Buffer.from(x, "base64url").length === bytes;
}
