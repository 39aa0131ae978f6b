// Options and what they mean: every option that takes a value has an environment variable of its name (WIRE.md section 7),
// keys and the secret may also stand in files.

import { readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type Batch, configOf, type ServerRole } from "../batch/batch.js";
import { Failure, systemFailure } from "../batch/failure.js";
import { PrioError, PrivateKey, PublicKey, type QueryPoints, type ServerId, ServerSecret } from "../index.js";
import { usage } from "./exit.js";
import type { Talk } from "./reporter.js";

/** `--batch-id` → `BATCH_ID`. */
export function environmentName(option: string): string {
  return option.toUpperCase().replaceAll("-", "_");
}

/** What a command was given. Command line first, then the environment; an empty variable is none, as in Python's click. */
export class Given {
  readonly #values: ReadonlyMap<string, string | true>;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(values: ReadonlyMap<string, string | true>, env: Readonly<Record<string, string | undefined>>) {
    this.#values = values;
    this.#env = env;
  }

  text(option: string): string | undefined {
    const value = this.#values.get(option);
    return typeof value === "string" ? value : this.#env[environmentName(option)] || undefined;
  }

  flag(option: string): boolean {
    return this.#values.get(option) === true;
  }

  /** Whether the value stands on the command line, where every user of the machine can read it. */
  isOnCommandLine(option: string): boolean {
    return this.#values.has(option);
  }

  required(option: string): string {
    this.require(option);
    return this.text(option) as string;
  }

  /** Throws a usage Failure that names all that is missing. */
  require(...options: readonly string[]): void {
    const missing = options.filter((option) => this.text(option) === undefined);
    if (missing.length === 0) return;
    const names = missing.map((option) => `--${option}`).join(", ");
    throw usage(
      `missing option${missing.length > 1 ? "s" : ""} ${names}`,
      `an environment variable serves as well: ${missing.map(environmentName).join(", ")}`,
    );
  }

  integer(option: string, min: number): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const x = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(x >= min)) throw usage(`--${option}: expected an integer of at least ${min}, got ${shown(text)}`);
    return x;
  }

  choice<T extends string>(option: string, choices: readonly T[]): T | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const choice = choices.find((x) => x === text);
    if (choice === undefined) throw usage(`--${option}: expected ${choices.join(" or ")}, got ${shown(text)}`);
    return choice;
  }
}

/** A value in a message: short, so that nothing pasted by mistake fills the screen. */
function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** Runs `make` for an option's value: the library's complaint becomes one about the option. */
function parse<T>(option: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof PrioError ? usage(`--${option}: ${error.message}`) : error;
  }
}

export const BATCH_OPTIONS = ["batch-id", "n-data", "public-key-hex-internal", "public-key-hex-external"] as const;

/** The batch; `own` is the server whose key is the internal one: A's for the client's side. */
export function batchFrom(given: Given, own: ServerId): Batch {
  given.require(...BATCH_OPTIONS);
  const [internal, external] = (["public-key-hex-internal", "public-key-hex-external"] as const).map((option) =>
    parse(option, () => PublicKey.fromHex(given.required(option)).toHex()),
  ) as [string, string];
  const batch: Batch = {
    batchId: given.required("batch-id"),
    count: given.integer("n-data", 1) as number,
    precision: given.integer("precision", 1),
    publicKeyA: own === "A" ? internal : external,
    publicKeyB: own === "A" ? external : internal,
    prgKey: given.choice("prg-key", ["batch", "seed"] as const) ?? "batch",
  };
  try {
    configOf(batch);
  } catch (error) {
    throw error instanceof PrioError ? usage(batchComplaint(error)) : error;
  }
  return batch;
}

/** The configuration's complaint as one about the option that it is about. */
function batchComplaint({ message }: PrioError): string {
  const [, subject = "", complaint = ""] = /^config: (fields|count|precision|batchId)\b.*?: (.*)$/.exec(message) ?? [];
  const options: Record<string, string> = {
    fields: "--n-data",
    count: "--n-data",
    precision: "--precision",
    batchId: "--batch-id",
  };
  const option = options[subject];
  return option === undefined ? message.replace(/^config: /, "") : `${option}: ${complaint}`;
}

export const QUERY_POINTS: readonly QueryPoints[] = ["stream", "report", "batch"];

/** The files of a stage that reads both servers' messages. */
export const EXCHANGE_FILES = ["input", "input-internal", "input-external", "output"] as const;

export function serverIdFrom(given: Given): ServerId {
  given.require("server-id");
  return given.choice("server-id", ["A", "B"] as const) as ServerId;
}

