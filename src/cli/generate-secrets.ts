// `prio keygen` and `prio shared-seed`: make fresh secrets, and write them to a new file of its owner alone or to
// standard output, and nowhere else.

import { fstatSync } from "node:fs";
import { generateKeyPair, ServerSecret } from "../index.js";
import { newCollectorKey } from "./collector-key.js";
import { EXIT } from "./exit.js";
import type { Run } from "./run.js";
import { createSecretFile, isOpenToOthers, octal } from "./secret-file.js";

export function keygen(run: Run): number {
  if (run.options.flag("collector")) {
    writeSecret(run, "collector's key", newCollectorKey().text);
    return EXIT.done;
  }
  const { privateKey, publicKey } = generateKeyPair();
  const pair = `{"private_key": "${privateKey.toHex()}", "public_key": "${publicKey.toHex()}"}\n`;
  writeSecret(run, "private key", pair);
  return EXIT.done;
}

export function sharedSeed(run: Run): number {
  writeSecret(run, "shared secret", `{"shared_seed": "${ServerSecret.generate().toBase64()}"}\n`);
  return EXIT.done;
}

/** Writes the secret to --output, or else to standard output. */
function writeSecret(run: Run, name: string, text: string): void {
  // From the command line alone: the variable OUTPUT is a directory for the stages.
  const path = run.options.isOnCommandLine("output") ? run.options.required("output") : "-";
  if (path !== "-") createSecretFile(path, text);
  else {
    warnOfOpenFile(run, name);
    run.io.stdout.write(text);
  }
}

/** Warns when the secret goes to a file that others can read: a stage would refuse it there. */
function warnOfOpenFile({ io, reporter }: Run, name: string): void {
  const { fd } = io.stdout;
  if (fd === undefined) return;
  const stat = fstatSync(fd);
  if (!stat.isFile() || !isOpenToOthers(stat.mode)) return;
  const mode = octal(stat.mode);
  reporter.warn(`the ${name} goes to a file that is open to others (mode ${mode}): chmod 600 it, or use --output FILE`);
}
