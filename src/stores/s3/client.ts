// Sends signed requests to one bucket, tries again what can succeed later, and makes an error of what cannot.

import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { systemCode, systemReason } from "../../files/failure.js";
import type { S3Credentials, StoreSettings } from "../settings.js";
import { StoreError, type StoreErrorCode } from "../store.js";
import { type Details, EXPIRED, Failed, failedBy, type MakeError, NO_S3, UNKNOWN_KEYS } from "./answers.js";
import { CredentialSource } from "./credentials.js";
import { Endpoint, escaped } from "./endpoint.js";
import { BrokenConnection, type HttpResponse, send } from "./http.js";
import { endpointOf, readProfile, regionOf } from "./profile.js";
import { warningsOf } from "./warnings.js";
import { type Element, parseXml } from "./xml.js";

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
/** Clocks that differ more than this make signatures that AWS does not take. */
const MAX_SKEW = 5 * 60_000;

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
    const { tries = 6 } = this.#settings;
    for (let tried = 1; ; tried++) {
      const { response } = await this.request(request);
      let error: StoreError;
      try {
        const body = await response.bytes(maxBytes);
        const element = body && parseXml(body.toString());
        if (element?.name === name) return element;
        // The status can come before the server knows how it ends.
        const isError = element?.name === "Error";
        error = isError ? this.#failed(request, response, element).error : this.nonsense(request, NO_S3);
      } catch (broken) {
        error = this.#broken(broken, request).error;
      }
      if (!error.isTransient || tried >= tries) throw error;
      await this.pause(tried, request);
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
      for (const warning of warningsOf(this.#endpoint.base, this.#settings.env ?? process.env)) this.warn(warning);
    }
    return this.#endpoint;
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
    if (response.status === 200 || response.status === 204 || response.status === 206) {
      // All other answers have an ETag, or XML. A removal is answered by nothing.
      const isPage = /^text\/html/i.test(response.header("content-type") ?? "");
      if (method !== "DELETE" || response.status === 204 || !isPage) return { response, code: "" };
      response.discard();
      return new Failed(this.nonsense(request, NO_S3));
    }
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
    const error: MakeError = (code, reason, details) => this.error(code, request, reason, details);
    return failedBy(response, element, request.method === "HEAD", error);
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
    if (EXPIRED.has(code) || UNKNOWN_KEYS.has(code)) return this.#credentials.renew(keys) ? "keys" : undefined;
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

/** What can be put right in a request. */
type Mend = "region" | "clock" | "keys";
