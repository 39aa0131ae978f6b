// What clients and collectors use of the platform besides the language: `fetch`, `URL`, timers and abort signals. All
// of it is in browsers, Node, Deno, Bun and Workers. The types are what this library needs of the platform's.

import type { Bytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";

/** What this library needs of an abort signal. */
export interface SignalLike {
  /** Whether it is over. */
  readonly aborted: boolean;
  /** Why. */
  readonly reason: unknown;
  /** Calls `listener` when it is over. */
  addEventListener(type: "abort", listener: () => void): void;
  /** Forgets `listener`. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The platform's `AbortSignal`, or {@link SignalLike} where its types are not there. */
export type Signal = typeof globalThis extends {
  /** The platform's class. */
  AbortSignal: {
    /** An object of it. */
    prototype: infer T;
  };
}
  ? T
  : SignalLike;

/** What `fetch` is called with. */
export interface FetchRequest {
  /** `GET`, `POST`, `PUT` or `DELETE`. */
  method: string;
  /** By their names in lower case. */
  headers: Record<string, string>;
  /** Not with `GET` and `DELETE`. */
  body?: Bytes;
  /** Aborted when the time is over or the caller gives up. */
  signal: Signal;
  /** `follow` only where nothing is sent but the address, and the platform did not say where `manual` led. */
  redirect: "follow" | "manual";
  /** No cookies and no stored passwords. */
  credentials: "omit";
  /** The page that sends a report is no business of the aggregators. */
  referrerPolicy: "no-referrer";
  /** `reload` passes the caches by. */
  cache?: "reload" | "no-store";
}

/** What is used of the response that `fetch` gives. */
export interface FetchResponse {
  /** The HTTP status; 0 for a redirect that a browser hides. */
  readonly status: number;
  /** Where the response comes from, after redirects. */
  readonly url: string;
  /** The header fields. */
  readonly headers: FetchHeaders;
  /** The body as a stream, where the platform has one. */
  readonly body?: FetchBody | null;
  /** The body as a whole, for platforms without streams. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The header fields of a response. */
export interface FetchHeaders {
  /** The value of a field; null if it is not there. */
  get(name: string): string | null;
}

/** The body of a response. */
export interface FetchBody {
  /** Begins to read it. */
  getReader(): BodyReader;
}

/** A piece of a body. */
export interface BodyPiece {
  /** Whether it is all there. */
  readonly done: boolean;
  /** Otherwise, the next bytes. */
  readonly value?: Uint8Array | undefined;
}

/** Reads a body piece by piece. */
export interface BodyReader {
  /** The next piece. */
  read(): Promise<BodyPiece>;
  /** Ends the connection. */
  cancel(): Promise<unknown>;
}

/**
 * The platform's `fetch`, or what stands in for it: one with a client certificate, for mutual TLS, or a test's. It is
 * called with the address and the options alone.
 */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchResponse>;

/** An address, in parts. */
interface UrlParts {
  readonly href: string;
  readonly origin: string;
  readonly protocol: string;
}

declare const fetch: Fetch | undefined;
declare const AbortController: new () => { readonly signal: Signal; abort(reason?: unknown): void };
declare const URL: new (url: string, base?: string) => UrlParts;
declare function setTimeout(run: () => void, milliseconds: number): unknown;
declare function clearTimeout(timer: unknown): void;

/** The platform's `fetch`. Throws `unsupported` where there is none. */
export function platformFetch(): Fetch {
  if (typeof fetch !== "function") {
    throw new PrioError("unsupported", "fetch: expected the platform's or the option fetch, found none");
  }
  // As a method of the global object: browsers refuse it elsewhere.
  return (url, request) => (fetch as Fetch)(url, request);
}

/** The parts of an address, resolved against a base if there is one; null for what is none. */
export function urlOf(url: string, base?: string): UrlParts | null {
  try {
    return base === undefined ? new URL(url) : new URL(url, base);
  } catch {
    return null;
  }
}

/** Waits. Rejects with the signal's reason as soon as that is aborted. */
export function sleep(milliseconds: number, signal?: Signal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop);
  });
}

/**
 * Does work that has so many milliseconds. When they are over, or `outer` is aborted, the signal that the work gets is
 * aborted, and the promise rejects with `late` or with the reason of `outer`, even if the work takes no notice.
 */
export async function within<T>(
  milliseconds: number,
  late: unknown,
  outer: Signal | undefined,
  work: (signal: Signal) => Promise<T>,
): Promise<T> {
  if (outer?.aborted) throw outer.reason;
  const controller = new AbortController();
  let stop = (): void => undefined;
  let timer: unknown;
  try {
    return await new Promise<T>((resolve, reject) => {
      const end = (reason: unknown): void => {
        reject(reason);
        controller.abort(reason);
      };
      stop = () => end(outer?.reason);
      outer?.addEventListener("abort", stop);
      timer = setTimeout(() => end(late), milliseconds);
      work(controller.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", stop);
  }
}
