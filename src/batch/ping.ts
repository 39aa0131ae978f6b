// The pings of Firefox that carry Prio's packets: JSON objects of type "prio", with an `id`, and in `payload.prioData`
// a list of reports. A report has its encoding, which is the batch id, and a packet for each server:
//
//   {"id": "<uuid>", …, "payload": {…, "prioData": [{"encoding": "…", "prio": {"a": "<base64>", "b": "<base64>"}}, …]}}
//
// A row that Mozilla's ingestion stored has the whole ping as bytes instead: {"payload": "<base64>", …}, where the
// bytes are the JSON or its gzip.

import { isUtf8 } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { decodeBase64, isId, type Reason, type Refusal, refuse } from "./rows.js";

/** A report of a ping, or why it is left out. */
export type PingReport = { readonly batchId: string; readonly a: string; readonly b: string } | Reason;

/** A ping. Its packets are still in base64. */
export interface Ping {
  readonly id: string;
  readonly reports: readonly PingReport[];
}

/** Longest ping, in bytes of JSON. Firefox sends none above 1 MiB; one of six reports takes 246 kB. */
const MAX_PING = 2 ** 23;
/** Longest line or file with one ping, in bytes: the longest ping takes 11.2 MB of base64. */
export const MAX_PING_DOCUMENT: number = 14 * 2 ** 20;
/** Most arrays and objects in a ping: two for each report and a few more. A line of brackets would take much memory. */
const MAX_NODES = 2 ** 16;

/** Reads a ping, or a row that holds one. */
export function readPing(document: Buffer): Ping | Refusal {
  if (document.length === 0 || document.length > MAX_PING_DOCUMENT) return refuse("line-too-long");
  const value = parseObject(document);
  if (value === null) return refuse("malformed-json");
  if (typeof value["payload"] !== "string") return pingOf(value);
  const bytes = decodeBase64(value["payload"]);
  if (bytes === null) return refuse("malformed-base64");
  const json = unzipped(bytes);
  const ping = json === null ? null : parseObject(json);
  return ping === null ? refuse("malformed-ping") : pingOf(ping);
}

function pingOf({ id, payload }: Record<string, unknown>): Ping | Refusal {
  if (typeof id !== "string" || !isId(id)) return refuse("malformed-ping");
  const prioData = isObject(payload) ? payload["prioData"] : undefined;
  return Array.isArray(prioData) ? { id, reports: prioData.map(reportOf) } : refuse("malformed-ping", id);
}

function reportOf(value: unknown): PingReport {
  if (!isObject(value) || !isObject(value["prio"])) return "malformed-report";
  const { encoding: batchId, prio } = value;
  const { a, b } = prio as { a?: unknown; b?: unknown };
  if (typeof batchId !== "string" || !isBatchId(batchId)) return "malformed-report";
  if (typeof a !== "string" || typeof b !== "string") return "malformed-report";
  return isPacket(a) && isPacket(b) ? { batchId, a, b } : "malformed-base64";
}

/** Whether a configuration accepts the text as a batch id. */
function isBatchId(text: string): boolean {
  return isId(text) && !text.includes("\0");
}

function isPacket(text: string): boolean {
  const bytes = decodeBase64(text);
  return bytes !== null && bytes.length > 0;
}

/** The bytes, decompressed when they are gzip. Returns null when that is damaged, or longer than any ping. */
function unzipped(bytes: Buffer): Buffer | null {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.length > MAX_PING ? null : bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_PING });
  } catch {
    return null;
  }
}

function parseObject(json: Buffer): Record<string, unknown> | null {
  if (!isUtf8(json) || !isSmall(json)) return null;
  try {
    const value: unknown = JSON.parse(json.toString("utf8"));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** Whether there are no more than MAX_NODES arrays and objects. Says nothing of what is not JSON. */
function isSmall(json: Buffer): boolean {
  let nodes = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] as number;
    if (byte === QUOTE) i = endOfString(json, i);
    // [ and { differ in one bit.
    else if ((byte | 0x20) === 0x7b && ++nodes > MAX_NODES) return false;
  }
  return true;
}

/** The index of the quote that ends the string whose first quote is at `start`, or the length when none does. */
function endOfString(json: Buffer, start: number): number {
  for (let end = json.indexOf(QUOTE, start + 1); end >= 0; end = json.indexOf(QUOTE, end + 1)) {
    let escapes = 0;
    while (json[end - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return json.length;
}
