// The collector's key pair in a file: {"hpkeConfig": …, "privateKey": …}, both in base64url without padding, as
// `prio keygen --collector` and `prio-aggregator task create --new-collector-key` write it.

import { randomInt } from "node:crypto";
import { decodeHpkeConfig, encodeHpkeConfig, HpkeKeyPair } from "../dap/index.js";
import { Failure } from "../files/failure.js";
import { PrioError } from "../index.js";
import { readSecretFile } from "./secret-file.js";

/** A new key pair, as the text of its file and as what the operators get. Its id is random, so that old keys differ. */
export function newCollectorKey(): { readonly text: string } {
  const pair = HpkeKeyPair.generate(randomInt(256));
  const config = Buffer.from(encodeHpkeConfig(pair.config)).toString("base64url");
  const privateKey = Buffer.from(pair.toBytes()).toString("base64url");
  return { text: `${JSON.stringify({ hpkeConfig: config, privateKey }, null, 2)}\n` };
}

/** Reads the file. Throws a Failure, which never shows what is in it. */
export function readCollectorKey(path: string): HpkeKeyPair {
  const text = readSecretFile(path, "collector's key");
  const wrong = (): Failure =>
    new Failure(`${path}: expected a collector's key pair`, "`prio keygen --collector --output FILE` makes one");
  try {
    const { hpkeConfig, privateKey } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof hpkeConfig !== "string" || typeof privateKey !== "string") throw wrong();
    const { id, publicKey } = decodeHpkeConfig(Buffer.from(hpkeConfig, "base64url"));
    const pair = HpkeKeyPair.fromBytes(id, Buffer.from(privateKey, "base64url"));
    if (Buffer.compare(pair.config.publicKey, publicKey) === 0) return pair;
    throw new Failure(`${path}: the private key does not belong to the public key in hpkeConfig`);
  } catch (error) {
    throw error instanceof SyntaxError || error instanceof TypeError || error instanceof PrioError ? wrong() : error;
  }
}
