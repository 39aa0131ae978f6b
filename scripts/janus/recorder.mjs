// A proxy before an aggregator, which keeps every request and its answer.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @typedef {object} Exchange
 * @property {string} method
 * @property {string} path with the query
 * @property {string | undefined} requestType
 * @property {Buffer} request
 * @property {number} status
 * @property {string | undefined} responseType
 * @property {Buffer} response
 */

/** Where to go is said later: `target` is asked at each request. */
export class Recorder {
  /** @type {Exchange[]} */
  exchanges = [];
  /** The address that the parties are told. */
  url = "";
  /** The aggregator behind it, such as `http://127.0.0.1:1234`. */
  target = "";
  #server = createServer((request, response) => {
    this.#pass(request, response).catch((error) => {
      response.writeHead(502).end(String(error));
    });
  });

  async start() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    this.url = `http://127.0.0.1:${port}/`;
    return this;
  }

  /** @param {import("node:http").IncomingMessage} incoming @param {import("node:http").ServerResponse} outgoing */
  async #pass(incoming, outgoing) {
    /** @type {Buffer[]} */
    const parts = [];
    for await (const part of incoming) parts.push(part);
    const request = Buffer.concat(parts);
    const { method = "GET", url: path = "/" } = incoming;
    const headers = new Headers();
    for (const name of ["content-type", "authorization", "dap-auth-token", "origin", "accept"]) {
      const value = incoming.headers[name];
      if (typeof value === "string") headers.set(name, value);
    }
    const body = request.length === 0 ? null : new Uint8Array(request);
    const answer = await fetch(new URL(path, this.target), { method, headers, body, redirect: "manual" });
    const response = Buffer.from(await answer.arrayBuffer());
    const { status } = answer;
    const responseType = answer.headers.get("content-type") ?? undefined;
    const requestType = incoming.headers["content-type"];
    this.exchanges.push({ method, path, requestType, request, status, responseType, response });
    /** @type {Record<string, string>} */
    const passed = {};
    for (const name of ["content-type", "location", "retry-after", "cache-control"]) {
      const value = answer.headers.get(name);
      if (value !== null) passed[name] = value;
    }
    outgoing.writeHead(status, passed).end(response);
  }

  async stop() {
    this.#server.closeAllConnections();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
