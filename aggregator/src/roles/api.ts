// The role that answers requests: the server of DAP's resources, its certificate, and how it ends.

import { readFileSync } from "node:fs";
import type { Config } from "../config.js";
import type { Context } from "../context.js";
import type { Operations } from "../http/operations.js";
import { type AggregatorServer, createServer, type ServerOptions, type TlsFiles } from "../http/server.js";
import { OperatorError, systemReason } from "../tasks/operator-error.js";
import { atAddress } from "./address.js";
import { OPERATIONS } from "./operations.js";

export interface Api {
  readonly port: number;
  /** Reads the certificate again. What cannot be read leaves the old one. */
  reload(): void;
  /** Stops accepting, answers what runs, and writes what waits; connections that take longer than `seconds` are cut. */
  stop(seconds: number): Promise<void>;
}

function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OperatorError(`cannot read the ${what} in ${path}: ${systemReason(error) ?? "it failed"}`);
  }
}

/** The certificate that the settings name, or null. Throws an OperatorError. */
function readTls({ tlsCert, tlsKey }: Config): TlsFiles | null {
  if (tlsCert === null || tlsKey === null) return null;
  return { cert: readPem(tlsCert, "certificate"), key: readPem(tlsKey, "certificate's key") };
}

function serverOptions(config: Config): ServerOptions {
  return {
    tls: readTls(config),
    uploads: {
      reports: config.uploadGroupReports,
      delay: config.uploadGroupDelay,
      transactions: config.uploadGroups,
      maxWaitingBytes: config.maxWaitingUploadBytes,
      maxWaitingReports: config.maxWaitingUploads,
    },
    hpkeConfigMaxAge: config.hpkeConfigMaxAge,
    maxReadingBytes: config.maxReadingBytes,
    maxJobRequests: config.maxJobRequests,
    maxConnections: config.maxConnections,
    requestTimeout: config.requestTimeout,
    headersTimeout: Math.min(config.headersTimeout, config.requestTimeout),
    keepAliveTimeout: config.keepAliveTimeout,
  };
}

/** Throws an OperatorError where the certificate or the address cannot be used. */
export async function startApi(ctx: Context, config: Config, operations: Operations = OPERATIONS): Promise<Api> {
  const server = openServer(ctx, config, operations);
  const { host, port } = config.listen;
  const chosen = await atAddress("listen", { host, port }, () => server.listen(host, port));
  return {
    port: chosen,
    reload() {
      const tls = readTls(config);
      if (tls === null) return;
      server.replaceTls(tls);
      ctx.log.info({ role: "api" }, "certificate read again");
    },
    stop: (seconds) => server.close(seconds),
  };
}

function openServer(ctx: Context, config: Config, operations: Operations): AggregatorServer {
  const options = serverOptions(config);
  try {
    return createServer(ctx, operations, options);
  } catch (error) {
    if (options.tls === null) throw error;
    throw new OperatorError(`the certificate in ${config.tlsCert} and the key in ${config.tlsKey} cannot be used`);
  }
}
