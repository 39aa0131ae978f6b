// `prio keygen` and `prio shared-seed`: print fresh secrets to standard output, and write them nowhere else.

import { generateKeyPair, ServerSecret } from "../index.js";
import { EXIT } from "./exit.js";
import type { Run } from "./run.js";

export function keygen({ io }: Run): number {
  const { privateKey, publicKey } = generateKeyPair();
  io.stdout.write(`{"private_key": "${privateKey.toHex()}", "public_key": "${publicKey.toHex()}"}\n`);
  return EXIT.done;
}

export function sharedSeed({ io }: Run): number {
  io.stdout.write(`{"shared_seed": "${ServerSecret.generate().toBase64()}"}\n`);
  return EXIT.done;
}
