// Sends signed requests to one bucket, tries again what can succeed later, and makes an error of what cannot. Only the
// code of the server's error reaches a message: its text could have keys or signatures in it.

import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { systemCode, systemReason } from "../../files/failure.js";
import type { S3Credentials, StoreSettings } from "../settings.js";
import { StoreError, type StoreErrorCode } from "../store.js";
import { CredentialSource } from "./credentials.js";
import { Endpoint, escaped, isRegion } from "./endpoint.js";
import { BrokenConnection, type HttpResponse, send } from "./http.js";
import { endpointOf, readProfile, regionOf } from "./profile.js";
import { type Element, parseXml, textIn } from "./xml.js";

/** What is asked of the server, for which object of the store. */
export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Such as `cannot read`. */
  readonly attempt: string;
  /** In the store: without its prefix. Undefined for a request to the bucket. */
  readonly key?: string | undefined;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  /** Answers, besides those of success, that the caller understands. The code is empty when the answer has none. */
  readonly expects?: (status: number, code: string) => boolean;
}

/** An answer: of success, or one that the caller understands, without its body then. */
export interface S3Answer {
  readonly response: HttpResponse;
  /** The code of the server's error; empty when there is none. */
  readonly code: string;
  /** Whether an earlier try may have done what was asked, though no answer came. */
  readonly isRepeated: boolean;
}

const MAX_ERROR = 2 ** 16;
const MAX_DELAY = 20_000;
/** Longest time that a server may ask us to wait, in milliseconds. */
const MAX_RETRY_AFTER = 60_000;
/** Clocks that differ more than this make signatures that AWS does not take. */
const MAX_SKEW = 5 * 60_000;
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
const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"]);
const DAMAGED = new Set(["BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody"]);
const FULL = new Set(["QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"]);

const HINTS: Readonly<Record<string, string>> = {
  AccessDenied: "the keys need the rights to list the bucket, and to get, put and delete objects below the prefix",
  InvalidAccessKeyId: "the server does not know the access key id",
  NoSuchBucket: "it is not made by itself: are its name, the region and the endpoint right?",
  SignatureDoesNotMatch: "the secret key is not the one of the access key id",
};

/** The bucket of a store. */
export class S3Client {
  readonly name: string;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #settings: StoreSettings;
  readonly #credentials: CredentialSource;
  readonly #signingKeys = new Map<string, ArrayBuffer>();
  #endpoint: Endpoint | undefined;
  /** Milliseconds by which the server's clock is before ours. */
  #skew = 0;

  constructor(name: string, { bucket, prefix }: { bucket: string; prefix: string }, settings: StoreSettings) {
    this.name = name;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#settings = settings;
    this.#credentials = new CredentialSource(name, settings);
  }

  /** Tells the operator something. */
  warn(message: string): void {
    this.#settings.warn?.(`${this.name}: ${message}`);
  }

  /**
   * Sends a request until it is answered. The body of the answer must be read or discarded. Throws a StoreError for any
   * answer that is neither success nor expected.
   */
  async request(request: S3Request): Promise<S3Answer> {
    const { tries = 6 } = this.#settings;
    const mended = new Set<Mend>();
    let isRepeated = false;
    for (let tried = 1; ; tried++) {
      let failure: Failed;
      try {
        const keys = await this.#credentials.get();
        const answered = await this.#send(request, keys);
        if (!(answered instanceof Failed)) return { ...answered, isRepeated };
        failure = answered;
        const mend = this.#mend(answered, keys);
        // What was wrong with the request is put right, once each.
        if (mend !== undefined && !mended.has(mend)) {
          mended.add(mend);
          continue;
        }
      } catch (error) {
        failure = this.#broken(error, request);
        isRepeated = true;
      }
      this.#requireTime(request);
      if (!failure.error.isTransient || tried >= tries) throw failure.error;
      if (failure.status >= 500) isRepeated = true;
      await this.#pause(tried, failure.retryAfter, request);
    }
  }

  /** As `request`, and reads the answer as XML whose outermost element has the name. */
  async requestXml(request: S3Request, name: string, maxBytes: number): Promise<Element> {
    const { response } = await this.request(request);
    const body = await this.read(response, maxBytes, request);
    const element = body && parseXml(body.toString());
    if (element?.name === "Error") throw this.#failed(request, response, element).error;
    if (element?.name !== name) throw this.nonsense(request, `the answer is not the XML of S3 (${name})`);
    return element;
  }

