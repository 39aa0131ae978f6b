// This package's side of the measurement (interleave.mjs): takes blocks of reports through client and both servers, and
// says how long each step took. run.mjs bundles it, and any runtime that has Node's modules can run it:
//
//   program.mjs SHAPE VECTORS CRYPTO POINTS      for example: program.mjs 1000 packed native stream
//
// SHAPE is a number of booleans, or COUNTxPRECISION for integers. It answers with a line of JSON when it is ready, and
// with one more for each line of its input, which is a number of reports. The totals are checked at the end of the
// input.
//
// As in libprio/driver.c, all reports of a block take a step before the next step begins, so that the clocks are read
// once a step and not once a report.

import { createInterface } from "node:readline";
import { packed87Space } from "../src/core/packed87.js";
import {
  Client,
  type CryptoName,
  generateKeyPair,
  publish,
  type QueryPoints,
  Server,
  ServerSecret,
  setCrypto,
  type VerifiedReport,
  type Verifier,
} from "../src/index.js";
import { configOver } from "../src/prio1/config.js";
import { referenceSpace } from "../src/prio1/vector.js";
import { runtimeVersion, step } from "./clock.js";
import type { Block, Duration } from "./results.js";

const [, , shape = "", vectors, crypto, queryPoints] = process.argv;
setCrypto(crypto as CryptoName);

const [count = 0, precision] = shape.split("x").map(Number);
const keys = { A: generateKeyPair(), B: generateKeyPair() };
const config = configOver(vectors === "bigint" ? referenceSpace() : packed87Space(), {
  batchId: "bench",
  serverA: keys.A.publicKey,
  serverB: keys.B.publicKey,
  ...(precision === undefined ? { fields: count } : { count, precision }),
});
// As in libprio/driver.c: 0 and 1 in turn.
const values = Uint8Array.from({ length: count }, (_, i) => i % 2);
const client = new Client(config);
const encode = () => (precision === undefined ? client.encode(values) : client.encodeIntegers(values));
const secret = ServerSecret.generate();

const sessionOf = (id: "A" | "B") =>
  new Server(config, { id, privateKey: keys[id].privateKey, secret, queryPoints: queryPoints as QueryPoints });

/** A server with what it has of each report of a block, and the time that it took. */
class Side {
  readonly server: Server;
  readonly open: Duration = [0, 0];
  readonly verify: Duration = [0, 0];
  readonly aggregate: Duration = [0, 0];
  packets: Uint8Array[] = [];
  verifiers: Verifier[] = [];
  verify1: Uint8Array[] = [];
  verify2: Uint8Array[] = [];
  verified: VerifiedReport[] = [];

  constructor(server: Server) {
    this.server = server;
  }

  get check(): Duration {
    const sum = (clock: 0 | 1) => this.open[clock] + this.verify[clock] + this.aggregate[clock];
    return [sum(0), sum(1)];
  }

  get bytes(): number {
    return this.packets.reduce((sum, packet) => sum + packet.length, 0) / this.packets.length;
  }
}

const at = <T>(list: readonly T[], i: number): T => list[i] as T;

/** Reports of the blocks before. */
let counted = 0;
const servers = { a: sessionOf("A"), b: sessionOf("B") };

function runBlock(reports: number): Block {
  const [a, b] = [new Side(servers.a), new Side(servers.b)];
  const encoding: Duration = [0, 0];
  const packets = step(encoding, reports, encode);
  a.packets = packets.map((report) => report.a);
  b.packets = packets.map((report) => report.b);
  const ids = packets.map((_, i) => (queryPoints === "report" ? `report ${counted + i}` : undefined));
  counted += reports;

  for (const own of [a, b]) {
    own.verifiers = step(own.open, reports, (i) => own.server.open(at(own.packets, i), ids[i]));
    own.verify1 = step(own.verify, reports, (i) => at(own.verifiers, i).verify1());
  }
  for (const own of [a, b]) {
    own.verify2 = step(own.verify, reports, (i) => at(own.verifiers, i).verify2(at(a.verify1, i), at(b.verify1, i)));
  }
  for (const own of [a, b]) {
    own.verified = step(own.verify, reports, (i) => {
      const report = at(own.verifiers, i).check(at(a.verify2, i), at(b.verify2, i));
      if (report === null) throw new Error("bench: an honest report was refused");
      return report;
    });
    step(own.aggregate, reports, (i) => own.server.aggregate(at(own.verified, i)));
  }
  return {
    encode: encoding,
    checkA: a.check,
    checkB: b.check,
    openA: a.open,
    openB: b.open,
    verifyA: a.verify,
    verifyB: b.verify,
    aggregateA: a.aggregate,
    aggregateB: b.aggregate,
    bytes: [a.bytes, b.bytes],
  };
}

function checkTotals(): void {
  const totals = publish(config, servers.a.totalShare(), servers.b.totalShare());
  if (totals.some((total, i) => total !== BigInt(counted * (values[i] ?? 0)))) {
    throw new Error("bench: the totals are not those of the values");
  }
}

console.log(JSON.stringify({ version: runtimeVersion() }));
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(runBlock(Number(line))));
checkTotals();
