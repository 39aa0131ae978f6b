// The keys and the secret of an unattended run: in files that its configuration names, or in prio-processor's
// variables.

import { PrivateKey, PublicKey } from "../index.js";
import type { ProcessConfig } from "../process/config.js";
import { ConfigFailure } from "../process/shape.js";
import { UsageFailure, usageFailure } from "./exit.js";
import { environmentName, Options, type OptionValues } from "./options.js";
import type { Run } from "./run.js";
import { PRIVATE_KEY, type SecretKind, SHARED_SECRET, secretFrom, secretsFrom } from "./secret-options.js";

/** Reads this server's private keys and the secret of both servers. Throws usage failures. */
export function processKeys({ reporter, io }: Run, config: ProcessConfig): { privateKeys: string[]; secret: string } {
  const { privateKeyFiles, sharedSecretFile, publicKeyInternal } = config;
  const values: OptionValues = new Map<string, string | readonly string[]>([
    ...(privateKeyFiles === undefined ? [] : [[PRIVATE_KEY.file, privateKeyFiles] as const]),
    ...(sharedSecretFile === undefined ? [] : [[SHARED_SECRET.file, sharedSecretFile] as const]),
  ]);
  const options = new Options(values, io.env);
  requireSource(options, PRIVATE_KEY, "/privateKeyFiles");
  requireSource(options, SHARED_SECRET, "/sharedSecretFile");
  const privateKeys = named(PRIVATE_KEY, "/privateKeyFiles", () => secretsFrom(options, reporter, PRIVATE_KEY));
  const secret = named(SHARED_SECRET, "/sharedSecretFile", () => secretFrom(options, reporter, SHARED_SECRET));
  const own = PublicKey.fromHex(publicKeyInternal);
  if (!privateKeys.some((key) => PrivateKey.fromHex(key).publicKey.equals(own))) {
    throw usageFailure(
      "no private key belongs to /publicKeyInternal",
      "internal is this server's own key pair, external the other server's",
    );
  }
  return { privateKeys, secret };
}

function requireSource(options: Options, kind: SecretKind, pointer: string): void {
  if (options.text(kind.file) !== undefined || options.text(kind.option) !== undefined) return;
  throw new ConfigFailure(
    `configuration: missing ${pointer} (${environmentName(kind.file)}), the file with the ${kind.name}`,
    `where files are not to be had, the variable ${environmentName(kind.option)} serves as well`,
  );
}

/** What `read` gives. Its failures name the value of the configuration, and not the option of another command. */
function named<T>(kind: SecretKind, pointer: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageFailure)) throw error;
    const message = error.message
      .replace(`--${kind.file}`, pointer)
      .replace(`--${kind.option}`, environmentName(kind.option));
    throw usageFailure(message, error.hint);
  }
}
