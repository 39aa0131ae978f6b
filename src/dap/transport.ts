// Requests to the aggregators: tried again with growing pauses when they fail for no lasting reason, with a time limit,
// and answers that are no longer than they may be. Nothing but `fetch` is used.
//
// Redirects are followed only where nothing but a public address is sent. Elsewhere, `fetch` would turn some POST
// requests into GET, so that a report seems to have arrived, and a token could go to another server.

import type { Bytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { AggregatorRole } from "./codes.js";
import { DapError } from "./dap-error.js";
import { type HeaderOf, retryAfter } from "./header-fields.js";
import {
  type Fetch,
  type FetchRequest,
  type FetchResponse,
  platformFetch,
  type Signal,
  sleep,
  urlOf,
  within,
} from "./platform.js";
import { readProblem, reasonOf } from "./problem-documents.js";

/** How requests are sent. */
export interface TransportOptions {
  /** Stands in for the platform's `fetch`: with a client certificate, over a proxy, in a test. */
  readonly fetch?: Fetch;
  /** Header fields of every request besides those that DAP needs, such as `authorization`. No error shows a value. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds of one try, from 1 to 2^31 − 1, the answer included: 30,000 unless given. */
  readonly timeout?: number;
  /** How often a request is sent at most, at least 1: 5 times unless given. */
  readonly tries?: number;
  /** The time in milliseconds since 1970: `Date.now` unless given. */
  readonly clock?: () => number;
  /** Waits so many milliseconds between two tries; rejects when the signal is aborted. A timer unless given. */
  readonly sleep?: (milliseconds: number, signal?: Signal) => Promise<void>;
}

/** The names of the options above. No entry of the package exports this. */
export const TRANSPORT_OPTIONS: readonly string[] = ["fetch", "headers", "timeout", "tries", "clock", "sleep"];

/** One request. */
export interface DapRequest {
  readonly server: AggregatorRole;
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  /** What it is for, in an error: `upload`. */
  readonly what: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Bytes;
  /** The most bytes of a right answer. */
  readonly longest: number;
  readonly signal?: Signal | undefined;
  /** Whether it is the same for everybody: redirects are followed unless there are header fields, and caches used. */
  readonly isPublic?: boolean;
  /** Whether caches are passed by. */
  readonly isReloaded?: boolean;
}

/** A successful answer. */
export interface DapAnswer {
  readonly status: number;
  /** Where it comes from. */
  readonly url: string;
  readonly header: HeaderOf;
  readonly body: Bytes;
  /** Whether an earlier try of the same request may have arrived, though no answer to it did. */
  readonly isRepeated: boolean;
}

/** Milliseconds of the first pause, at most; each further one may be twice as long. */
const FIRST_PAUSE = 1000;
/** Milliseconds of a pause, at most. A server that wants a longer one is not asked again by itself. */
const LONGEST_PAUSE = 60_000;
/** Bytes of a refusal that are read: a problem document is short. */
const LONGEST_REFUSAL = 16_384;
/** Redirects of one request that are followed, and the statuses that lead to an address. */
const MOST_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** What is wrong with a try: the error, and whether another try makes sense. */
class Failed {
  readonly error: DapError;
  readonly isLasting: boolean;

  constructor(error: DapError, isLasting: boolean) {
    this.error = error;
    this.isLasting = isLasting;
  }
}

/** Sends requests. */
export class Transport {
  readonly clock: () => number;
  readonly sleep: (milliseconds: number, signal?: Signal) => Promise<void>;
  readonly #fetch: Fetch;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;
  readonly #tries: number;

  /**
   * Throws `out-of-range`, `invalid-argument` for what no header field can hold, and `unsupported` where the platform
   * has no `fetch` and none is given.
   */
  constructor(options: TransportOptions) {
    this.clock = options.clock ?? Date.now;
    this.sleep = options.sleep ?? sleep;
    this.#fetch = options.fetch ?? platformFetch();
    this.#headers = headersOf(options.headers ?? {});
    this.#timeout = integer(options.timeout ?? 30_000, "timeout", LONGEST_TIMEOUT);
    this.#tries = integer(options.tries ?? 5, "tries", 1000);
  }

  /**
   * Sends a request until there is an answer that `read` takes, which returns what it reads; its errors count as an
   * answer that was damaged on the way. Throws a {@link DapError}, and the signal's reason when that is aborted.
   */
  async send<T>(request: DapRequest, read: (answer: DapAnswer) => T): Promise<T> {
    let isRepeated = false;
    for (let tried = 1; ; tried++) {
      try {
        return read(await this.#try(request, isRepeated));
      } catch (thrown) {
        const { error, isLasting } = failedBy(thrown, request);
        if (isLasting || tried >= this.#tries) throw error;
        // Only a server that counts requests says 429 before it does anything.
        isRepeated ||= error.status !== 429;
        const asked = 1000 * (error.retryAfter ?? 0);
        if (asked > LONGEST_PAUSE) throw error;
        const pause = Math.min(FIRST_PAUSE * 2 ** (tried - 1), LONGEST_PAUSE);
        // Clients that failed together must not come back together.
        await this.sleep(asked + pause * (0.5 + Math.random() / 2), request.signal);
      }
    }
  }

  async #try(request: DapRequest, isRepeated: boolean): Promise<DapAnswer> {
    const { method, url, body, longest, signal, isPublic = false, isReloaded = false } = request;
    // What only public requests may do: a token must not go elsewhere.
    const follows = isPublic && Object.keys(this.#headers).length === 0;
    const late = new Unanswered(`there was no whole answer in ${this.#timeout} ms`);
    const { response, bytes } = await within(this.#timeout, late, signal, async (inner) => {
      const options: FetchRequest = {
        method,
        headers: { ...this.#headers, ...request.headers },
        signal: inner,
        redirect: "manual",
        credentials: "omit",
        referrerPolicy: "no-referrer",
      };
      if (body !== undefined) options.body = body;
      if (!isPublic) options.cache = "no-store";
      else if (isReloaded) options.cache = "reload";
      const response = await (follows ? this.#followed(request, options) : this.#fetched(url, options));
      const isSuccess = response.status >= 200 && response.status < 300;
      return { response, bytes: await bodyOf(response, isSuccess ? longest : LONGEST_REFUSAL, isSuccess) };
    });

    const { status } = response;
    const header: HeaderOf = (name) => response.headers.get(name);
    if (status >= 200 && status < 300) {
      if (isPublic && isWeaker(url, response.url)) throw weaker(request, status);
      return { status, url: response.url || url, header, body: bytes, isRepeated };
    }
    throw refusal(request, status, header, bytes, this.clock());
  }

  /**
   * Follows redirects, one by one: `fetch` would pass through an address without TLS, where anybody on the way could
   * lead it to keys of their own. A browser says that there is a redirect and not where to, and refuses such an address
   * to pages that came over TLS by itself.
   */
  async #followed(request: DapRequest, options: FetchRequest): Promise<FetchResponse> {
    let { url } = request;
    for (let left = MOST_REDIRECTS; ; left--) {
      const response = await this.#fetched(url, options);
      const { status, headers } = response;
      if (status === 0) return this.#fetched(url, { ...options, redirect: "follow" });
      const next = REDIRECTS.includes(status) ? urlOf(headers.get("location") ?? "", url) : null;
      if (next === null || left === 0) return response;
      if (isWeaker(request.url, next.href)) throw weaker(request, status);
      void response.body
        ?.getReader()
        .cancel()
        .catch(() => undefined);
      url = next.href;
    }
  }

  async #fetched(url: string, options: FetchRequest): Promise<FetchResponse> {
    try {
      return await this.#fetch(url, options);
    } catch (error) {
      throw new Unanswered("the server cannot be reached", error);
    }
  }
}

/** There was no answer, or not all of it. */
class Unanswered extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}

/** What any error of a try means. The reason of an aborted signal is thrown as it is. */
function failedBy(thrown: unknown, { server, what, signal }: DapRequest): Failed {
  if (thrown instanceof Failed) return thrown;
  if (signal?.aborted && thrown === signal.reason) throw thrown;
  if (thrown instanceof DapError) return new Failed(thrown, thrown.code === "refused");
  if (thrown instanceof Unanswered) {
    const cause = causeOf(thrown.cause);
    const message = `${server}: ${what}: ${thrown.message}${cause === "" ? "" : ` (${cause})`}`;
    return new Failed(new DapError("unavailable", message, { server, cause: thrown.cause }), false);
  }
  // What `read` says of an answer that it does not take.
  if (thrown instanceof PrioError) {
    return new Failed(new DapError("malformed", `${server}: ${what}: ${thrown.message}`, { server }), false);
  }
  throw thrown;
}

/** The code of a system's error, such as ECONNREFUSED, which Node's fetch hides in the cause of its own error. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { cause } = error as { cause?: unknown };
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? code : error.message.slice(0, 100);
}

/** An answer that is no success. */
function refusal(request: DapRequest, status: number, header: HeaderOf, body: Bytes, now: number): Failed {
  const { server, what } = request;
  // A browser shows a redirect as an answer without a status.
  if (status === 0 || (status >= 300 && status < 400)) {
    const message = `${server}: ${what}: it redirects elsewhere, which is not followed: is the aggregator's URL right?`;
    return new Failed(new DapError("refused", message, { server, status }), true);
  }
  const problem = readProblem(header("content-type"), body);
  const isTransient = status >= 500 || status === 408 || status === 425 || status === 429;
  const error = new DapError(
    isTransient ? "unavailable" : "refused",
    `${server}: ${what}: ${reasonOf(status, problem)}`,
    { server, status, problem, retryAfter: retryAfter(header, now) },
  );
  return new Failed(error, !isTransient);
}

function weaker({ server, what }: DapRequest, status: number): Failed {
  const message = `${server}: ${what}: it redirects to an address without TLS`;
  return new Failed(new DapError("refused", message, { server, status }), true);
}

/** Whether an answer came over a connection that protects less than the one that was asked for. */
function isWeaker(asked: string, answered: string): boolean {
  return urlOf(asked)?.protocol === "https:" && answered !== "" && urlOf(answered)?.protocol !== "https:";
}

/** The body of a response; of one that is too long, its beginning, or an error if it must be whole. */
async function bodyOf(response: FetchResponse, longest: number, mustBeWhole: boolean): Promise<Bytes> {
  let bytes: Bytes = new Uint8Array(0);
  let length = 0;
  let isTooLong = false;
  /** Copies a piece: a server may send one byte at a time, and kept pieces would take hundreds of times that. */
  const take = (piece: Uint8Array): void => {
    const part = piece.subarray(0, longest - length);
    isTooLong = part.length < piece.length;
    if (length + part.length > bytes.length) {
      const larger = new Uint8Array(Math.max(Math.min(2 * bytes.length, longest), length + part.length));
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(part, length);
    length += part.length;
  };
  try {
    if (response.body === null || response.status === 0) return bytes;
    const reader = response.body?.getReader();
    if (reader === undefined) take(new Uint8Array(await response.arrayBuffer()));
    while (reader !== undefined && !isTooLong) {
      const { done, value } = await reader.read();
      if (done) break;
      if (value !== undefined) take(value);
    }
    if (isTooLong) void reader?.cancel().catch(() => undefined);
  } catch (error) {
    // Of a refusal, the status says enough.
    if (mustBeWhole) throw new Unanswered("the answer breaks off", error);
  }
  if (mustBeWhole && isTooLong) {
    throw new PrioError("malformed", `expected at most ${longest} bytes, got more`);
  }
  return bytes.slice(0, length);
}

/**
 * Header fields by their names in lower case (RFC 9110, section 5). What none can hold is refused here: the error of
 * `fetch` would show it, and it may be a token.
 */
function headersOf(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) {
      throw new PrioError("invalid-argument", "headers: expected names of header fields, got another text");
    }
    // White space at the ends, such as the end of a line of a file, is not part of a value.
    const text = typeof value === "string" ? value.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "") : undefined;
    if (text === undefined || !/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) {
      throw new PrioError(
        "invalid-argument",
        `headers: ${name}: expected one line of Latin letters, got something else`,
      );
    }
    checked[name.toLowerCase()] = text;
  }
  return checked;
}

function integer(x: unknown, subject: string, most: number): number {
  if (typeof x === "number" && Number.isInteger(x) && x >= 1 && x <= most) return x;
  throw new PrioError(
    "out-of-range",
    `${subject}: expected an integer from 1 to ${most}, got ${typeof x === "number" ? x : typeof x}`,
  );
}
