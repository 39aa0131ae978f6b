// A deployment of two servers in the test's own process, with the files of a batch: rows of packets in files of any
// number, and the stages over them.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Batch, ServerRole } from "../../src/batch/batch.js";
import { formatRow } from "../../src/batch/rows.js";
import { aggregate, type StageSettings, verify1, verify2 } from "../../src/batch/stages.js";
import type { Tally } from "../../src/batch/tally.js";
import { InputParts } from "../../src/files/input-parts.js";
import { openOutput } from "../../src/files/output.js";
import { openParts, SingleOutput } from "../../src/files/output-parts.js";
import { Client, Config, generateKeyPair, type QueryPoints, ServerSecret } from "../../src/index.js";

export type Id = "A" | "B";
export const other = { A: "B", B: "A" } as const;
export const FIELDS = 3;

const keys = { A: generateKeyPair(), B: generateKeyPair() };
const secret = ServerSecret.generate();
const batch: Batch = {
  batchId: "parts",
  count: FIELDS,
  precision: undefined,
  publicKeyA: keys.A.publicKey.toHex(),
  publicKeyB: keys.B.publicKey.toHex(),
  prgKey: "batch",
};
const config = new Config({
  fields: FIELDS,
  batchId: "parts",
  serverA: keys.A.publicKey,
  serverB: keys.B.publicKey,
});
const client = new Client(config);

export const role = (serverId: Id, queryPoints: QueryPoints): ServerRole => ({
  batch,
  serverId,
  privateKeys: [keys[serverId].privateKey.toHex()],
  secret: secret.toBase64(),
  queryPoints,
});

/** A report's row at either server. */
export type Rows = Readonly<Record<Id, string>>;

export function encoded(id: string, values: readonly number[]): Rows {
  const { a, b } = client.encode(values);
  return { A: formatRow(id, a), B: formatRow(id, b) };
}

/** Writes rows into files of a directory, as many files as there are lists, and returns the directory. */
export function writeParts(directory: string, parts: readonly (readonly string[])[], ending = "ndjson"): string {
  mkdirSync(directory, { recursive: true });
  for (const [i, rows] of parts.entries()) {
    writeFileSync(join(directory, `part-${String(i).padStart(5, "0")}.${ending}`), rows.join(""));
  }
  return directory;
}

/** What is in the files of a directory, by their names. */
export function contentOf(directory: string): Record<string, string> {
  const names = readdirSync(directory).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

const streams = { stdout: process.stdout, stderr: process.stderr };

/** The stages of one server as a program calls them. The paths are those of directories or files. */
export class Stages {
  readonly #role: ServerRole;
  readonly #settings: Partial<StageSettings>;

  constructor(id: Id, queryPoints: QueryPoints, settings: Partial<StageSettings> = {}) {
    this.#role = role(id, queryPoints);
    this.#settings = settings;
  }

  verify1(input: string, output: string): Promise<Tally> {
    const settings = this.#over(input);
    return verify1(settings, this.#role, parts(output, settings.input));
  }

  verify2(input: string, files: Files, output: string): Promise<Tally> {
    const settings = this.#over(input);
    return verify2(settings, this.#role, messages(files), parts(output, settings.input));
  }

  /** One aggregate, in a file. */
  aggregate(input: string, files: Files, output: string): Promise<Tally> {
    mkdirSync(dirname(output), { recursive: true });
    const open = () => new SingleOutput(openOutput(output, streams));
    return aggregate(this.#over(input), this.#role, messages(files), open);
  }

  /** An aggregate for each part, in a directory. */
  aggregateParts(input: string, files: Files, output: string): Promise<Tally> {
    const settings = this.#over(input);
    const open = parts(output, settings.input);
    return aggregate(settings, this.#role, messages(files), open, { perPart: true });
  }

  #over(input: string): StageSettings {
    return { jobs: 1, ...this.#settings, input: InputParts.of([input]) };
  }
}

interface Files {
  readonly internal: string;
  readonly external: string;
}

const messages = ({ internal, external }: Files) => ({
  internal: InputParts.of([internal]),
  external: InputParts.of([external]),
});

const parts =
  (directory: string, { names }: InputParts) =>
  () =>
    openParts({ directory, names, mode: 0o600 }, streams);
