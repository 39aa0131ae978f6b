// The secrets among a command's options: the private key and the servers' shared secret, better given in files.

import { PrivateKey, ServerSecret } from "../index.js";
import { usageFailure } from "./exit.js";
import { environmentName, type Options, parseOption, requireNoDash } from "./options.js";
import type { Reporter } from "./reporter.js";
import { readSecretFile } from "./secret-file.js";

/** A secret that an option or a file can hold. */
export interface SecretKind {
  /** Its name in messages. */
  readonly name: string;
  /** The option that holds it. */
  readonly option: string;
  /** The option that names a file that holds it. */
  readonly file: string;
  /** Its name in the JSON object that `keygen` or `shared-seed` wrote. */
  readonly field: string;
  /** Returns the secret in its usual form. Throws the library's error. */
  readonly check: (text: string) => string;
}

export const PRIVATE_KEY: SecretKind = {
  name: "private key",
  option: "private-key-hex",
  file: "private-key-file",
  field: "private_key",
  check: (text) => PrivateKey.fromHex(text).toHex(),
};

export const SHARED_SECRET: SecretKind = {
  name: "shared secret",
  option: "shared-secret",
  file: "shared-secret-file",
  field: "shared_seed",
  check: (text) => ServerSecret.fromBase64(text).toBase64(),
};

/** The secret from its file or its option. Warns when it is on the command line. */
export function secretFrom(options: Options, reporter: Reporter, kind: SecretKind): string {
  const [secret = "", ...others] = secretsFrom(options, reporter, kind);
  if (others.length > 0) throw usageFailure(`--${kind.file}: expected one ${kind.name}, got ${others.length + 1}`);
  return secret;
}

/**
 * All secrets of a kind, in the order of the command line. A file or a variable may hold several, separated by white
 * space. Throws a usage failure when one comes twice.
 */
export function secretsFrom(options: Options, reporter: Reporter, kind: SecretKind): string[] {
  const { option, file, check } = kind;
  // A value on the command line wins over a file that the environment names.
  const paths = options.isOnCommandLine(option) ? [] : options.texts(file);
  if (paths.length > 0) requireNoDash(options, file);
  const [source, texts] =
    paths.length > 0
      ? [file, paths.flatMap((path) => secretsIn(path, kind))]
      : [option, options.texts(option).flatMap((value) => value.trim().split(/\s+/))];
  if (source === option) warnOfSecret(options, reporter, kind);
  const secrets = texts.map((text) => parseOption(source, () => check(text)));
  const again = secrets.findIndex((secret, i) => secrets.indexOf(secret) !== i);
  if (again >= 0) throw usageFailure(`--${source}: ${kind.name} ${again + 1} is the same as an earlier one`);
  return secrets;
}

function warnOfSecret(options: Options, reporter: Reporter, { name, option, file }: SecretKind): void {
  if (!options.isOnCommandLine(option)) return;
  const instead = `use --${file} or the variable ${environmentName(option)}`;
  reporter.warn(`--${option} shows the ${name} to every user of this machine; ${instead}`);
}

/** Warns of secrets on the command line, for a command that accepts them but does not use them. */
export function warnOfSecrets(options: Options, reporter: Reporter): void {
  for (const kind of [PRIVATE_KEY, SHARED_SECRET]) warnOfSecret(options, reporter, kind);
}

/** The secrets in a file: as plain texts, in one JSON object over any number of lines, or in one a line. */
function secretsIn(path: string, { name, field }: SecretKind): string[] {
  const text = readSecretFile(path, name);
  if (!text.startsWith("{")) return text.split(/\s+/);
  const objects = parsed(text) === undefined ? text.split(/\s*\n\s*/) : [text];
  return objects.map((object) => {
    const value = parsed(object)?.[field];
    if (typeof value !== "string") throw usageFailure(`${path}: expected "${field}" in the JSON object, found none`);
    return value;
  });
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
