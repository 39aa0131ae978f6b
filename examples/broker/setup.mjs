// Makes what the parties of a collection need: a folder for each server, one for the clients, and one for the broker.
//
//   node examples/broker/setup.mjs FOLDER [--url amqp://localhost] [--fields 16] [--minimum 100]
//
// The servers' folders are made together here because this is an example. In production, each operator makes its own
// private key and shows it to nobody.

import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateKeyPair, ServerSecret } from "prio";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: "amqp://localhost" },
    fields: { type: "string", default: "16" },
    minimum: { type: "string", default: "100" },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error("setup: expected a folder");

const parties = /** @type {const} */ ({ A: "server-A", B: "server-B", clients: "clients" });
const passwords = Object.fromEntries(
  Object.values(parties).map((user) => [user, randomBytes(18).toString("base64url")]),
);
const keys = { A: generateKeyPair(), B: generateKeyPair() };
const secret = ServerSecret.generate().toBase64();
const collection = {
  batchId: "broker",
  fields: Number(values.fields),
  minimum: Number(values.minimum),
  publicKeys: { A: keys.A.publicKey.toHex(), B: keys.B.publicKey.toHex() },
};

/** @param {string} party @param {Record<string, string>} files */
function writeFolder(party, files) {
  mkdirSync(join(folder ?? "", party), { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder ?? "", party, name), `${text}\n`, { mode: 0o600, flag: "wx" });
  }
}

for (const [party, user] of Object.entries(parties)) {
  const url = Object.assign(new URL(values.url), { username: user, password: passwords[user] });
  const files = { "broker-url": url.href, "collection.json": JSON.stringify(collection) };
  writeFolder(party, files);
}
for (const id of /** @type {const} */ (["A", "B"])) {
  writeFolder(id, { id, secret, "private-key": keys[id].privateKey.toHex() });
}

// Each server reads its own queue alone, and the clients none. All write to both. Nobody may make other queues.
const vhost = "/";
writeFolder("broker", {
  "definitions.json": JSON.stringify({
    vhosts: [{ name: vhost }],
    users: Object.values(parties).map((name) => ({ name, password: passwords[name], tags: "" })),
    permissions: Object.entries(parties).map(([party, user]) => {
      return { user, vhost, configure: "^$", write: "^amq\\.default$", read: `^prio\\.${party}$` };
    }),
    queues: ["A", "B"].map((id) => {
      return { name: `prio.${id}`, vhost, durable: true, auto_delete: false, arguments: {} };
    }),
  }),
});
console.log(`${folder}: folders for A, B, the clients and the broker`);
