// What the parties of a collection have: a folder each, which `setup.mjs` makes. Nobody but its owner may read it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Config, PrivateKey, PublicKey, ServerSecret } from "prio";

/** @import { ServerId } from "prio" */

/** @typedef {{ batchId: string, fields: number, minimum: number, publicKeys: Record<ServerId, string> }} Collection */

/** A party's folder. @param {string} folder */
export function openFolder(folder) {
  const read = (/** @type {string} */ name) => readFileSync(join(folder, name), "utf8").trim();
  const { batchId, fields, minimum, publicKeys } = /** @type {Collection} */ (JSON.parse(read("collection.json")));
  const [serverA, serverB] = [PublicKey.fromHex(publicKeys.A), PublicKey.fromHex(publicKeys.B)];
  return {
    batchId,
    minimum,
    config: new Config({ fields, batchId, serverA, serverB }),
    /** Where the broker is, with this party's name and password. */
    url: new URL(read("broker-url")),
    /** What servers have and clients have not. */
    server() {
      const id = /** @type {ServerId} */ (read("id"));
      return {
        id,
        privateKey: PrivateKey.fromHex(read("private-key")),
        secret: ServerSecret.fromBase64(read("secret")),
      };
    },
  };
}
