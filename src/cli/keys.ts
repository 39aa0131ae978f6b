// `prio keygen` and `prio shared-seed`: fresh secrets, on standard output alone.

import { generateKeyPair, ServerSecret } from "../index.js";
import { EXIT } from "./exit.js";
import type { Run } from "./run.js";

export function keygen({ around }: Run): number {
  const { privateKey, publicKey } = generateKeyPair();
  around.stdout.write(`{"private_key": "${privateKey.toHex()}", "public_key": "${publicKey.toHex()}"}\n`);
  return EXIT.done;
}

export function sharedSeed({ around }: Run): number {
  around.stdout.write(`{"shared_seed": "${ServerSecret.generate().toBase64()}"}\n`);
  return EXIT.done;
}
