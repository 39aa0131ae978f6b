// The configuration of `prio process`: which batches, keys, stores and limits one side has. Every value is in the
// file, in an environment variable, or has a default. Secrets are in files of their own, or in variables; this file
// only has the names of those files.

import { configOf } from "../batch/batch.js";
import { NOISE_PATTERN, parseNoise } from "../batch/noise.js";
import { systemFailure } from "../files/failure.js";
import { partitionName } from "../files/partition-name.js";
import { readSmallFile } from "../files/small-file.js";
import { PrioError, type QueryPoints, type Sensitivity, type ServerId } from "../index.js";
import {
  ConfigFailure,
  optional,
  readShape,
  required,
  requireKnown,
  type Sources,
  type ValuesOf,
  withDefault,
  wrongValue,
} from "./shape.js";
import {
  choice,
  flag,
  integer,
  location,
  number,
  objectName,
  objectPrefix,
  path,
  paths,
  publicKey,
  text,
} from "./value-types.js";

/** A batch that both servers process every day. */
export interface BatchEntry {
  readonly batchId: string;
  readonly count: number;
  readonly precision: number | undefined;
  /** The name of its folders in stores: `batch_id=…`. */
  readonly folder: string;
}

/** Most batches of a configuration. Mozilla's had 12. */
const MAX_BATCHES = 10_000;

const batchEntrySchema = {
  type: "object",
  required: ["batch_id", "n_data"],
  additionalProperties: false,
  properties: {
    batch_id: { type: "string", minLength: 1, description: "The name of the batch" },
    n_data: { type: "integer", minimum: 1, description: "Values per report" },
    precision: { type: "integer", minimum: 1, maximum: 42, description: "Values are integers of so many bits" },
  },
};

/** The batches themselves, or the path of a file that has them, as prio-processor's DATA_CONFIG. */
const batches = {
  expected: "an array of batches, or the path of a file that has one",
  parse: (value: unknown, directory: string): readonly unknown[] | string | undefined =>
    Array.isArray(value) ? value : path.parse(value, directory),
  parseText: (given: string): readonly unknown[] | string | undefined => given,
  schema: {
    oneOf: [{ type: "array", minItems: 1, maxItems: MAX_BATCHES, items: batchEntrySchema }, path.schema],
  },
};

/** A number of rows, or a share of them. */
export type ErrorLimit = { readonly rows: number } | { readonly percent: number };

const errorLimit = {
  expected: 'an integer, or a percentage such as "5%"',
  parse: (value: unknown): ErrorLimit | undefined => {
    if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? { rows: value } : undefined;
    return typeof value === "string" ? errorLimit.parseText(value) : undefined;
  },
  parseText: (given: string): ErrorLimit | undefined => {
    const [, digits = "", percent] = /^(\d{1,15}(?:\.\d{1,6})?)(%?)$/.exec(given) ?? [];
    if (digits === "") return undefined;
    if (percent === "%") return Number(digits) <= 100 ? { percent: Number(digits) } : undefined;
    return digits.includes(".") ? undefined : { rows: Number(digits) };
  },
  schema: {
    oneOf: [
      { type: "integer", minimum: 0 },
      { type: "string", pattern: "^\\d{1,15}(?:\\.\\d{1,6})?%?$" },
    ],
  },
};

/** How a service that holds stores is reached. `side` is prio-processor's word in the names of variables. */
const service = (side: "INTERNAL" | "EXTERNAL") => ({
  endpoint: optional(
    text("a URL", "^https?://[^\\s]+$"),
    `BUCKET_${side}_ENDPOINT`,
    "The URL of an S3 service other than Amazon's",
  ),
  region: optional(text(), `BUCKET_${side}_REGION`, "The region of its buckets"),
  pathStyle: optional(flag, `BUCKET_${side}_PATH_STYLE`, "Whether the bucket's name goes into the path, not the host"),
  profile: optional(text(), `BUCKET_${side}_PROFILE`, "The part of AWS's credentials file that has its keys"),
});

