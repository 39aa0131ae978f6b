// What the servers tell each other about a batch besides its messages: two lines of JSON in a file `_manifest.json`,
// which comes last in its folder. The first line is an object, the second the seal of that line (seal.ts). Everything
// in it comes from outside when it is read.

import type { ServerStage } from "../batch/batch.js";
import { Failure } from "../files/failure.js";
import type { ServerId } from "../index.js";
import type { Context, Sealer } from "./seal.js";

/** Part of what must be the same at both servers. */
export const FORMAT = "prio manifest 1";

/** In bytes: room for 10,000 parts. */
export const MAX_MANIFEST = 2 ** 22;
/** Most parts of a batch. */
export const MAX_PARTS = 10_000;

/** A file of rows. */
export interface Part {
  readonly name: string;
  /** In bytes, as it is stored. */
  readonly size: number;
  /** Of these bytes, in hex. */
  readonly sha256: string;
}

interface Header extends Context {
  /** Who wrote it. */
  readonly server: ServerId;
}

/** Before verify1: what a server knows of a batch. */
export interface BatchManifest extends Header {
  readonly kind: "batch";
  /** What must be the same at both servers, by names that operators know. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** The secret's fingerprint. */
  readonly secret: string;
  /** The version of the package, which may differ. */
  readonly version: string;
  /** How many lines the raw shares have, or null when there are no shares of this batch. */
  readonly rows: number | null;
  readonly parts: number;
  readonly bytes: number;
}

/** After a stage: what came of it. */
export interface StageManifest extends Header {
  readonly kind: ServerStage;
  /** All rows of this server's shares. */
  readonly rows: number;
  readonly leftOut: number;
  /** How many reports came through, and the digest of their ids (report-set.ts). */
  readonly reports: number;
  readonly ids: string;
  readonly parts: readonly Part[];
}

export type Manifest = BatchManifest | StageManifest;

/** The text of a manifest: the same for the same content. */
export function formatManifest(manifest: Manifest, sealer: Sealer): string {
  const line = JSON.stringify({ format: FORMAT, ...manifest });
  return `${line}\n${JSON.stringify(sealer.seal(line))}\n`;
}

/** What a file holds, and whether whoever wrote it has this server's secret. */
export interface ReadManifest<T extends Manifest> {
  readonly manifest: T;
  readonly isSealed: boolean;
}

/**
 * Reads a manifest of a kind. `name` is the file's in messages. Without a sealer, no seal fits. Throws a Failure for
 * anything else.
 */
export function parseManifest<K extends Manifest["kind"]>(
  bytes: Buffer,
  kind: K,
  name: string,
  sealer?: Sealer,
): ReadManifest<Extract<Manifest, { kind: K }>> {
  const [line = "", sealLine = "", end, ...more] = bytes.toString("utf8").split("\n");
  const [value, seal] = [parsed(line), parsed(sealLine)];
  const format = isObject(value) ? value["format"] : undefined;
  if (end !== "" || more.length > 0 || typeof seal !== "string" || !isObject(value) || typeof format !== "string") {
    throw new Failure(`${name}: is not a manifest`);
  }
  if (format !== FORMAT) {
    throw new Failure(
      `${name}: is of another format: expected ${JSON.stringify(FORMAT)}, got ${JSON.stringify(format.slice(0, 40))}`,
      "both servers must have versions of prio that know the same format",
    );
  }
  if (value["kind"] !== kind || !isHeader(value) || !(kind === "batch" ? isBatch(value) : isStage(value))) {
    throw new Failure(`${name}: is not a manifest of ${kind}`);
  }
  const { format: _format, ...manifest } = value as unknown as { format: string } & Extract<Manifest, { kind: K }>;
  return {
    manifest: manifest as unknown as Extract<Manifest, { kind: K }>,
    isSealed: sealer?.isSealed(line, seal) === true,
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

type Members = Record<string, unknown>;

function isObject(x: unknown): x is Members {
  return typeof x === "object" && x !== null && !Array.isArray(x);
}

const isText = (x: unknown): boolean => typeof x === "string" && x.length <= 65_536;
const isCount = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 0;
const isDigest = (x: unknown): boolean => typeof x === "string" && /^[0-9a-f]{64}$/.test(x);

function isHeader({ app, date, batchId, server }: Members): boolean {
  return isText(app) && isText(date) && isText(batchId) && (server === "A" || server === "B");
}

function isBatch({ settings, secret, version, rows, parts, bytes }: Members): boolean {
  return (
    isObject(settings) &&
    Object.entries(settings).every(([name, x]) => isText(name) && (isText(x) || isCount(x))) &&
    isText(secret) &&
    isText(version) &&
    (rows === null || isCount(rows)) &&
    isCount(parts) &&
    isCount(bytes)
  );
}

function isStage({ rows, leftOut, reports, ids, parts }: Members): boolean {
  return (
    [rows, leftOut, reports].every(isCount) &&
    (rows as number) === (leftOut as number) + (reports as number) &&
    isDigest(ids) &&
    Array.isArray(parts) &&
    parts.length <= MAX_PARTS &&
    parts.every((part) => isObject(part) && isPart(part)) &&
    new Set(parts.map(({ name }: Members) => name)).size === parts.length
  );
}

function isPart({ name, size, sha256 }: Members): boolean {
  return typeof name === "string" && isPartName(name) && isCount(size) && isDigest(sha256);
}

/**
 * Whether a name can be a part's: one name of a file, which is not hidden and not ours, and which steers no terminal.
 * Whoever writes into a store chooses it.
 */
export function isPartName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for control characters.
  return /^[^._/\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*$/.test(name) && Buffer.byteLength(name) <= 255;
}
