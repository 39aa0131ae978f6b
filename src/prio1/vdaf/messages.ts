// The messages of Prio v1 as a VDAF: concatenations of msgpack objects like those of wire.ts (WIRE.md section 3). An
// input share is the plaintext of a packet, and a verifier share is a verify1 or a verify2 message.
//
//   verifier message   A's verifier share, then B's
//   aggregate share    array(n or count) of int: a total share without its server id
//   state              integer aggregator id, integer round, str n (4 bytes), then
//                      round 0   int d, int e, int a, int b, int rest (check.ts)
//                      round 1   int out
//                      then the data: array(n) of int at A, str PRG key (16 bytes) at B

import { MAX_HEADER_BYTES, Reader, Writer } from "../../codec/msgpack.js";
import { type Bytes, equalBytes, uint32BE } from "../../core/bytes.js";
import type { Half } from "../check.js";
import { DataShare } from "../data-share.js";
import { type BatchParameters, snipOf } from "../parameters.js";
import { SEED_BYTES } from "../prg.js";
import type { Vector } from "../vector.js";
import { intBytes, readScalar, readVector, type Verify1, writeVector } from "../wire.js";

/** What an aggregator keeps between two steps of a report's verification. */
export interface Pending {
  /** 0 is server A, 1 server B. */
  readonly id: 0 | 1;
  readonly data: DataShare;
  /** What was computed for the round that goes on: the half of the proof, or the out that was sent. */
  readonly half?: Half;
  readonly out?: bigint;
}

/** Round 0 or 1 of a state. */
const ROUNDS = 2;

export function writeState(batch: BatchParameters, { id, data, half, out }: Pending): Bytes {
  const elements = half === undefined ? [out as bigint] : [half.mine.d, half.mine.e, half.a, half.b, half.rest];
  const { source } = data;
  const writer = new Writer(3 * MAX_HEADER_BYTES + 4 + (elements.length + source.length) * intBytes(batch));
  writer.smallInteger(id);
  writer.smallInteger(half === undefined ? 1 : 0);
  writer.str(uint32BE(batch.fields));
  for (const element of elements) writer.element(element);
  if (source instanceof Uint8Array) writer.str(source);
  else writeVector(writer, source);
  return writer.copyOfWritten();
}

/** Throws `malformed`. */
export function readState(batch: BatchParameters, bytes: Uint8Array): Pending {
  const reader = new Reader(bytes, "verify state");
  const id = readBelow(reader, 2, "the aggregator id");
  const round = readBelow(reader, ROUNDS, "the round");
  if (!equalBytes(reader.str("the number of fields"), uint32BE(batch.fields))) {
    throw reader.error("expected a state for this number of fields");
  }
  const next = (name: string) => readScalar(batch, reader, name);
  const proof =
    round === 1
      ? { out: next("out") }
      : { half: { mine: { d: next("d"), e: next("e") }, a: next("a"), b: next("b"), rest: next("rest") } };
  const source = id === 0 ? readVector(snipOf(batch).space, reader, batch.fields, "data") : readKey(reader);
  reader.end();
  return { id: id as 0 | 1, data: new DataShare(batch, source), ...proof };
}

function readBelow(reader: Reader, bound: number, name: string): number {
  const x = reader.integer(name);
  if (x < 0n || x >= BigInt(bound)) throw reader.error(`${name} is not below ${bound}`);
  return Number(x);
}

function readKey(reader: Reader): Uint8Array {
  const key = reader.str("the key");
  if (key.length !== SEED_BYTES) throw reader.error(`expected ${SEED_BYTES} bytes for the key, got ${key.length}`);
  return key.slice();
}

/** The elements of verifier shares and messages, one after the other; `counts` are how many there may be. */
export function readElements(
  batch: BatchParameters,
  bytes: Uint8Array,
  subject: string,
  counts: readonly number[],
): bigint[] {
  const reader = new Reader(bytes, subject);
  const elements: bigint[] = [];
  const most = Math.max(...counts);
  while (reader.left > 0 && elements.length < most) elements.push(readScalar(batch, reader, "an element"));
  reader.end();
  if (!counts.includes(elements.length)) {
    throw reader.error(`expected ${counts.join(" or ")} elements, got ${elements.length}`);
  }
  return elements;
}

export function writeElements(batch: BatchParameters, elements: readonly bigint[]): Bytes {
  const writer = new Writer(elements.length * intBytes(batch));
  for (const element of elements) writer.element(element);
  return writer.copyOfWritten();
}

export function writeAggregateShare(batch: BatchParameters, totals: Vector): Bytes {
  const writer = new Writer(MAX_HEADER_BYTES + totals.length * intBytes(batch));
  writeVector(writer, totals);
  return writer.copyOfWritten();
}

/** Throws `malformed`. */
export function readAggregateShare(batch: BatchParameters, bytes: Uint8Array): Vector {
  const reader = new Reader(bytes, "aggregate share");
  const totals = readVector(snipOf(batch).space, reader, batch.count ?? batch.fields, "the totals");
  reader.end();
  return totals;
}

/** The two elements of a first message. */
export function firstOf([d, e]: readonly bigint[]): Verify1 {
  return { d: d as bigint, e: e as bigint };
}
