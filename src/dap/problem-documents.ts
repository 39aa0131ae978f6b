// What a server says about an error (RFC 9457), read from bytes that may be anything, and what DAP's errors mean for
// those who sent the request.

import { isBytes, textOf } from "../core/bytes.js";
import type { Problem } from "./dap-error.js";
import { PROBLEM_MEDIA_TYPE, problemName } from "./problems.js";

/** Characters of a server's sentence that are kept. */
const LONGEST = 300;
/** Most numbers that are kept of a list. */
const MOST = 100;

/** Reads a problem document; undefined for what is none. */
export function readProblem(contentType: string | null, body: Uint8Array): Problem | undefined {
  const type = contentType?.split(";")[0]?.trim().toLowerCase();
  if (type !== PROBLEM_MEDIA_TYPE && type !== "application/json") return undefined;
  let document: unknown;
  try {
    document = JSON.parse(textOf(body) ?? "");
  } catch {
    return undefined;
  }
  if (typeof document !== "object" || document === null || Array.isArray(document) || isBytes(document))
    return undefined;
  const members = document as Readonly<Record<string, unknown>>;
  // A member of the wrong type counts as none (RFC 9457, section 3.1).
  const [uri, title, detail] = [textIn(members, "type"), textIn(members, "title"), textIn(members, "detail")];
  const list = members["unsupported_extensions"];
  const numbers = Array.isArray(list) ? list.filter((x): x is number => Number.isSafeInteger(x)) : [];
  return {
    type: problemName(uri) ?? uri ?? "about:blank",
    ...(title === undefined ? {} : { title }),
    ...(detail === undefined ? {} : { detail }),
    ...(numbers.length === 0 ? {} : { unsupportedExtensions: numbers.slice(0, MOST) }),
  };
}

/** A text of a document from elsewhere: one line, not too long. */
function textIn(members: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = members[name];
  if (typeof value !== "string" || value === "") return undefined;
  // What a terminal could take for a command, and what turns the direction of writing, is left out.
  const line = value.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

/** What each of DAP's errors means to clients and collectors. */
const MEANINGS: Readonly<Record<string, string>> = {
  invalidMessage: "the server cannot read the message, or does not take it: does it speak the same version of DAP?",
  unrecognizedTask:
    "the server does not know the task: is it made there, and is its document the one of both operators?",
  batchInvalid: "the task has no such batch: an interval has a length of at least the task's time precision",
  invalidBatchSize: "the batch has fewer reports than the task's minimum: try again when more have come",
  invalidAggregationParameter: "the server wants an aggregation parameter, which no VDAF of this library has",
  batchMismatch:
    "the two aggregators counted different reports, so the batch has no result: both operators must look into it",
  batchOverlap: "some reports of the batch were collected before: each report is collected once",
  unsupportedExtension: "the server does not know an extension",
  invalidExtension: "the server does not take the extensions",
};

/** What an HTTP status means that comes without one of DAP's errors. */
const STATUSES: Readonly<Record<number, string>> = {
  401: "the server does not accept the token",
  403: "the server does not accept the token",
  404: "the server has nothing at this address: is the aggregator's URL right?",
  405: "the server does not take such requests at this address: is the aggregator's URL right?",
  409: "another request was there first",
  410: "the server has it no more",
  413: "the message is too large for the server",
  415: "the server does not take such messages: does it speak the same version of DAP?",
  429: "the server has too much to do",
};

/** Why a server refused, in words. */
export function reasonOf(status: number, problem: Problem | undefined): string {
  const known = problem === undefined ? undefined : MEANINGS[problem.type];
  const meaning = known ?? STATUSES[status] ?? (status >= 500 ? "the server cannot do it now" : "the server refused");
  const said = problem?.detail ?? problem?.title;
  const numbers = problem?.unsupportedExtensions?.join(", ");
  const notes = [
    ...(problem === undefined || problem.type === "about:blank" ? [`status ${status}`] : [problem.type]),
    ...(numbers === undefined ? [] : [`extensions ${numbers}`]),
    ...(said === undefined ? [] : [`it says: ${JSON.stringify(said)}`]),
  ];
  return `${meaning} (${notes.join("; ")})`;
}
