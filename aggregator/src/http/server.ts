// The server of one aggregator: fastify with the resources of DAP, and what protects it from crowds and slow clients.

import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import cors from "@fastify/cors";
import fastify, { type FastifyInstance } from "fastify";
import type { Context } from "../context.js";
import { aggregateSharesResource } from "./aggregate-shares.js";
import { aggregationJobsResource } from "./aggregation-jobs.js";
import { Budget } from "./budget.js";
import { collectionJobsResource } from "./collection-jobs.js";
import { GroupCommit, type GroupCommitOptions } from "./group-commit.js";
import { hpkeConfigResource } from "./hpke-config.js";
import { JobBodies } from "./job-bodies.js";
import type { Operations } from "./operations.js";
import { handleRefusals, Refusals, refuseConnection } from "./refusals.js";
import { reportsResource } from "./reports.js";
import { PATHS, type ResourceName, withoutBase } from "./resources.js";

/** A server's certificate chain and its key, PEM. */
export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
}

export interface ServerOptions {
  readonly tls: TlsFiles | null;
  readonly uploads: GroupCommitOptions;
  /** Seconds for which clients may keep the HPKE configurations. */
  readonly hpkeConfigMaxAge: number;
  /** Bytes of bodies that are not read to their end: of uploads, and as many of peers' and collectors' requests. */
  readonly maxReadingBytes: number;
  /** Requests of peers and collectors that are worked on at once. */
  readonly maxJobRequests: number;
  readonly maxConnections: number;
  /** Seconds for a whole request, for its headers, and between requests of a connection. */
  readonly requestTimeout: number;
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
}

export interface AggregatorServer {
  /** Starts to listen, and returns the port. */
  listen(host: string, port: number): Promise<number>;
  /** Takes a new certificate for connections to come. */
  replaceTls(tls: TlsFiles): void;
  /** Stops accepting, answers what runs, and writes what waits; connections that take longer than `seconds` are cut. */
  close(seconds?: number): Promise<void>;
  readonly app: FastifyInstance;
}

/** Seconds for which browsers keep the answer to a preflight, in Chromium at most. */
const PREFLIGHT_AGE = 7200;

export function createServer(ctx: Context, operations: Operations, options: ServerOptions): AggregatorServer {
  const { tls } = options;
  const refusals = new Refusals(ctx);
  const node = {
    requestTimeout: options.requestTimeout * 1000,
    headersTimeout: options.headersTimeout * 1000,
    keepAliveTimeout: options.keepAliveTimeout * 1000,
    // How often the timeouts are looked at.
    connectionsCheckingInterval: 2000,
  };
  const app = fastify({
    serverFactory: (handler) =>
      tls === null ? createHttpServer(node, handler) : createHttpsServer({ ...node, ...secureContext(tls) }, handler),
    // Only a request that fails gets an id; see Refusals.
    genReqId: () => "",
    requestIdHeader: false,
    trustProxy: false,
    logger: false,
    forceCloseConnections: "idle",
    // What comes on open connections while the server closes is still answered.
    return503OnClosing: false,
    // A resource that has HEAD says so; see METHODS.
    exposeHeadRoutes: false,
    rewriteUrl: ({ url = "/" }) => withoutBase(url),
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => void refusals.send(error, request, reply),
  });
  app.server.maxConnections = options.maxConnections;
  app.decorateRequest("task", null);
  handleRefusals(app, refusals);
  app.removeAllContentTypeParsers();
  // Bodies are read where their limits are known.
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "none";
    ctx.metrics.count("requests_total", { route, method: request.method, status: String(reply.statusCode) });
    ctx.metrics.observe("request_seconds", reply.elapsedTime / 1000, { route });
    done();
  });

  // Uploads have a budget of their own: what anybody may send keeps out no peer and no collector.
  const reading = new Budget(options.maxReadingBytes, Number.POSITIVE_INFINITY);
  const bodies = new JobBodies(options.maxReadingBytes, options.maxJobRequests);
  const uploads = new GroupCommit(ctx, options.uploads);

  // Pages of any origin may upload: a report is bound to nothing of the browser, and has no cookie beside it.
  app.register(async (open) => {
    await open.register(cors, {
      origin: "*",
      methods: ["GET", "HEAD", "POST"],
      allowedHeaders: ["content-type"],
      exposedHeaders: ["retry-after"],
      maxAge: PREFLIGHT_AGE,
      strictPreflight: false,
    });
    hpkeConfigResource(open, ctx, options.hpkeConfigMaxAge);
    reportsResource(open, ctx, operations, uploads, reading);
  });
  app.register((closed, _options, done) => {
    aggregationJobsResource(closed, ctx, operations, bodies);
    aggregateSharesResource(closed, ctx, operations, bodies);
    collectionJobsResource(closed, ctx, operations, bodies);
    // Or the preflights of the resources above would answer for these.
    for (const name of Object.keys(PATHS) as ResourceName[]) {
      if (name === "hpkeConfig" || name === "reports") continue;
      closed.options(PATHS[name], (request, reply) => refusals.noRoute(request, reply));
    }
    done();
  });

  return {
    app,
    async listen(host, port) {
      await app.listen({ host, port, backlog: 1024 });
      const address = app.server.address();
      return typeof address === "object" && address !== null ? address.port : port;
    },
    replaceTls(replacement) {
      if (tls !== null) (app.server as HttpsServer).setSecureContext(secureContext(replacement));
    },
    async close(seconds = 10) {
      const cut = setTimeout(() => app.server.closeAllConnections(), seconds * 1000);
      try {
        await app.close();
      } finally {
        clearTimeout(cut);
        await uploads.close();
      }
    },
  };
}

function secureContext({ key, cert }: TlsFiles): object {
  // A client may show a certificate of whatever authority: tasks name those that they accept by their fingerprints, and
  // TLS makes sure that the client has the key.
  return { key, cert, minVersion: "TLSv1.2", requestCert: true, rejectUnauthorized: false };
}
