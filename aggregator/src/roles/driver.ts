// The role that works on jobs, and how it reaches the other aggregator.

import { readFileSync } from "node:fs";
import type { Config } from "../config.js";
import type { Context } from "../context.js";
import { startDriver } from "../jobs/driver.js";
import { HttpPeer } from "../jobs/http-peer.js";
import { withSilentPeers } from "../jobs/silent-peers.js";
import { OperatorError } from "../tasks/operator-error.js";
import { peerInDialects } from "./dialect-edges.js";

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new OperatorError(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Throws an OperatorError where a certificate that the settings name cannot be read. */
export function startDriverRole(
  ctx: Context,
  { peerCert, peerKey, peerCa, driverJobs, driverLeaseSeconds, driverLongestWait }: Config,
): { stop(): Promise<void> } {
  const tls = {
    ...(peerCert === null ? {} : { cert: read(peerCert) }),
    ...(peerKey === null ? {} : { key: read(peerKey) }),
    ...(peerCa === null ? {} : { ca: read(peerCa) }),
  };
  const peer = new HttpPeer({ tls });
  const driver = startDriver(ctx, {
    peer: peerInDialects(withSilentPeers(peer)),
    concurrency: driverJobs,
    lease: driverLeaseSeconds,
    longestWait: driverLongestWait,
  });
  return {
    async stop() {
      await driver.stop();
      peer.close();
    },
  };
}
