// What a report holds in B's memory while its check goes on: some hundred bytes, whatever its number of fields is.
// Before, a packet of 170 bytes held 17 MB.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { randomSealing } from "../../src/crypto/ecies.js";
import type { Verifier } from "../../src/index.js";
import { sealPacketB } from "../../src/prio1/packet.js";
import { configFor, serverB } from "../support/deployment.js";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** The bytes that are in use now. */
function held(): number {
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

it("a report of 262,143 fields is some hundred bytes until it is counted", () => {
  const config = configFor({ fields: 262_143 });
  const server = serverB(config, { queryPoints: "batch" });
  const packet = () => {
    const seed = crypto.getRandomValues(new Uint8Array(16));
    return sealPacketB(config, { a: 1n, b: 1n, c: 1n, f0: 1n, g0: 1n, h0: 1n, seed }, randomSealing());
  };
  // What the session has once: tables of roots, the point's coefficients.
  server.open(packet()).verify1();
  const before = held();
  const verifiers: Verifier[] = [];
  for (let i = 0; i < 500; i++) verifiers.push(server.open(packet()));
  expect((held() - before) / verifiers.length).toBeLessThan(4000);
  // Nor when their first messages are out.
  const few = verifiers.slice(0, 5);
  for (const verifier of few) verifier.verify1();
  expect((held() - before) / few.length).toBeLessThan(1_000_000);
  expect(verifiers.length).toBe(500);
});
