// A Worker that reads its private key while its module loads, when a Worker may not draw random bytes yet. The choice
// of cryptography must be the same as later, in the handler.

import { cryptoInUse, PrivateKey } from "prio";
import { batch } from "./batch.mjs";
import { run } from "./collect.mjs";

const publicKey = PrivateKey.fromHex(batch.privateKeys.a).publicKey.toHex();
const atLoad = cryptoInUse();

export default {
  fetch() {
    if (!/^[0-9A-F]{64}$/.test(publicKey)) return new Response(`expected a public key, got ${publicKey}`);
    const inHandler = run(batch).join(" and ");
    return new Response(inHandler === `${atLoad} and noble` ? inHandler : `${atLoad} at load, then ${inHandler}`);
  },
};
