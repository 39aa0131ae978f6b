// What an answer means that is no success. Only the code of the server's error reaches a message: its text could have
// keys or signatures in it.

import type { StoreError, StoreErrorCode, StoreErrorDetails } from "../store.js";
import { isRegion } from "./endpoint.js";
import type { HttpResponse } from "./http.js";
import { type Element, textIn } from "./xml.js";

/** Longest time that a server may ask us to wait, in milliseconds. */
const MAX_RETRY_AFTER = 60_000;
const BUSY = new Set([408, 429, 500, 502, 503, 504]);
const BUSY_CODES = new Set([
  "SlowDown",
  "InternalError",
  "OperationAborted",
  "ConditionalRequestConflict",
  "RequestTimeout",
  "ServiceUnavailable",
  "Throttling",
]);
/** The keys are not valid any more. */
export const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"]);
/** The server does not know the access key id. versitygw says so with 404. */
export const UNKNOWN_KEYS: ReadonlySet<string> = new Set(["InvalidAccessKeyId", "XAdminUserNotFound"]);
const DAMAGED = new Set(["BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody"]);
const FULL = new Set(["QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"]);

export const NO_S3 = "the answer is not one of S3: is it another server, or a proxy?";
const UNKNOWN = "the server does not know the access key id";
const HINTS: Readonly<Record<string, string>> = {
  AccessDenied: "the keys need the rights to list the bucket, and to get, put and delete objects below the prefix",
  NoSuchBucket: "it is not made by itself: are its name, the region and the endpoint right?",
  InvalidAccessKeyId: UNKNOWN,
  SignatureDoesNotMatch: "the secret key is not the one of the access key id",
  XAdminUserNotFound: UNKNOWN,
};

/** Details of an error besides the store, which is known. */
export type Details = Partial<Omit<StoreErrorDetails, "store">>;

/** Makes an error about the request that was answered. */
export type MakeError = (code: StoreErrorCode, reason: string, details?: Details) => StoreError;

/** Why a try failed, and what the answer says besides. */
export class Failed {
  readonly error: StoreError;
  readonly status: number;
  /** The code of the server's error; empty when there is none. */
  readonly code: string;
  /** Where the bucket is. */
  readonly region: string | undefined;
  /** The server's time. */
  readonly date: string | undefined;
  /** In milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(error: StoreError, answer: Partial<Omit<Failed, "error">> = {}) {
    this.error = error;
    this.status = answer.status ?? 0;
    this.code = answer.code ?? "";
    this.region = answer.region;
    this.date = answer.date;
    this.retryAfter = answer.retryAfter;
  }
}

/** Reads an answer that is no success. `element` is its body, or null when that is no XML. */
export function failedBy(response: HttpResponse, element: Element | null, isHead: boolean, error: MakeError): Failed {
  const { status } = response;
  const said = (name: string): string => (element?.name === "Error" ? (textIn(element, name) ?? "") : "");
  const code = /^[A-Za-z0-9.]{1,64}$/.exec(said("Code"))?.[0] ?? "";
  const region = response.header("x-amz-bucket-region") ?? said("Region");
  return new Failed(errorOf(status, code, isHead, error), {
    status,
    code,
    region: isRegion(region) ? region : undefined,
    date: response.header("date"),
    retryAfter: retryAfter(response.header("retry-after"), Date.now()),
  });
}

function errorOf(status: number, code: string, isHead: boolean, makeError: MakeError): StoreError {
  // An answer to HEAD has no body.
  const hint = HINTS[code] ?? (code !== "" || isHead ? undefined : NO_S3);
  const error: MakeError = (kind, reason, details) => {
    const said = code === "" ? `status ${status}` : `status ${status}, ${code}`;
    return makeError(kind, `${reason} (${said})`, { hint, ...details });
  };
  if (code === "NoSuchBucket") return error("not-found", "there is no such bucket", { key: undefined });
  if (UNKNOWN_KEYS.has(code)) return error("forbidden", "the server does not let us");
  if (status === 404) return error("not-found", "there is no such object");
  if (status === 412) return error("changed", "the object is another one now");
  if (FULL.has(code) || status === 507) return error("full", "the store is full");
  if (BUSY.has(status) || BUSY_CODES.has(code)) return error("unavailable", "the server cannot do it at the moment");
  if (DAMAGED.has(code)) return error("damaged", "other bytes arrived than were sent", { isTransient: true });
  if (status === 401 || status === 403 || EXPIRED.has(code)) return error("forbidden", "the server does not let us");
  if (status >= 300 && status < 400) return error("unavailable", "the bucket is elsewhere", { isTransient: false });
  return error("refused", "the server does not take the request");
}

/** The milliseconds that a server asks us to wait: seconds, or a time. Not more than a minute is waited. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), MAX_RETRY_AFTER);
}
