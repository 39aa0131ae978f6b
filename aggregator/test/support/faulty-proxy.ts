// A proxy before a helper that loses, breaks, repeats and refuses what passes through it: for every resource the first
// requests meet a fault each, and then all goes well.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export const FAULTS = [
  "lost on the way",
  "answer lost",
  "half an answer",
  "an empty 500",
  "a page with 403",
  "a 429",
  "repeated",
  "an old request again",
  "a cut header",
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultyProxy {
  readonly port: number;
  /** How often each fault happened. */
  readonly happened: Map<Fault, number>;
  close(): Promise<void>;
}

/** `target` is the helper's origin; each resource of each task meets `faults` of them. */
export async function startFaultyProxy(target: () => string, faults: number): Promise<FaultyProxy> {
  const happened = new Map<Fault, number>();
  const passed = new Map<string, number>();
  const old: { path: string; init: RequestInit }[] = [];
  let next = 0;

  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = "", method = "GET" } = request;
    const body = await bytesOf(request);
    const headers = Object.fromEntries(
      ["authorization", "content-type"].flatMap((name) => {
        const value = request.headers[name];
        return typeof value === "string" ? [[name, value]] : [];
      }),
    );
    const init = { method, headers, ...(body.length > 0 ? { body } : {}) };
    const forward = (): Promise<Response> => fetch(target() + url, init);
    const resource = `${method} ${url.replace(/\?.*/, "")}`;
    const count = passed.get(resource) ?? 0;
    passed.set(resource, count + 1);
    const fault = count < faults ? FAULTS[next++ % FAULTS.length] : undefined;
    if (fault !== undefined) happened.set(fault, (happened.get(fault) ?? 0) + 1);
    switch (fault) {
      case "lost on the way":
        request.socket.destroy();
        return;
      case "answer lost":
        await forward();
        request.socket.destroy();
        return;
      case "an empty 500":
        response.writeHead(500).end();
        return;
      case "a page with 403":
        response.writeHead(403, { "content-type": "text/html" }).end("<h1>Forbidden</h1>");
        return;
      case "a 429":
        response.writeHead(429, { "retry-after": "1" }).end();
        return;
      case "repeated":
        await Promise.all([forward(), forward()]);
        break;
      case "an old request again":
        for (const one of old.slice(-3)) await fetch(target() + one.path, one.init);
        break;
      default:
    }
    old.push({ path: url, init });
    const answer = await forward();
    const bytes = Buffer.from(await answer.arrayBuffer());
    const kept = Object.fromEntries(
      ["content-type", "location", "retry-after"].flatMap((name) => {
        const value = answer.headers.get(name);
        return value === null ? [] : [[name, value]];
      }),
    );
    response.writeHead(answer.status, { ...kept, "content-length": bytes.length });
    if (fault === "half an answer") response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.destroy());
    else if (fault === "a cut header") request.socket.end("HTTP/1.1 200 OK\r\nContent-Le");
    else response.end(bytes);
  };

  const server = createServer((request, response) => {
    pass(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    happened,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