/** Every value of the configuration. */
export const CONFIG_SHAPE = {
  server: required(choice("A", "B"), "SERVER_ID", "Which server this is"),
  app: required(objectName, "APP_NAME", "The name of the application, the same at both servers"),
  batches: required(batches, "DATA_CONFIG", "The batches, or the path of a JSON file that has them"),
  publicKeyInternal: required(publicKey, "PUBLIC_KEY_HEX_INTERNAL", "This server's public key"),
  publicKeyExternal: required(publicKey, "PUBLIC_KEY_HEX_EXTERNAL", "The other server's public key"),
  privateKeyFiles: optional(paths, "PRIVATE_KEY_FILE", "Files with this server's private keys"),
  sharedSecretFile: optional(path, "SHARED_SECRET_FILE", "The file with the secret of both servers"),
  prgKey: withDefault(choice("batch", "seed"), "batch", "PRG_KEY", "How packets are keyed: seed for an old libprio"),
  peer: withDefault(
    choice("prio", "prio-processor"),
    "prio",
    "PRIO_PEER",
    "What the other server runs: this command, or Mozilla's prio-processor",
  ),
  queryPoints: optional(
    choice("stream", "first", "report", "batch"),
    "QUERY_POINTS",
    "How query points are chosen: by default report, and first with prio-processor",
  ),
  stores: {
    prefix: withDefault(objectPrefix, "data/v1", "BUCKET_PREFIX", "What all keys begin with, the same at both servers"),
    ingest: required(location, "BUCKET_INTERNAL_INGEST", "The store that has this server's shares"),
    private: required(location, "BUCKET_INTERNAL_PRIVATE", "The store for this server's own results"),
    shared: required(location, "BUCKET_INTERNAL_SHARED", "The store in which the other server writes for this one"),
    peer: required(location, "BUCKET_EXTERNAL_SHARED", "The store in which this server writes for the other"),
    internal: service("INTERNAL"),
    external: service("EXTERNAL"),
  },
  work: required(path, "PRIO_WORK", "A local directory for files under way; what is in it can be made again"),
  replays: required(path, "REPLAYS", "A local directory that remembers what was checked; it must not be lost"),
  maxErrors: optional(errorLimit, "MAX_ERRORS", "Give a batch up when more of its rows are left out"),
  minReports: withDefault(integer(0), 100, "MIN_REPORTS", "Give a batch up when it has fewer valid reports"),
  noise: optional(
    text('noise such as "laplace:epsilon=1"', NOISE_PATTERN),
    "NOISE",
    "Noise that this server adds to the totals, such as laplace:epsilon=1",
  ),
  jobs: optional(integer(1, 256), "JOBS", "Number of threads: by default one a core"),
  retry: {
    delay: withDefault(
      number(0.001, 3600),
      2,
      "RETRY_DELAY",
      "Seconds to wait before the other server's files are looked for again",
    ),
    exponent: withDefault(
      number(1, 10),
      2,
      "RETRY_BACKOFF_EXPONENT",
      "What each wait is multiplied with, up to a minute",
    ),
    limit: optional(integer(0), "RETRY_LIMIT", "Give up after so many looks: by default only the deadline counts"),
  },
  deadline: withDefault(integer(1), 21_600, "PRIO_DEADLINE", "Seconds after which a run ends with what it has"),
  keepWork: withDefault(
    integer(0, 3650),
    0,
    "PRIO_KEEP_WORK",
    "Days that files under way are kept after a batch is published",
  ),
} as const;

type Values = ValuesOf<typeof CONFIG_SHAPE>;

export type ServiceConfig = Values["stores"]["internal"];

export interface ProcessConfig extends Omit<Values, "batches" | "queryPoints"> {
  readonly server: ServerId;
  readonly batches: readonly BatchEntry[];
  readonly queryPoints: QueryPoints;
}

/** In bytes; 10,000 batches take less. */
const MAX_FILE = 2 ** 21;

/** Reads the configuration from a file, if there is one, and the environment. Throws a ConfigFailure. */
export function readConfig(file: string | undefined, env: Readonly<Record<string, string | undefined>>): ProcessConfig {
  const sources = { file, json: file === undefined ? {} : readJson(file), env };
  const values = readShape(CONFIG_SHAPE, sources);
  const queryPoints = values.queryPoints ?? (values.peer === "prio" ? "report" : "first");
  const config = { ...values, queryPoints };
  requireSense(config);
  return { ...config, batches: batchesOf(values, sources) };
}

