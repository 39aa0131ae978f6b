// Many clients: each sends one packet to each server. Some do it wrongly. Prints what the totals must be.
//
//   node examples/broker/client.mjs FOLDER [--reports 400]

import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { Client } from "prio";
import { Broker } from "./broker.mjs";
import { openFolder } from "./collection.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { reports: { type: "string", default: "400" } },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("client: expected a folder");

const { batchId, config, url } = openFolder(folder);
const client = new Client(config);
const truth = { reports: 0, totals: new Array(config.fields).fill(0) };
const random = () => Array.from({ length: config.fields }, () => randomInt(2));

/**
 * What goes wrong with one of forty reports each. A cheat's packets are of two reports: both open, and the proof does
 * not hold. A packet that is lost, and one that is noise, leave the other server with a report that is never finished.
 * A client that heard nothing sends its packets again.
 *
 * @type {Record<number, "cheat" | "lost" | "noise" | "repeated">}
 */
const oddities = { 7: "cheat", 17: "lost", 27: "noise", 37: "repeated" };

/** @type {{ type: "data", to: "A" | "B", id: string, body: Uint8Array }[]} */
const messages = [];
/** @param {"A" | "B"} to @param {string} id @param {Uint8Array} body */
const send = (to, id, body) => messages.push({ type: "data", to, id, body });

for (let i = 0; i < Number(values.reports); i++) {
  const id = randomUUID();
  const answers = random();
  const { a, b } = client.encode(answers);
  const kind = oddities[i % 40] ?? "honest";
  send("A", id, kind === "noise" ? randomBytes(a.length) : a);
  if (kind !== "lost") send("B", id, kind === "cheat" ? client.encode(random()).b : b);
  if (kind === "repeated") {
    send("A", id, a);
    send("B", id, b);
  }
  if (kind !== "honest" && kind !== "repeated") continue;
  truth.reports++;
  for (const [k, x] of answers.entries()) truth.totals[k] += x;
}

// Everybody's packets arrive in an order of their own.
for (let i = messages.length - 1; i > 0; i--) {
  const j = randomInt(i + 1);
  [messages[i], messages[j]] = /** @type {any} */ ([messages[j], messages[i]]);
}
const broker = await Broker.open(url, batchId);
await broker.send(messages);
await broker.close();
console.log(JSON.stringify(truth));
