// What the options say of a batch and of a server's part in it.

import { availableParallelism } from "node:os";
import { type Batch, configOf, type ServerRole } from "../batch/batch.js";
import type { MaxLeftOut } from "../batch/tally.js";
import { PrioError, PrivateKey, PublicKey, type QueryPoints, type ServerId } from "../index.js";
import { usageFailure } from "./exit.js";
import { type Options, parseOption } from "./options.js";
import type { Reporter } from "./reporter.js";
import { PRIVATE_KEY, SHARED_SECRET, secretFrom, secretsFrom } from "./secret-options.js";
import { quoted } from "./untrusted-text.js";

/** The options that every command over a batch needs. */
export const BATCH_OPTIONS = ["batch-id", "n-data", "public-key-hex-internal", "public-key-hex-external"] as const;

/** The batch. `own` is the server whose key is the internal one: A, to the client's side. */
export function batchFrom(options: Options, own: ServerId): Batch {
  options.require(...BATCH_OPTIONS);
  const [internal, external] = (["public-key-hex-internal", "public-key-hex-external"] as const).map((option) =>
    parseOption(option, () => PublicKey.fromHex(options.required(option)).toHex()),
  ) as [string, string];
  const batch: Batch = {
    batchId: options.required("batch-id"),
    count: options.integer("n-data", 1) as number,
    precision: options.integer("precision", 1),
    publicKeyA: own === "A" ? internal : external,
    publicKeyB: own === "A" ? external : internal,
    prgKey: options.choice("prg-key", ["batch", "seed"] as const) ?? "batch",
  };
  try {
    configOf(batch);
  } catch (error) {
    throw error instanceof PrioError ? usageFailure(batchError(error)) : error;
  }
  return batch;
}

/** An error of the configuration, in terms of the option that caused it. */
function batchError({ message }: PrioError): string {
  const [, subject = "", rest = ""] = /^config: (fields|count|precision|batchId)\b.*?: (.*)$/.exec(message) ?? [];
  const options: Record<string, string> = {
    fields: "--n-data",
    count: "--n-data",
    precision: "--precision",
    batchId: "--batch-id",
  };
  const option = options[subject];
  return option === undefined ? message.replace(/^config: /, "") : `${option}: ${rest}`;
}

export const QUERY_POINTS: readonly QueryPoints[] = ["stream", "first", "report", "batch"];

/** The options that name the files of a stage that reads both servers' messages. */
export const EXCHANGE_FILES = ["input", "input-internal", "input-external", "output"] as const;

export function serverIdFrom(options: Options): ServerId {
  options.require("server-id");
  return options.choice("server-id", ["A", "B"] as const) as ServerId;
}

/** The server's part in the batch. `files` are the options of the stage's files, which must be there too. */
export function serverRoleFrom(options: Options, reporter: Reporter, files: readonly string[]): ServerRole {
  requireServerOptions(options, files);
  const serverId = serverIdFrom(options);
  const batch = batchFrom(options, serverId);
  const privateKeys = secretsFrom(options, reporter, PRIVATE_KEY);
  const secret = secretFrom(options, reporter, SHARED_SECRET);
  const own = PublicKey.fromHex(serverId === "A" ? batch.publicKeyA : batch.publicKeyB);
  if (!privateKeys.some((key) => PrivateKey.fromHex(key).publicKey.equals(own))) {
    const none = privateKeys.length === 1 ? "the private key does not belong" : "none of the private keys belongs";
    throw usageFailure(
      `${none} to --public-key-hex-internal`,
      "internal is this server's own key pair, external the other server's",
    );
  }
  const queryPoints = options.choice("query-points", QUERY_POINTS) ?? "stream";
  warnOfHole(reporter, batch, queryPoints);
  return { batch, serverId, privateKeys, secret, queryPoints };
}

/** Warns when libprio's check does not hold for so many fields (SECURITY.md, "A hole in libprio's proof"). */
export function warnOfHole(reporter: Reporter, batch: Batch, queryPoints: QueryPoints): void {
  if (queryPoints === "report" || queryPoints === "batch") return;
  const { fields } = configOf(batch);
  if ((fields & (fields + 1)) !== 0) return;
  const [value, every] = batch.precision === undefined ? ["field", "false"] : ["integer", "0"];
  const remedy = `use --query-points report, or one ${value} more that is always ${every}`;
  reporter.warn(
    `with ${fields} fields, which is 2^k − 1, one client can falsify totals at query points ${queryPoints}; ${remedy}`,
  );
}

/** Throws one usage failure that names every option that is missing. */
function requireServerOptions(options: Options, files: readonly string[]): void {
  const secrets = [PRIVATE_KEY, SHARED_SECRET].filter(({ option }) => options.text(option) === undefined);
  options.require(...BATCH_OPTIONS, "server-id", ...secrets.map(({ file }) => file), ...files);
}

/** How many rows may be left out: --max-errors, N or P%. */
export function maxErrorsFrom(options: Options): MaxLeftOut | undefined {
  const text = options.text("max-errors");
  if (text === undefined) return undefined;
  const [, percent] = /^(\d{1,3}(?:\.\d{1,9})?)%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) <= 100) return { percent: Number(percent) };
  if (/^\d{1,15}$/.test(text)) return { rows: Number(text) };
  throw usageFailure(`--max-errors: expected a number of rows, or a share as 5%, got ${quoted(text)}`);
}

/**
 * How many threads work: --jobs, or else one for each core; one for a small file, which is done before threads start.
 */
export function jobsFrom(options: Options, inputBytes: number | undefined): number {
  const jobs = options.integer("jobs", 1);
  if (jobs !== undefined) return Math.min(jobs, 256);
  return inputBytes !== undefined && inputBytes < 2 ** 18 ? 1 : availableParallelism();
}
