// The totals of a batch from both servers' aggregates, unless these cannot be of the same reports.

import { type Aggregate, readAggregates, requireBatch } from "../batch/aggregate-sum.js";
import { type Batch, configOf } from "../batch/batch.js";
import { hasNoise, totalsOf } from "../batch/published-totals.js";
import { Failure } from "../files/failure.js";
import type { InputParts } from "../files/input-parts.js";
import { PrioError, type ServerId } from "../index.js";
import type { Reporter } from "./reporter.js";
import type { Run } from "./run.js";
import { wrongFile } from "./wrong-file.js";

/** Below so many reports, the totals themselves say much about single clients. */
const FEW_REPORTS = 100;

/** What the totals are made of. */
export interface TotalsSettings {
  readonly batch: Batch;
  readonly serverId: ServerId;
  readonly internal: InputParts;
  readonly external: InputParts;
}

/** The totals of a batch, and what they were made of. */
export interface Totals {
  readonly totals: readonly bigint[];
  readonly internal: Aggregate;
  readonly a: Aggregate;
  readonly b: Aggregate;
}

/** Computes the totals. Throws a Failure unless both aggregates count the same reports, and enough of them. */
export async function totalsFrom(run: Run, { batch, serverId, internal, external }: TotalsSettings): Promise<Totals> {
  const { options, reporter } = run;
  const [own, other] = [await aggregateOf(run, internal), await aggregateOf(run, external)];
  requireBatch(own, batch, internal.name);
  requireBatch(other, batch, external.name);
  requireAgreement(own, other, options.integer("min-reports", 0) ?? 0);
  const [a, b] = serverId === "A" ? [own, other] : [other, own];
  let totals: bigint[];
  try {
    totals = totalsOf(configOf(batch), a, b);
  } catch (error) {
    throw error instanceof PrioError ? publicationFailure(error) : error;
  }
  if (options.text("min-reports") === undefined && own.reports < FEW_REPORTS) {
    const reports = `${own.reports} report${own.reports === 1 ? "" : "s"}`;
    reporter.warn(`totals of ${reports} hide nobody: give --min-reports to say how many reports you need`);
  }
  if (hasNoise(a, b)) warnOfMissingNoise(reporter, { A: a, B: b });
  return { totals, internal: own, a, b };
}

/** A server's aggregate. The failure for another stage's file says what it is. */
async function aggregateOf(run: Run, input: InputParts): Promise<Aggregate> {
  try {
    return await readAggregates(input);
  } catch (error) {
    const wrong = error instanceof Failure ? await wrongFile(run, "publish") : undefined;
    throw wrong === undefined ? error : new Failure((error as Failure).message, wrong);
  }
}

/** A server that knows all the noise there is, because it is its own, knows the exact totals. */
function warnOfMissingNoise(reporter: Reporter, servers: Readonly<Record<ServerId, Aggregate>>): void {
  for (const [id, other] of [
    ["A", "B"],
    ["B", "A"],
  ] as const) {
    const { noise, exactParts } = servers[id];
    if (exactParts === 0) continue;
    const what = noise.length === 0 ? "has no noise" : `has no noise in ${exactParts} part${exactParts > 1 ? "s" : ""}`;
    reporter.warn(`the aggregate of ${id} ${what}: server ${other}, which knows its own noise, knows exact totals`);
  }
}

/** Refuses aggregates of different reports, and of fewer reports than the operator wants to reveal. */
function requireAgreement(internal: Aggregate, external: Aggregate, minimum: number): void {
  if (internal.reports !== external.reports) {
    throw new Failure(
      `the servers counted different reports: internal ${internal.reports}, external ${external.reports}`,
      "both aggregates must come from one batch, each from both servers' verify2 files; nothing was published",
    );
  }
  if (internal.reports === 0) {
    throw new Failure("both aggregates count 0 reports", "nothing was published");
  }
  if (internal.reports < minimum) {
    throw new Failure(
      `${internal.reports} reports are fewer than --min-reports ${minimum}`,
      "few reports hide nobody; nothing was published",
    );
  }
}

/** What usually causes an error of the library here, as the hint. */
function publicationFailure(error: PrioError): Failure {
  const hints: Partial<Record<PrioError["code"], string>> = {
    "wrong-server":
      "--input-internal is this server's aggregate, --input-external the other's; does --server-id say which?",
    malformed: "do --n-data and --precision agree with the aggregates?",
    overflow:
      "the two aggregates are not of one batch, or were made with different verify2 files, or lost their note of noise",
  };
  return new Failure(error.message, hints[error.code]);
}
