// One HTTP request and no more: no redirect is followed, nothing is unpacked, nothing is tried again. Node's fetch
// would unpack objects that are stored compressed, copy every body, and wait five minutes for a silent server.

import { type ClientRequest, type IncomingMessage, request as overHttp } from "node:http";
import { request as overHttps } from "node:https";
import { systemCode } from "../../files/failure.js";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
  /** Milliseconds without any progress after which the server is given up. */
  readonly idleTimeout: number;
  readonly signal?: AbortSignal | undefined;
}

/** The request was not answered, or not to its end. */
export class BrokenConnection extends Error {
  override readonly name = "BrokenConnection";
  /** Whether the server is not trusted: then trying again makes no sense. */
  readonly isUntrusted: boolean;

  /** @param message what happened, for a message */
  constructor(message: string, cause: unknown, isUntrusted = false) {
    super(message, { cause });
    this.isUntrusted = isUntrusted;
  }
}

/** Bodies from this size on are sent when the server has said that it wants them: it may refuse the request. */
const ASKED_FIRST = 2 ** 16;
/** Milliseconds after which the body is sent to a server that says nothing. */
const CONTINUE = 1000;

/** Sends a request. The promise is fulfilled when the headers of the answer are there; else BrokenConnection. */
export function send({ method, url, headers, body, idleTimeout, signal }: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const asks = body !== undefined && body.length >= ASKED_FIRST;
    const request = (url.protocol === "https:" ? overHttps : overHttp)(url, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { "content-length": String(body.length) }),
        ...(asks ? { expect: "100-continue" } : {}),
      },
      // As an option, it holds while the connection is made too.
      timeout: idleTimeout,
      ...(signal === undefined ? {} : { signal }),
    });
    let waiting: NodeJS.Timeout | undefined;
    request.on("timeout", () => request.destroy(new Silence(idleTimeout)));
    request.on("error", (error) => {
      clearTimeout(waiting);
      reject(broken(error));
    });
    request.once("response", (response) => {
      clearTimeout(waiting);
      resolve(new HttpResponse(request, response, idleTimeout));
    });
    if (!asks) {
      request.end(body);
      return;
    }
    const sendBody = (): void => {
      clearTimeout(waiting);
      if (!request.writableEnded) request.end(body);
    };
    request.once("continue", sendBody);
    waiting = setTimeout(sendBody, CONTINUE);
    request.flushHeaders();
  });
}

/** The answer to a request. Its body must be read or discarded. */
export class HttpResponse {
  readonly status: number;
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  readonly #idleTimeout: number;

  constructor(request: ClientRequest, response: IncomingMessage, idleTimeout: number) {
    this.status = response.statusCode ?? 0;
    this.#request = request;
    this.#response = response;
    this.#idleTimeout = idleTimeout;
  }

  /** @param name in lower case */
  header(name: string): string | undefined {
    const value = this.#response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  /** The body. Throws BrokenConnection when it ends too early, or nothing comes for too long. */
  async *body(): AsyncGenerator<Buffer> {
    const response = this.#response;
    // The time that the reader takes for a piece does not count.
    this.#request.setTimeout(0);
    const pieces: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        const timer = setTimeout(() => response.destroy(new Silence(this.#idleTimeout)), this.#idleTimeout);
        let next: IteratorResult<Buffer>;
        try {
          next = await pieces.next();
        } catch (error) {
          throw broken(error);
        } finally {
          clearTimeout(timer);
        }
        if (next.done === true) break;
        yield next.value;
      }
    } finally {
      // A connection on which a part of the request or of the answer is left cannot be used again.
      if (!this.#request.writableEnded || !response.complete) this.#request.destroy();
    }
  }

  /** The whole body, or null when it has more than `maxBytes`. */
  async bytes(maxBytes: number): Promise<Buffer | null> {
    const pieces: Buffer[] = [];
    let length = 0;
    for await (const piece of this.body()) {
      length += piece.length;
      if (length > maxBytes) return null;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** Gives up the rest of the body. */
  discard(): void {
    this.#response.on("error", () => undefined);
    // A few bytes are read faster than a new connection is made.
    const length = this.#request.method === "HEAD" ? 0 : Number(this.header("content-length") ?? Number.NaN);
    if (length <= ASKED_FIRST && this.#request.writableEnded) this.#response.resume();
    else this.#request.destroy();
  }
}

/** Nothing came for a while. */
class Silence extends Error {
  constructor(milliseconds: number) {
    super(`no answer for ${milliseconds / 1000} s`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the connection broke",
  EAI_AGAIN: "the host's name cannot be looked up at the moment",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ENOTFOUND: "there is no host of that name",
  EPIPE: "the connection broke",
  ETIMEDOUT: "the host does not answer",
  UND_ERR_SOCKET: "the connection broke",
};
const CERTIFICATE = /^(?:CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

function broken(error: unknown): BrokenConnection {
  if (error instanceof BrokenConnection) return error;
  if (error instanceof Silence) return new BrokenConnection(error.message, error);
  const code = systemCode(error) ?? "no reason given";
  if (CERTIFICATE.test(code)) return new BrokenConnection(`its certificate is not trusted (${code})`, error, true);
  if (code.startsWith("HPE_")) return new BrokenConnection(`its answer is no HTTP (${code})`, error);
  return new BrokenConnection(REASONS[code] ?? `the connection failed (${code})`, error);
}
