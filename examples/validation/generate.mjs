// Simulated pings of a pilot: clients of several builds send plain values and, beside them, packets of the same values.
// Some pings are damaged, and one build has a bug.
//
//   node examples/validation/generate.mjs FOLDER

import { randomInt, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, generateKeyPair, ServerSecret } from "prio";
import { batchIdOf, configOf, questions } from "./collection.mjs";

/** @import { Ping } from "./collection.mjs" */

const date = "2019-06-26";
const buildIds = ["20190620214556", "20190621215113", "20190622214923", "20190623215207", "20190624095202"];
const pingsPerBuild = 120;
/** One of four clients of this build exchanges the last two bits. */
const buildWithBug = "20190623215207";
/** How many of 100 clients say yes to each question. */
const shares = [62, 85, 23];

/**
 * What is wrong with one of thirty pings each: its packets are of two reports, or one was cut on its way, or one is not
 * there, or it comes twice.
 *
 * @type {Record<number, "mixed" | "cut" | "missing" | "repeated">}
 */
const damages = { 4: "mixed", 11: "cut", 18: "missing", 25: "repeated" };

/**
 * Writes pings and the servers' keys. Returns what a comparison must find, build by build.
 *
 * @param {string} folder
 */
export function generate(folder) {
  const keys = { A: generateKeyPair(), B: generateKeyPair() };
  /** @type {Ping[]} */
  const pings = [];
  const truth = buildIds.map((buildId) => {
    const client = new Client(configOf(buildId, { A: keys.A.publicKey, B: keys.B.publicKey }));
    const found = { buildId, pings: 0, counted: 0, invalid: 0, missing: 0, control: [0, 0, 0], observed: [0, 0, 0] };
    for (let i = 0; i < pingsPerBuild; i++) {
      const values = shares.map((share) => Number(randomInt(100) < share));
      const bits = buildId === buildWithBug && i % 4 === 1 ? [values[0], values[2], values[1]] : values;
      const damage = damages[i % 30];
      const ping = pingOf(client, buildId, values, /** @type {number[]} */ (bits), damage);
      pings.push(ping, ...(damage === "repeated" ? [ping] : []));
      found.pings++;
      const outcome = damage === "missing" ? "missing" : damage === "mixed" || damage === "cut" ? "invalid" : "counted";
      found[outcome]++;
      for (const k of questions.keys()) {
        found.control[k] = (found.control[k] ?? 0) + (values[k] ?? 0);
        if (outcome === "counted") found.observed[k] = (found.observed[k] ?? 0) + (bits[k] ?? 0);
      }
    }
    return found;
  });

  const save = (/** @type {string} */ name, /** @type {string} */ text) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, "pings", date), { recursive: true });
  save(
    `pings/${date}/pings.ndjson`,
    shuffled(pings)
      .map((ping) => `${JSON.stringify(ping)}\n`)
      .join(""),
  );
  const batches = buildIds.map((buildId) => ({ batch_id: batchIdOf(buildId), n_data: questions.length }));
  save("batches.json", JSON.stringify(batches));
  const privateKeys = { A: keys.A.privateKey.toHex(), B: keys.B.privateKey.toHex() };
  const secrets = { privateKeys, secret: ServerSecret.generate().toBase64() };
  writeFileSync(join(folder, "secrets.json"), JSON.stringify(secrets), { mode: 0o600 });
  return truth;
}

/**
 * A ping as Firefox 69 sent it, with the plain values that the pilot adds.
 *
 * @param {Client} client
 * @param {string} buildId
 * @param {number[]} values as the client knows them
 * @param {number[]} bits as the client encodes them
 * @param {"mixed" | "cut" | "missing" | "repeated" | undefined} damage
 * @returns {Ping}
 */
function pingOf(client, buildId, values, bits, damage) {
  const packets = client.encode(bits);
  const b = damage === "mixed" ? client.encode(bits.map((bit) => 1 - bit)).b : packets.b;
  const base64 = (/** @type {Uint8Array} */ packet) => Buffer.from(packet).toString("base64");
  const prio = { a: base64(damage === "cut" ? packets.a.subarray(0, 90) : packets.a), b: base64(b) };
  return {
    type: "prio",
    id: randomUUID(),
    creationDate: `${date}T12:45:07.011Z`,
    version: 4,
    application: {
      architecture: "x86-64",
      buildId,
      name: "Firefox",
      version: "69.0a1",
      displayVersion: "69.0a1",
      vendor: "Mozilla",
      platformVersion: "69.0a1",
      xpcomAbi: "x86_64-gcc3",
      channel: "nightly",
    },
    payload: {
      version: "1",
      reason: "periodic",
      histograms: Object.fromEntries(questions.map(({ histogram }, k) => [histogram, { sum: values[k] ?? 0 }])),
      prioData: [{ encoding: batchIdOf(buildId), prio: damage === "missing" ? { a: prio.a } : prio }],
    },
  };
}

/** @template T @param {T[]} list @returns {T[]} */
function shuffled(list) {
  return list
    .map((item) => ({ item, at: randomInt(2 ** 47) }))
    .sort((x, y) => x.at - y.at)
    .map(({ item }) => item);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) throw new Error("generate: expected a folder");
  generate(folder);
}