  /** The body of an answer, or null when it is too long. */
  async read(response: HttpResponse, maxBytes: number, request: S3Request): Promise<Buffer | null> {
    try {
      return await response.bytes(maxBytes);
    } catch (error) {
      throw this.#broken(error, request).error;
    }
  }

  /** Waits before the next try of something that broke under way. */
  async pause(tried: number, request: S3Request): Promise<void> {
    this.#requireTime(request);
    await this.#pause(tried, undefined, request);
  }

  error(code: StoreErrorCode, { attempt, key }: S3Request, reason: string, details: Details = {}): StoreError {
    return new StoreError(code, attempt, reason, { store: this.name, key, ...details });
  }

  /** The server does not speak S3, or lies. Trying again would not change that. */
  nonsense(request: S3Request, reason: string): StoreError {
    return this.error("unavailable", request, reason, { isTransient: false });
  }

  #url({ key, query = {} }: S3Request): URL {
    const path = key === undefined ? "" : (this.#prefix + key).split("/").map(escaped).join("/");
    const pairs = Object.entries(query).map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
    return new URL(`${this.#address().base}/${path}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`);
  }

  /** Files are read here, and not when the store is opened. */
  #address(): Endpoint {
    if (this.#endpoint === undefined) {
      const profile = readProfile(this.#settings);
      const endpoint = endpointOf(this.#settings, profile);
      const region = regionOf(this.#settings, profile);
      this.#endpoint = new Endpoint(this.#bucket, { endpoint, region, pathStyle: this.#settings.pathStyle });
      this.#warnOf(this.#endpoint);
    }
    return this.#endpoint;
  }

  #warnOf({ isExposed, base }: Endpoint): void {
    const { host, protocol } = new URL(base);
    if (isExposed) {
      this.warn(`http://${host} is not encrypted: others on the way can read the objects, and hold them back`);
    }
    const env = this.#settings.env ?? process.env;
    const name = [`${protocol.slice(0, -1)}_proxy`, "all_proxy"].find((each) => env[each] || env[each.toUpperCase()]);
    if (name !== undefined && !env["NODE_USE_ENV_PROXY"] && !isExempt(env["no_proxy"] ?? env["NO_PROXY"], base)) {
      this.warn(`${name} is set, and not used: only Node 24 and later have proxies, with NODE_USE_ENV_PROXY=1`);
    }
  }

  async #send(request: S3Request, keys: S3Credentials): Promise<Omit<S3Answer, "isRepeated"> | Failed> {
    const { method, body, headers = {}, expects } = request;
    const url = this.#url(request);
    const now = new Date(Date.now() + this.#skew);
    const signer = new AwsV4Signer({
      method,
      url: url.href,
      headers: {
        ...headers,
        "x-amz-content-sha256": createHash("sha256")
          .update(body ?? "")
          .digest("hex"),
      },
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
      service: "s3",
      region: this.#address().region,
      cache: this.#signingKeys,
      datetime: now.toISOString().replace(/[:-]|\.\d{3}/g, ""),
    });
    const signed = Object.fromEntries((await signer.sign()).headers);
    const response = await send({
      method,
      url,
      // Not signed: Google changes it on the way. It unpacks objects that are stored compressed for who takes no gzip.
      headers: {
        ...signed,
        "accept-encoding": this.#address().isGoogle && request.key !== undefined ? "gzip" : "identity",
      },
      body,
      idleTimeout: this.#settings.idleTimeout ?? 30_000,
      signal: this.#settings.signal,
    });
    if (response.status === 200 || response.status === 204 || response.status === 206) return { response, code: "" };
    if (method === "HEAD") {
      response.discard();
      if (expects?.(response.status, "")) return { response, code: "" };
      return this.#failed(request, response, null);
    }
    const text = (await response.bytes(MAX_ERROR)) ?? "";
    const failed = this.#failed(request, response, parseXml(text.toString()));
    return expects?.(response.status, failed.code) ? { response, code: failed.code } : failed;
  }

  #failed(request: S3Request, response: HttpResponse, element: Element | null): Failed {
    const { status } = response;
    const isS3 = element?.name === "Error";
    const code = (isS3 ? /^[A-Za-z0-9.]{1,64}$/.exec(textIn(element, "Code") ?? "")?.[0] : undefined) ?? "";
    const region = response.header("x-amz-bucket-region") ?? (isS3 ? textIn(element, "Region") : undefined);
    return new Failed(this.#errorOf(request, status, code), {
      status,
      code,
      region: region !== undefined && isRegion(region) ? region : undefined,
      date: response.header("date"),
      retryAfter: retryAfter(response.header("retry-after"), Date.now()),
    });
  }

  #errorOf(request: S3Request, status: number, code: string): StoreError {
    const said = code === "" ? `status ${status}` : `status ${status}, ${code}`;
    // A HEAD is answered without a body.
    const isS3 = code !== "" || request.method === "HEAD";
    const strange = isS3 ? undefined : "the answer is not the XML of S3: is it another server, or a proxy?";
    const error = (errorCode: StoreErrorCode, reason: string, details: Details = {}) =>
      this.error(errorCode, request, `${reason} (${said})`, { hint: HINTS[code] ?? strange, ...details });
    if (code === "NoSuchBucket") {
      return error("not-found", "there is no such bucket", { key: undefined });
    }
    if (status === 404) return error("not-found", "there is no such object");
    if (status === 412) return error("changed", "the object is another one now");
    if (FULL.has(code) || status === 507) return error("full", "the store is full");
    if (BUSY.has(status) || BUSY_CODES.has(code)) return error("unavailable", "the server cannot do it at the moment");
    if (DAMAGED.has(code)) return error("damaged", "other bytes arrived than were sent", { isTransient: true });
    if (status === 401 || status === 403 || EXPIRED.has(code)) return error("forbidden", "the server does not let us");
    if (status >= 300 && status < 400) return error("unavailable", "the bucket is elsewhere", { isTransient: false });
    return error("refused", "the server does not take the request");
  }

  /** Puts right what a failed request tells about itself. Undefined when it tells nothing new. */
  #mend({ status, code, region, date }: Failed, keys: S3Credentials): Mend | undefined {
    const endpoint = this.#address();
    const isElsewhere = (status >= 300 && status < 400) || code === "AuthorizationHeaderMalformed" || status === 400;
    if (isElsewhere && region !== undefined && region !== endpoint.region) {
      this.#endpoint = endpoint.inRegion(region);
      return "region";
    }
    if (code === "RequestTimeTooSkewed" && date !== undefined) {
      const skew = Date.parse(date) - Date.now();
      if (!(Math.abs(skew) > MAX_SKEW)) return undefined;
      this.#skew = skew;
      const minutes = Math.round(Math.abs(skew) / 60_000);
      this.warn(`this machine's clock is ${minutes} minutes ${skew > 0 ? "behind" : "before"} the server's`);
      return "clock";
    }
    if (EXPIRED.has(code) || code === "InvalidAccessKeyId") return this.#credentials.renew(keys) ? "keys" : undefined;
    return undefined;
  }

  /** An error of sending a request or of reading an answer. Throws what is no such error. */
  #broken(error: unknown, request: S3Request): Failed {
    if (error instanceof StoreError) return new Failed(error);
    this.#requireTime(request);
    if (error instanceof BrokenConnection) {
      const hint = error.isUntrusted ? "name the authority that signed it in NODE_EXTRA_CA_CERTS" : undefined;
      const details = { isTransient: !error.isUntrusted, hint, cause: error.cause };
      return new Failed(this.error("unavailable", request, `${this.#address().host}: ${error.message}`, details));
    }
    const code = systemCode(error);
    if (code === undefined) throw error;
    return new Failed(this.error("forbidden", request, `the files with the keys: ${systemReason(code)}`));
  }

  async #pause(tried: number, asked: number | undefined, request: S3Request): Promise<void> {
    const longest = Math.min(MAX_DELAY, (this.#settings.delay ?? 200) * 2 ** (tried - 1));
    try {
      await wait(Math.max(asked ?? 0, longest * (0.5 + Math.random() / 2)), undefined, {
        signal: this.#settings.signal,
      });
    } catch {
      this.#requireTime(request);
    }
  }

  #requireTime(request: S3Request): void {
    if (this.#settings.signal?.aborted === true) throw this.error("unavailable", request, "it took too long");
  }
}

type Details = Omit<Partial<ConstructorParameters<typeof StoreError>[3]>, "store">;

/** What can be put right in a request. */
type Mend = "region" | "clock" | "keys";

/** Why a try failed, and what the answer says besides. */
class Failed {
  readonly error: StoreError;
  readonly status: number;
  readonly code: string;
  readonly region: string | undefined;
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

/** The milliseconds that a server asks us to wait: seconds, or a time. Not more than a minute is waited. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), MAX_RETRY_AFTER);
}

/** Whether `no_proxy` names the host of an address. */
function isExempt(list: string | undefined, address: string): boolean {
  const { hostname } = new URL(address);
  const names = (list ?? "").split(/[\s,]+/).filter((name) => name !== "");
  return names.some((name) => name === "*" || hostname === name || hostname.endsWith(`.${name.replace(/^\*?\./, "")}`));
}
