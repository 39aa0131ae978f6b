// A fetch over node:https with a client's certificate or authorities of one's own: Node's fetch takes neither.

import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Fetch, FetchResponse } from "../dap/index.js";

/** PEM, each. */
export interface TlsFiles {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

/** For https alone: no redirect is followed, and nothing is unpacked. */
export function certificateFetch(files: TlsFiles): Fetch {
  const agent = new Agent(files);
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const length = method === "POST" ? { "content-length": String(body?.length ?? 0) } : {};
      const sent = request(url, { method, headers: { ...headers, ...length }, agent, signal });
      sent.once("response", (response) => resolve(responseOf(response, url)));
      // An error as fetch has it: what happened is in the cause.
      sent.on("error", (cause) => reject(new TypeError("fetch failed", { cause })));
      sent.end(body);
    });
}

function responseOf(response: IncomingMessage, url: string): FetchResponse {
  const pieces = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const read = async (): Promise<{ done: boolean; value?: Uint8Array }> => {
    const { done, value } = await pieces.next();
    if (done !== true) return { done: false, value };
    if (!response.complete) throw new TypeError("the answer breaks off");
    return { done: true };
  };
  const cancel = (): Promise<void> => {
    response.destroy();
    return Promise.resolve();
  };
  return {
    status: response.statusCode ?? 0,
    url,
    headers: {
      get(name) {
        const value = response.headers[name.toLowerCase()];
        return Array.isArray(value) ? value.join(", ") : (value ?? null);
      },
    },
    body: { getReader: () => ({ read, cancel }) },
    arrayBuffer: () => Promise.reject(new Error("the body is read as a stream")),
  };
}
