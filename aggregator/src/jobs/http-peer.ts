// Requests to the helper over HTTP: with a bearer token or a client's certificate, bounded in time and size. A body of
// which only a part came is no answer.

import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Pieces } from "../pieces.js";
import type { AggregatorTask } from "../tasks/task.js";
import { type Peer, type PeerRequest, type PeerResponse, PeerUnavailable } from "./peer.js";

export interface HttpPeerOptions {
  /** With mutual TLS: PEM. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly ca?: string };
  /** Milliseconds in which the whole answer has to come; 60,000 by default. */
  readonly timeout?: number;
}

/** Bytes of an answer, at most. */
const MAX_BODY = 64 * 2 ** 20;
const TIMEOUT = 60_000;

export class HttpPeer implements Peer {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #timeout: number;

  constructor({ tls = {}, timeout = TIMEOUT }: HttpPeerOptions = {}) {
    this.#http = new HttpAgent({ keepAlive: true });
    this.#https = new HttpsAgent({ keepAlive: true, ...tls });
    this.#timeout = timeout;
  }

  /** Closes connections that wait for the next request. */
  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async send(task: AggregatorTask, request: PeerRequest, signal: AbortSignal): Promise<PeerResponse> {
    const { method, path, contentType, body } = request;
    const url = new URL(`${task.peer.url.replace(/\/$/, "")}/tasks/${task.idText}${path}`);
    const isSecure = url.protocol === "https:";
    const { token } = task.peer;
    const headers = {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(contentType === undefined ? {} : { "content-type": contentType }),
      ...(method === "GET" || method === "DELETE" ? {} : { "content-length": body?.length ?? 0 }),
    };
    const options = { method, headers, agent: isSecure ? this.#https : this.#http };
    const both = AbortSignal.any([signal, AbortSignal.timeout(this.#timeout)]);
    try {
      const response = await answered(isSecure ? httpsRequest(url, options) : httpRequest(url, options), body, both);
      return {
        status: response.statusCode ?? 0,
        contentType: response.headers["content-type"] ?? null,
        location: response.headers.location ?? null,
        retryAfter: secondsOf(response.headers["retry-after"]),
        body: await bodyOf(response, both),
      };
    } catch (error) {
      if (signal.aborted || error instanceof PeerUnavailable) throw error;
      const { code, name } = error as { code?: unknown; name?: string };
      const why = both.aborted ? "no answer in time" : typeof code === "string" ? code : (name ?? "error");
      throw new PeerUnavailable(`waiting for the helper: ${why}`);
    }
  }
}

function answered(request: ClientRequest, body: Uint8Array | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const stop = () => request.destroy(new Error("the request was given up"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    request.once("close", () => signal.removeEventListener("abort", stop));
    request.once("response", resolve);
    request.on("error", reject);
    request.end(body);
  });
}

async function bodyOf(response: IncomingMessage, signal: AbortSignal): Promise<Uint8Array> {
  const pieces = new Pieces();
  for await (const piece of response as AsyncIterable<Buffer>) {
    pieces.add(piece);
    if (pieces.length > MAX_BODY) {
      response.destroy();
      throw new PeerUnavailable("waiting for the helper: its answer is too long");
    }
  }
  if (!response.complete || signal.aborted) throw new PeerUnavailable("waiting for the helper: its answer broke off");
  return pieces.join();
}

/** A Retry-After in seconds or as a date. */
function secondsOf(field: string | undefined): number | null {
  if (field === undefined) return null;
  const seconds = /^\s*\d{1,9}\s*$/.test(field) ? Number(field) : (Date.parse(field) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}
