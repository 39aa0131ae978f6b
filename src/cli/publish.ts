// `prio publish`: the totals out of both servers' aggregates, when these can be of the same reports.

import { randomUUID } from "node:crypto";
import { configOf } from "../batch/batch.js";
import { Failure } from "../batch/failure.js";
import { Input } from "../batch/input.js";
import { openOutput, outputName, withOutputs } from "../batch/output.js";
import { decodeBase64 } from "../batch/rows.js";
import { PrioError, publish as publishTotals } from "../index.js";
import { EXIT } from "./exit.js";
import { batchFrom, requireOneDash, serverIdFrom, warnOfSecrets } from "./options.js";
import type { Run } from "./run.js";
import { readLabels, table } from "./table.js";

/** An aggregate of 262,143 totals takes 4.2 MB. */
const MAX_AGGREGATE = 2 ** 26;

interface Aggregate {
  readonly share: Uint8Array;
  /** Reports that were counted. */
  readonly reports: number;
}

export async function publish(run: Run): Promise<number> {
  const { given, talk, around } = run;
  warnOfSecrets(given, talk);
  const isShown = given.flag("pretty");
  given.require("batch-id", "n-data", "server-id", "public-key-hex-internal", "public-key-hex-external");
  given.require("input-internal", "input-external", ...(isShown ? [] : ["output"]));
  requireOneDash(given, "input-internal", "input-external");
  const serverId = serverIdFrom(given);
  const batch = batchFrom(given, serverId);
  const minimum = given.integer("min-reports", 0) ?? 0;
  const labels = readLabels(given.text("labels"), batch.count);
  const internal = await readAggregate(run, "input-internal");
  const external = await readAggregate(run, "input-external");
  requireAgreement(internal, external, minimum);

  const [a, b] = serverId === "A" ? [internal, external] : [external, internal];
  let totals: bigint[];
  try {
    totals = publishTotals(configOf(batch), a.share, b.share);
  } catch (error) {
    throw error instanceof PrioError ? publicationFailure(error) : error;
  }

  const directory = given.text("output");
  if (directory !== undefined) {
    const output = () => openOutput(directory, outputName(given.required("input-internal")), around.stdout);
    await withOutputs([output], async ([file]) => {
      const end = directory === "-" && around.stdout.isTTY === true ? "\n" : "";
      await file?.write(
        `{"id": "${randomUUID()}", "timestamp": "${timestamp()}", "payload": [${totals.join(", ")}]}${end}`,
      );
    });
  }
  if (isShown) {
    // Where the JSON goes to standard output, the table is talk.
    const shown = table({ totals, labels, reports: internal.reports, precision: batch.precision }, run);
    (directory === "-" ? around.stderr : around.stdout).write(shown);
  }
  return EXIT.done;
}

/** Without this, totals could be of different reports, or so few that they say what one client said. */
function requireAgreement(internal: Aggregate, external: Aggregate, minimum: number): void {
  if (internal.reports !== external.reports) {
    throw new Failure(
      `the servers counted different reports: internal ${internal.reports}, external ${external.reports}`,
      "both aggregates must come from one batch, each from both servers' verify2 files; nothing was published",
    );
  }
  if (internal.reports < minimum) {
    throw new Failure(
      `${internal.reports} reports are fewer than --min-reports ${minimum}`,
      "few reports hide nobody; nothing was published",
    );
  }
}

function publicationFailure(error: PrioError): Failure {
  const hints: Partial<Record<PrioError["code"], string>> = {
    "wrong-server":
      "--input-internal is this server's aggregate, --input-external the other's; does --server-id say which?",
    malformed: "do --n-data and --precision agree with the aggregates?",
    overflow: "the two aggregates are not of one batch, or were made with different verify2 files",
  };
  return new Failure(error.message, hints[error.code]);
}

async function readAggregate({ given, around }: Run, option: string): Promise<Aggregate> {
  const input = new Input(given.required(option), around.stdin);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input.pieces()) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_AGGREGATE) throw notAnAggregate(input);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    throw notAnAggregate(input);
  }
  const { payload, error, total } = (value ?? {}) as { payload?: unknown; error?: unknown; total?: unknown };
  const share = typeof payload === "string" ? decodeBase64(payload) : null;
  if (share === null || !isCount(error) || !isCount(total) || error > total) throw notAnAggregate(input);
  return { share, reports: total - error };
}

function isCount(x: unknown): x is number {
  return Number.isSafeInteger(x) && (x as number) >= 0;
}

function notAnAggregate({ name }: Input): Failure {
  return new Failure(
    `${name}: expected an aggregate: one JSON object with "payload", "error" and "total"`,
    "`prio inspect` tells what a file is",
  );
}

/** ISO 8601 in UTC with microseconds and without a zone, as Python writes it. */
function timestamp(): string {
  const now = performance.timeOrigin + performance.now();
  const micros = Math.floor((now % 1) * 1000);
  return new Date(now).toISOString().replace("Z", String(micros).padStart(3, "0"));
}