/** `files` are the options of the stage's files, which must be there too. */
export function serverRoleFrom(given: Given, talk: Talk, files: readonly string[]): ServerRole {
  requireServerOptions(given, files);
  const serverId = serverIdFrom(given);
  const batch = batchFrom(given, serverId);
  const privateKey = secretFrom(given, talk, PRIVATE_KEY);
  const secret = secretFrom(given, talk, SHARED_SECRET);
  const publicKey = PrivateKey.fromHex(privateKey).publicKey.toHex();
  if (publicKey !== (serverId === "A" ? batch.publicKeyA : batch.publicKeyB)) {
    throw usage(
      "the private key does not belong to --public-key-hex-internal",
      "internal is this server's own key pair, external the other server's",
    );
  }
  const queryPoints = given.choice("query-points", QUERY_POINTS) ?? "stream";
  return { batch, serverId, privateKey, secret, queryPoints };
}

/** Names everything that is missing in one go. */
function requireServerOptions(given: Given, files: readonly string[]): void {
  const secrets = [PRIVATE_KEY, SHARED_SECRET].filter(({ option }) => given.text(option) === undefined);
  given.require(...BATCH_OPTIONS, "server-id", ...secrets.map(({ file }) => file), ...files);
}

/** Something secret: its options, the name of it in a JSON file that `keygen` or `shared-seed` wrote, how it is checked. */
interface SecretKind {
  readonly what: string;
  readonly option: string;
  readonly file: string;
  readonly field: string;
  readonly check: (text: string) => string;
}

const PRIVATE_KEY: SecretKind = {
  what: "private key",
  option: "private-key-hex",
  file: "private-key-file",
  field: "private_key",
  check: (text) => PrivateKey.fromHex(text).toHex(),
};

const SHARED_SECRET: SecretKind = {
  what: "shared secret",
  option: "shared-secret",
  file: "shared-secret-file",
  field: "shared_seed",
  check: (text) => ServerSecret.fromBase64(text).toBase64(),
};

function secretFrom(given: Given, talk: Talk, kind: SecretKind): string {
  const { option, file, check } = kind;
  // A value on the command line is nearer than a file in the environment.
  const path = given.isOnCommandLine(option) ? undefined : given.text(file);
  if (path !== undefined) return parse(file, () => check(readSecretFile(path, kind)));
  warnOfSecret(given, talk, kind);
  return parse(option, () => check(given.required(option).trim()));
}

/** Other users of the machine see the command line of every process. */
function warnOfSecret(given: Given, talk: Talk, { what, option, file }: SecretKind): void {
  if (!given.isOnCommandLine(option)) return;
  talk.warn(
    `--${option} shows the ${what} to every user of this machine; use --${file} or the variable ${environmentName(option)}`,
  );
}

/** For a command that takes the secrets' options but has no use for them. */
export function warnOfSecrets(given: Given, talk: Talk): void {
  for (const kind of [PRIVATE_KEY, SHARED_SECRET]) warnOfSecret(given, talk, kind);
}

/** Far above any secret file: nothing else should be read in whole. */
const MAX_SECRET_FILE = 65536;

function readSecretFile(path: string, { what, field }: SecretKind): string {
  let text: string;
  try {
    const stat = statSync(path);
    if (stat.isFile()) refuseOpenFile(path, what, stat.mode);
    if (stat.size > MAX_SECRET_FILE) throw usage(`${path}: expected a ${what}, got ${stat.size} bytes`);
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    throw systemFailure(error, `cannot read the ${what} file ${path}`);
  }
  if (!text.startsWith("{")) return text;
  const value = jsonField(text, field);
  if (value === undefined) throw usage(`${path}: expected "${field}" in the JSON object, found none`);
  return value;
}

/** A secret that others can read or write is none. The group may read: that is how containers hand out secrets. */
function refuseOpenFile(path: string, what: string, mode: number): void {
  if (process.platform === "win32" || (mode & 0o027) === 0) return;
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  throw new Failure(`${path} is open to others (mode ${octal}): not a place for the ${what}`, `chmod 600 ${path}`);
}

function jsonField(text: string, field: string): string | undefined {
  try {
    const value: unknown = (JSON.parse(text) as Record<string, unknown>)[field];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Threads to use: as asked, or the cores. A small file is done before a thread has started. */
export function jobsFrom(given: Given, inputBytes: number | undefined): number {
  const jobs = given.integer("jobs", 1);
  if (jobs !== undefined) return Math.min(jobs, 256);
  return inputBytes !== undefined && inputBytes < 2 ** 18 ? 1 : availableParallelism();
}

/** Standard input can be read once, and standard output can hold one stream of rows. */
export function requireOneDash(given: Given, ...options: readonly string[]): void {
  const dashed = options.filter((option) => given.text(option) === "-");
  if (dashed.length > 1) throw usage(`only one of ${dashed.map((option) => `--${option}`).join(" and ")} can be -`);
}
