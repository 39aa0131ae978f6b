// A fetch that gives scripted answers, and a sleep that passes at once, both of which remember what they were asked.

import type { Fetch, FetchRequest, FetchResponse, Signal } from "../../src/dap/platform.js";

/** A request that was sent. */
export interface Sent extends FetchRequest {
  readonly url: string;
}

/** What a fetch answers: a response, an error to reject with, or work that makes one of them. */
export type Scripted = FetchResponse | Error | ((request: Sent) => FetchResponse | Error | Promise<FetchResponse>);

/** A response. */
export function answer(
  status: number,
  body: Uint8Array | string = "",
  headers: Readonly<Record<string, string>> = {},
  url = "",
): FetchResponse {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { status, url, headers: new Headers(headers), ...bodyOf([bytes]) };
}

/** A response with a problem document. */
export function problem(
  status: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): FetchResponse {
  return answer(status, JSON.stringify(document), { "content-type": "application/problem+json", ...headers });
}

/** A body in pieces, which breaks off or never ends after the last if that is asked for. */
export function bodyOf(
  pieces: readonly Uint8Array[],
  end: "done" | "broken" | "silent" = "done",
  onCancel: () => void = () => undefined,
): Pick<FetchResponse, "body" | "arrayBuffer"> {
  const reader =
    (at = 0) =>
    () => {
      const value = pieces[at++];
      if (value !== undefined) return Promise.resolve({ done: false, value });
      if (end === "broken") return Promise.reject(new TypeError("terminated"));
      if (end === "silent") return new Promise<never>(() => undefined);
      return Promise.resolve({ done: true });
    };
  const body = { getReader: () => ({ read: reader(), cancel: () => Promise.resolve(onCancel()) }) };
  return { body, arrayBuffer: () => Promise.reject(new Error("the stream is read")) };
}

/** Answers one request after the other; the last answer is given again and again. */
export class FakeFetch {
  readonly sent: Sent[] = [];
  readonly pauses: number[] = [];
  readonly #script: Scripted[];

  constructor(...script: Scripted[]) {
    this.#script = script;
  }

  readonly fetch: Fetch = async (url, request) => {
    const sent = { url, ...request };
    this.sent.push(sent);
    const next = this.#script.length > 1 ? this.#script.shift() : this.#script[0];
    const given = typeof next === "function" ? await next(sent) : next;
    if (given === undefined || given instanceof Error) throw given;
    return given;
  };

  readonly sleep = (milliseconds: number, signal?: Signal): Promise<void> => {
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.pauses.push(milliseconds);
    return Promise.resolve();
  };
}
