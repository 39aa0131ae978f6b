// The fake pair over HTTP: for programs in processes of their own, and for browsers.

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { FakePair } from "./fake-pair.js";

/** A server, and where it is. */
export interface FakeServer {
  readonly url: string;
  close(): Promise<void>;
}

/** What every origin may do, as an aggregator for browsers allows it. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST",
  "access-control-allow-headers": "content-type",
};

/** Listens on a port of the system's choice. The pair, which needs its address, comes later. */
export async function serve(
  pair: () => FakePair,
  headers: Record<string, string> = CORS,
  tls?: ServerOptions,
): Promise<FakeServer> {
  let origin = "";
  const listener: RequestListener = (request, response) => {
    void answerTo(request).then(
      ({ status, body, fields }) => response.writeHead(status, fields).end(body),
      (error: unknown) => response.writeHead(500, headers).end(String(error)),
    );
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const answerTo = async (request: IncomingMessage) => {
    if (request.method === "OPTIONS") return { status: 204, body: undefined, fields: headers };
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const sent = {
      url: `${origin}${request.url}`,
      method: request.method ?? "",
      headers: request.headers as Record<string, string>,
      body: new Uint8Array(Buffer.concat(pieces)),
    };
    const { status, headers: given, body } = await pair().fake.fetch(sent.url, sent as never);
    const fields: Record<string, string> = { ...headers };
    for (const name of ["content-type", "cache-control", "location", "retry-after"]) {
      const value = given.get(name);
      if (value !== null) fields[name] = value;
    }
    const reader = body?.getReader();
    const all: Uint8Array[] = [];
    for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) all.push(next.value);
    return { status, body: Buffer.concat(all), fields };
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `${tls === undefined ? "http" : "https"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
