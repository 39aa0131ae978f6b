// The rows of a test batch, in any thread: each row is made of the seed, the batch id and its number alone, so that
// neither threads nor parts change it.

import { createCipheriv, hash } from "node:crypto";
import { buffered, type RandomSource } from "../core/random.js";
import { PACKET_FAULTS, type PacketFault, SampleReports } from "../samples/reports.js";
import { type Batch, configOf } from "./batch.js";
import { maxShareRow } from "./row-limits.js";
import { base64, formatRow, type Reason } from "./rows.js";

/** What can be wrong with a row of shares: the reason for which the servers leave it out. */
export const ROW_FAULTS = [
  ...(["malformed-json", "missing-field", "malformed-base64", "cannot-open"] as const),
  ...PACKET_FAULTS,
  ...(["duplicate-id", "duplicate-packet", "unknown-id-external", "line-too-long"] as const),
] as const satisfies readonly Reason[];
export type RowFault = (typeof ROW_FAULTS)[number];

/** The test rows of a batch. Plain data, which can cross threads. */
export interface GeneratingTask {
  readonly stage: "generate";
  readonly batch: Batch;
  readonly seed: string;
  /** Which of the rows are bad: from 0 to a half. */
  readonly badShare: number;
  /** What is wrong with them, in turn. */
  readonly faults: readonly RowFault[];
}

/** Rows from a number on. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Rows for A and for B, and what they come to. */
export interface GeneratedRows {
  readonly texts: readonly [a: string, b: string];
  /** The sums of the good rows. Up to 2^10 rows of 42 bits are exact. */
  readonly sums: Float64Array;
  /** How many rows have each fault. */
  readonly bad: Readonly<Partial<Record<RowFault, number>>>;
}

/** Rows of half a megabyte are made so often only, unless they are all that is asked for. */
const MAX_LONG_ROWS = 3;
/** Bytes of randomness made at once: a report with few fields takes less. */
const RANDOM_BYTES = 1024;

interface GoodRow {
  readonly id: string;
  readonly bits: Uint8Array;
  readonly random: RandomSource;
}

/** Makes rows. */
export class RowGenerator {
  readonly #task: GeneratingTask;
  readonly #reports: SampleReports;
  readonly #key: Buffer;
  readonly #longLine: number;

  constructor(task: GeneratingTask) {
    const { batch, seed } = task;
    const config = configOf(batch);
    this.#task = task;
    this.#reports = new SampleReports(config);
    this.#longLine = maxShareRow(config) + 1;
    const parts = ["prio generate", seed, batch.batchId].map((text) => Buffer.from(text));
    this.#key = hash("sha256", Buffer.concat(parts.flatMap((part) => [uint32(part.length), part])), "buffer");
  }

  rows({ first, count }: RowRange): GeneratedRows {
    const texts: [string, string] = ["", ""];
    const sums = new Float64Array(this.#task.batch.count);
    const bad: Partial<Record<RowFault, number>> = {};
    for (let number = first; number < first + count; number++) {
      const fault = faultOf(this.#task, number);
      const [a, b] = fault === undefined ? this.#goodRow(number, sums) : this.#badRow(number, fault);
      texts[0] += a;
      texts[1] += b;
      if (fault !== undefined) bad[fault] = (bad[fault] ?? 0) + 1;
    }
    return { texts, sums, bad };
  }

  #goodRow(number: number, sums: Float64Array): [string, string] {
    const { id, bits, random } = this.#draw(number);
    this.#reports.addValues(bits, sums);
    const { a, b } = this.#reports.packets(bits, random);
    return [formatRow(id, a), formatRow(id, b)];
  }

  #badRow(number: number, fault: RowFault): [string, string] {
    const { id, bits, random } = this.#draw(number);
    const isPacketFault = (x: string): x is PacketFault => (PACKET_FAULTS as readonly string[]).includes(x);
    const packets = this.#reports.packets(bits, random, isPacketFault(fault) ? fault : undefined);
    const both = (row: (packet: Uint8Array) => string): [string, string] => [row(packets.a), row(packets.b)];
    if (fault === "malformed-json") return both((packet) => `${formatRow(id, packet).slice(0, -3)}\n`);
    if (fault === "missing-field") return both(() => `{"id": "${id}"}\n`);
    if (fault === "malformed-base64") return both((packet) => `{"id": "${id}", "payload": "!${base64(packet)}"}\n`);
    if (fault === "line-too-long") return both(() => `{"id": "${id}", "payload": "${"A".repeat(this.#longLine)}"}\n`);
    if (fault === "cannot-open") {
      // One bit of the tag is another.
      return both((packet) =>
        formatRow(
          id,
          packet.map((x, i) => (i === packet.length - 1 ? x ^ 1 : x)),
        ),
      );
    }
    // The row before a bad one is good: at most every second row is bad.
    if (fault === "duplicate-id") return both((packet) => formatRow(this.#draw(number - 1).id, packet));
    if (fault === "duplicate-packet") {
      const earlier = this.#draw(number - 1);
      const { a, b } = this.#reports.packets(earlier.bits, earlier.random);
      return [formatRow(id, a), formatRow(id, b)];
    }
    const [a, b] = both((packet) => formatRow(id, packet));
    if (fault !== "unknown-id-external") return [a, b];
    const turn = Math.floor(ordinalOf(this.#task, number) / this.#task.faults.length);
    return turn % 2 === 0 ? [a, ""] : ["", b];
  }

  /** The id and the bits of a row, and where the rest of its randomness comes from. */
  #draw(number: number): GoodRow {
    const block = Buffer.alloc(16);
    block.writeBigUInt64BE(BigInt(number));
    const cipher = createCipheriv("aes-256-ctr", this.#key, block);
    const random = buffered((length) => new Uint8Array(cipher.update(new Uint8Array(length))), RANDOM_BYTES);
    return { id: uuidOf(random(16)), bits: this.#reports.drawBits(random), random };
  }
}

/** How many rows before this one are bad. */
function ordinalOf({ badShare }: GeneratingTask, number: number): number {
  return Math.floor(number * badShare);
}

/** What is wrong with a row, or undefined. Bad rows are spread evenly, and the first row is good. */
function faultOf(task: GeneratingTask, number: number): RowFault | undefined {
  const ordinal = ordinalOf(task, number);
  if (ordinalOf(task, number + 1) === ordinal) return undefined;
  const { faults } = task;
  const fault = faults[ordinal % faults.length] as RowFault;
  const isOneTooMany = fault === "line-too-long" && faults.length > 1 && ordinal >= MAX_LONG_ROWS * faults.length;
  return isOneTooMany ? (faults[(ordinal + 1) % faults.length] as RowFault) : fault;
}

/** A UUID of version 4 (RFC 9562). */
function uuidOf(bytes: Uint8Array): string {
  const uuid = Uint8Array.from(bytes);
  uuid[6] = ((uuid[6] as number) & 0x0f) | 0x40;
  uuid[8] = ((uuid[8] as number) & 0x3f) | 0x80;
  return Buffer.from(uuid)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function uint32(x: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(x);
  return bytes;
}