/** Throws a ConfigFailure for values that do not go together. */
function requireSense({
  publicKeyInternal,
  publicKeyExternal,
  peer,
  queryPoints,
  stores,
  work,
  replays,
}: Omit<ProcessConfig, "batches">): void {
  if (publicKeyInternal === publicKeyExternal) {
    throw new ConfigFailure(
      "/publicKeyInternal and /publicKeyExternal are one key",
      "internal is this server's own key, external the other server's",
    );
  }
  if (peer === "prio-processor" && (queryPoints === "report" || queryPoints === "batch")) {
    throw new ConfigFailure(
      `/queryPoints: prio-processor does not know "${queryPoints}"`,
      'it checks at "first" on Spark, and at "stream" with the Python command',
    );
  }
  // In its own store the peer could change what this server remembers of a batch.
  const other = (["shared", "peer"] as const).find((name) => stores[name] === stores.private);
  if (other !== undefined) {
    throw new ConfigFailure(
      `/stores/private and /stores/${other} are one store`,
      "the other server must not write where this one keeps its results",
    );
  }
  if (work === replays) {
    throw new ConfigFailure("/work and /replays are one directory", "what is in work is removed after each batch");
  }
}

function readJson(file: string): unknown {
  let bytes: Buffer | null;
  try {
    bytes = readSmallFile(file, MAX_FILE);
  } catch (error) {
    throw systemFailure(error, `cannot read ${file}`);
  }
  if (bytes === null) throw new ConfigFailure(`${file}: expected at most ${MAX_FILE} bytes of JSON`);
  const json = bytes.toString("utf8").replace(/^\ufeff/, "");
  try {
    return JSON.parse(json);
  } catch (error) {
    // What is there may be a secret, so the message has its place alone, where the parser tells it.
    const [, position] = /at position (\d+)/.exec(error instanceof Error ? error.message : "") ?? [];
    const before = json.slice(0, Number(position ?? 0)).split("\n");
    const place = `: line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
    throw new ConfigFailure(`${file}: is not JSON${position === undefined ? "" : place}`);
  }
}

/** The batches of the configuration, or of the file that it names. */
function batchesOf(values: Values, sources: Sources): BatchEntry[] {
  const { batches: given } = values;
  const [file, entries, pointer] =
    typeof given === "string" ? [given, readJson(given), ""] : [sources.file, given, "/batches"];
  const from = { file };
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MAX_BATCHES) {
    throw wrongValue(from, pointer, `an array of 1 to ${MAX_BATCHES} batches`, entries);
  }
  const folders = new Map<string, number>();
  return entries.map((entry: unknown, i) => {
    const at = `${pointer}/${i}`;
    const batch = batchOf(entry, at, from, values);
    const before = folders.get(batch.folder);
    if (before !== undefined)
      throw wrongValue(from, `${at}/batch_id`, `another name than ${pointer}/${before}`, batch.batchId);
    folders.set(batch.folder, i);
    return batch;
  });
}

const BATCH_NAMES = ["batch_id", "n_data", "precision"];

function batchOf(entry: unknown, pointer: string, from: Pick<Sources, "file">, values: Values): BatchEntry {
  if (typeof entry !== "object" || entry === null) throw wrongValue(from, pointer, "an object", entry);
  requireKnown(Object.keys(entry), BATCH_NAMES, pointer, from);
  const { batch_id: batchId, n_data: count, precision } = entry as Record<string, unknown>;
  if (typeof batchId !== "string" || batchId === "") throw wrongValue(from, `${pointer}/batch_id`, "a text", batchId);
  const folder = partitionName("batch_id", batchId);
  if (folder === null) throw wrongValue(from, `${pointer}/batch_id`, "a name of at most 246 bytes", batchId);
  const integers = { n_data: count, precision: precision ?? 1 };
  for (const [name, value] of Object.entries(integers)) {
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      throw wrongValue(from, `${pointer}/${name}`, "an integer of at least 1", value);
    }
  }
  const batch = { batchId, count: count as number, precision: precision as number | undefined };
  const [a, b] = values.server === "A" ? (["Internal", "External"] as const) : (["External", "Internal"] as const);
  try {
    const { prgKey } = values;
    const publicKeys = { publicKeyA: values[`publicKey${a}`], publicKeyB: values[`publicKey${b}`] };
    const { sensitivity } = configOf({ ...batch, prgKey, ...publicKeys });
    requireNoise(values.noise, sensitivity);
  } catch (error) {
    if (!(error instanceof PrioError)) throw error;
    throw new ConfigFailure(`${from.file ?? "configuration"}: ${pointer}: ${error.message.replace(/^config: /, "")}`);
  }
  return { ...batch, folder };
}

/** Throws the library's errors for noise that the totals of a batch cannot have. */
function requireNoise(noise: string | undefined, sensitivity: Sensitivity): void {
  try {
    if (noise !== undefined) parseNoise(noise, sensitivity);
  } catch (error) {
    throw error instanceof PrioError ? new PrioError(error.code, `noise: ${error.message}`) : error;
  }
}
