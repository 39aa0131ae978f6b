// The admin port: metrics, health, and the operators' page. It has no passwords, and so belongs on a loopback address;
// it shows nothing secret, and the only thing that it takes is a result to show.

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { fileURLToPath } from "node:url";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Context } from "../context.js";
import { OperatorError } from "../tasks/operator-error.js";
import { History } from "./history.js";
import type { PromMetrics } from "./metrics.js";
import { putResult, readResult } from "./results.js";
import { type FirstSeen, readStatus } from "./status.js";
import { updateGauges } from "./store-gauges.js";

export interface AdminOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Names by which browsers may ask for the page, besides addresses and localhost. */
  readonly names?: readonly string[];
  /** Null when this process can serve, otherwise why it cannot: such as that it is stopping. */
  readonly notReady?: () => string | null;
  /** The folder with the page's files. */
  readonly page?: string;
  /** Seconds between two looks at the counters, for the chart. */
  readonly lookEvery?: number;
}

export interface Admin {
  readonly url: string;
  close(): Promise<void>;
}

/** Seconds between two looks at the counters: half an hour of them is kept. */
const LOOK_EVERY = 5;
/** Bytes of a result: a hundred thousand totals with names. */
const MAX_RESULT = 16 << 20;

/** The files of the page. A policy of `default-src 'self'` is enough for them. */
const FILES: Readonly<Record<string, string>> = {
  "index.html": "text/html; charset=utf-8",
  "page.js": "text/javascript; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export async function openAdmin(ctx: Context, metrics: PromMetrics, options: AdminOptions): Promise<Admin> {
  const server = fastify({ bodyLimit: MAX_RESULT, forceCloseConnections: true });
  // Of bodies, JSON alone: no other origin's form can send that.
  server.removeContentTypeParser("text/plain");
  server.setErrorHandler<Error & { statusCode?: number }>((err, _request, reply) => {
    const { statusCode: status = 500 } = err;
    if (status >= 500) ctx.log.error({ err }, "the admin port failed");
    return reply.status(status).send({ error: status >= 500 ? "this failed; the log says why" : err.message });
  });
  const history = new History();
  server.addHook("onSend", async (_request, reply) => void reply.headers(HEADERS));
  addHealth(server, ctx, options);
  server.get("/metrics", async (_request, reply) => {
    await updateGauges(ctx, metrics);
    return reply.type(metrics.contentType).send(await metrics.text());
  });
  addPage(server, ctx, options, history);
  const look = (): void => {
    history.look(ctx.store, ctx.tasks.all(), ctx.clock()).catch((err: unknown) => {
      ctx.log.warn({ err }, "cannot read counters");
    });
  };
  const url = await server.listen({ host: options.host, port: options.port });
  look();
  const timer = setInterval(look, (options.lookEvery ?? LOOK_EVERY) * 1000);
  timer.unref();
  return {
    url,
    async close() {
      clearInterval(timer);
      await server.close();
    },
  };
}

function addHealth(server: FastifyInstance, { store, keys }: Context, { notReady }: AdminOptions): void {
  // Alive: the event loop turns.
  server.get("/healthz", (_request, reply) => void reply.type("text/plain").send("ok\n"));
  server.get("/readyz", async (_request, reply) => {
    const why = notReady?.() ?? (await whyNotReady({ store, keys }));
    return reply
      .type("text/plain")
      .status(why === null ? 200 : 503)
      .send(`${why ?? "ok"}\n`);
  });
}

async function whyNotReady({ store, keys }: Pick<Context, "store" | "keys">): Promise<string | null> {
  try {
    await store.run("readiness", (tx) => tx.audit(1));
  } catch {
    return "the store does not answer";
  }
  return keys.announced().length === 0 ? "no HPKE key is active" : null;
}

function addPage(server: FastifyInstance, ctx: Context, options: AdminOptions, history: History): void {
  const folder = options.page ?? fileURLToPath(new URL("./page/", import.meta.url));
  const firstSeen: FirstSeen = new Map();
  const guard = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (isNamed(request.hostname, options.names ?? [])) done();
    // A name that somebody else's DNS leads here: their page would read this one.
    else void reply.status(421).type("text/plain").send("this name is not one of the admin port's\n");
  };
  for (const [name, type] of Object.entries(FILES)) {
    const path = name === "index.html" ? "/" : `/${name}`;
    server.get(path, { preHandler: guard }, (_request, reply) => {
      void reply.type(type).send(readFileSync(`${folder}/${name}`));
    });
  }
  server.get("/status.json", { preHandler: guard }, async (request) => {
    const { since } = request.query as { readonly since?: string };
    const status = await readStatus(ctx.store, ctx.tasks.all(), ctx.clock(), firstSeen);
    return { ...status, history: history.since(Number(since ?? 0) || 0) };
  });
  server.post("/results", { preHandler: guard }, async (request, reply) => {
    const given = request.body as Record<string, unknown>;
    const task = typeof given?.["task"] === "string" ? given["task"] : "";
    try {
      const result = readResult(JSON.stringify(given), "body");
      await putResult(ctx.store, task, result, ctx.clock());
      return await reply.status(204).send();
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return reply.status(400).send({ error: error.message });
    }
  });
}

/** Whether a Host header names this machine itself, or a name that the operator gave. */
function isNamed(host: string, names: readonly string[]): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return isIP(bare) !== 0 || bare === "localhost" || names.includes(bare);
}
