// Two servers run as separate tasks on a bad network: messages arrive late, out of order, twice or never. Query points
// depend on the report id ("report"), so order does not matter, and a lost report affects no other.
//
//   node examples/async/main.mjs

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Config, generateKeyPair, publish, Server, ServerSecret } from "prio";
import { Network } from "./network.mjs";
import { serve } from "./task.mjs";

const clients = 60;
const fields = 16;

const keysA = generateKeyPair();
const keysB = generateKeyPair();
const secret = ServerSecret.generate();
const config = new Config({ fields, batchId: "async", serverA: keysA.publicKey, serverB: keysB.publicKey });
const network = new Network({ jitter: 40, repeats: 0.2 });

const start = performance.now();
/** Prints what happens to three of the reports: the first, the one that cheats, and the one that gets lost. */
const watched = ["report-0", "report-7", "report-11"];
/** @param {string} id @param {string} line */
const log = (id, line) => {
  if (watched.includes(id)) console.log(`  ${String(Math.round(performance.now() - start)).padStart(4)} ms  ${line}`);
};
console.log(
  `${clients} clients, two servers, messages delayed by up to ${network.jitter} ms, one in five delivered twice\n`,
);

const servers = Promise.all(
  /** @type {const} */ ([
    ["A", keysA.privateKey],
    ["B", keysB.privateKey],
  ]).map(([id, privateKey]) => {
    const server = new Server(config, { id, privateKey, secret, queryPoints: "report" });
    return serve({ id, server, network, log });
  }),
);

// ---- clients --------------------------------------------------------------------------------------------------------

const client = new Client(config);
const truth = new Array(fields).fill(0);
for (let i = 0; i < clients; i++) {
  await sleep(Math.random() * 8);
  const values = Array.from({ length: fields }, (_, k) => Number((i + k) % 3 === 1 || (i * k) % 5 === 1));
  const { a, b } = client.encode(values);
  const id = `report-${i}`;
  if (i === 7) {
    // A client that pairs its packet with one of another report: both open, and the proof does not hold.
    network.send("A", { type: "packet", id, bytes: a });
    network.send("B", { type: "packet", id, bytes: client.encode(values.map((x) => 1 - x)).b });
    continue;
  }
  network.send("A", { type: "packet", id, bytes: a });
  // A packet that the network loses: server A has a report that server B never sees.
  if (i === 11) continue;
  network.send("B", { type: "packet", id, bytes: b });
  for (const [k, x] of values.entries()) truth[k] += x;
}

// ---- published ------------------------------------------------------------------------------------------------------

// A real deployment closes a batch at an hour of the day; this one closes when nothing is under way any more.
await network.quiet();
network.send("A", { type: "close" });
network.send("B", { type: "close" });
const [ofA, ofB] = await servers;
assert(ofA !== undefined && ofB !== undefined);
console.log("");
console.log(`  server   counted  refused  unfinished  repeated messages`);
for (const { id, counted, refused, unfinished, repeated } of [ofA, ofB]) {
  const numbers = [counted.length, refused.length, unfinished.length, repeated];
  console.log(`  ${id}      ${numbers.map((x, i) => String(x).padStart([9, 9, 12, 19][i] ?? 0)).join("")}`);
}
assert.deepEqual(ofA.counted, ofB.counted);
assert.deepEqual([ofA.refused, ofB.refused], [["report-7"], ["report-7"]]);
assert.deepEqual([ofA.unfinished, ofB.unfinished], [["report-11"], ["report-11"]]);

const totals = publish(config, ofA.totalShare, ofB.totalShare).map(Number);
assert.deepEqual(totals, truth);
console.log(`\n  totals   ${totals.join(" ")}`);
console.log(`  truth    ${truth.join(" ")}`);
console.log(`\nBoth servers counted the same ${ofA.counted.length} reports, whatever the network did.`);
