// Aggregates of one server added up: each part once, all of one batch.

import { hash } from "node:crypto";
import { Failure } from "../files/failure.js";
import type { InputParts } from "../files/input-parts.js";
import { describeMessage, mergeTotalShares, PrioError } from "../index.js";
import { type AggregateObject, aggregatesIn, type NamedBatch, notAnAggregate } from "./aggregate-file.js";

/** What a server's aggregates come to. */
export interface Aggregate {
  /** The server's total shares, one for each part; of many parts, some are added up. */
  readonly shares: readonly Uint8Array[];
  /** How many reports are in them. */
  readonly reports: number;
  /** Rows that were left out, of so many. */
  readonly errors: number;
  readonly total: number;
  /** The notes of all draws of noise in them. */
  readonly noise: readonly string[];
  /** How many parts that have reports have no noise. */
  readonly exactParts: number;
  /** The batch, where all parts say of which one they are. */
  readonly batch: NamedBatch | undefined;
  /** The digests of all parts with reports. */
  readonly parts: readonly string[];
}

/** Shares that are kept before they are added up: each may have megabytes. */
const MAX_SHARES = 16;

/** Adds aggregates up. */
export class AggregateSum {
  #shares: Uint8Array[] = [];
  #reports = 0;
  #errors = 0;
  #total = 0;
  #exactParts = 0;
  #batch: NamedBatch | undefined;
  #areAllNamed = true;
  /** What the first aggregate is called, and what its share says of itself. */
  #first:
    | { readonly name: string; readonly server: string | undefined; readonly totals: number | undefined }
    | undefined;
  readonly #noise: string[] = [];
  /** The digest of each part, and what the aggregate is called that has it. */
  readonly #parts = new Map<string, string>();

  /**
   * Adds an aggregate, which is called `name` in messages. Throws a Failure when it has a part that is there already,
   * or is of another batch, of another number of totals or of the other server.
   */
  add(aggregate: AggregateObject, name: string): void {
    const { share, errors, total, noise } = aggregate;
    const reports = total - errors;
    this.#requireSameKind(aggregate, name);
    // Parts without a report are all alike, and add nothing.
    const digests = aggregate.parts ?? (reports > 0 ? [digestOf(share)] : []);
    for (const digest of digests) {
      const other = this.#parts.get(digest);
      if (other !== undefined) {
        throw new Failure(`${other} and ${name} have a part in common`, "each part of a batch counts once");
      }
      this.#parts.set(digest, name);
    }
    this.#shares.push(share);
    if (this.#shares.length > MAX_SHARES) this.#shares = [mergeTotalShares(this.#shares)];
    this.#reports += reports;
    this.#errors += errors;
    this.#total += total;
    this.#noise.push(...noise);
    this.#exactParts += aggregate.exactParts ?? (reports > 0 && noise.length === 0 ? Math.max(1, digests.length) : 0);
  }

  get result(): Aggregate {
    return {
      shares: this.#shares,
      reports: this.#reports,
      errors: this.#errors,
      total: this.#total,
      noise: this.#noise,
      exactParts: this.#exactParts,
      batch: this.#areAllNamed ? this.#batch : undefined,
      parts: [...this.#parts.keys()],
    };
  }

  #requireSameKind({ share, batch }: AggregateObject, name: string): void {
    const { kind, server, fields: totals } = describeMessage(share);
    // What is no total share at all is refused when the shares are added up or published.
    const is = kind === "totalShare" ? { name, server, totals } : { name, server: undefined, totals: undefined };
    const first = (this.#first ??= is);
    if (is.server !== first.server) {
      throw new Failure(
        `${name} is an aggregate of server ${is.server}, ${first.name} one of server ${first.server}`,
        "add up the aggregates of one server",
      );
    }
    if (is.totals !== first.totals) {
      throw new Failure(
        `${name} has ${is.totals} totals, ${first.name} has ${first.totals}`,
        "they are of batches with different numbers of values",
      );
    }
    if (batch === undefined) this.#areAllNamed = false;
    else if (this.#batch !== undefined && !isSame(batch, this.#batch)) {
      throw new Failure(
        `${name} is of ${inWords(batch)}, others are of ${inWords(this.#batch)}`,
        "add up the aggregates of one batch",
      );
    } else this.#batch = batch;
  }
}

/**
 * The aggregates of a server, added up. Files of parts may be empty, as Spark writes them, but not all. Throws a
 * Failure when a file holds anything else, and as AggregateSum does.
 */
export async function readAggregates(inputs: InputParts): Promise<Aggregate> {
  const sum = new AggregateSum();
  let count = 0;
  for (const input of inputs.inputs) {
    const before = count;
    for await (const [aggregate, name] of aggregatesIn(input)) {
      count++;
      try {
        sum.add(aggregate, name);
      } catch (error) {
        throw error instanceof PrioError ? new Failure(`${inputs.name}: ${error.message}`) : error;
      }
    }
    if (count === before && input.size !== 0) throw notAnAggregate(input);
  }
  if (count === 0) throw notAnAggregate(inputs);
  inputs.requireComplete();
  return sum.result;
}

/** Throws a Failure when an aggregate says that it is of another batch. */
export function requireBatch({ batch }: Aggregate, expected: Partial<NamedBatch>, name: string): void {
  if (batch === undefined) return;
  const wanted = { batchId: batch.batchId, count: batch.count, precision: batch.precision, ...expected };
  if (isSame(batch, wanted)) return;
  throw new Failure(`${name} is of ${inWords(batch)}, expected ${inWords(wanted)}`, "is it another batch's file?");
}

function isSame(a: NamedBatch, b: NamedBatch): boolean {
  return a.batchId === b.batchId && a.count === b.count && a.precision === b.precision;
}

function inWords({ batchId, count, precision }: NamedBatch): string {
  const values = precision === undefined ? `${count} values` : `${count} integers of ${precision} bits`;
  return `batch ${JSON.stringify(batchId)} with ${values}`;
}

/** 16 bytes of SHA-256, in base64. */
function digestOf(share: Uint8Array): string {
  return hash("sha256", share, "buffer").subarray(0, 16).toString("base64");
}
