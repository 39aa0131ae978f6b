// Bytes ↔ values of the protocol (WIRE.md section 3). Only describe-message.ts sees bytes of a message besides, and no
// file that this one imports knows the protocol. Every message is a concatenation of msgpack objects. A field element
// ("int") is a str of its big-endian bytes.
//
//   packet for A   str batch id, int a b c f0 g0 h0, integer 0, array(n) of int data, array(N) of int h
//   packet for B   str batch id, int a b c f0 g0 h0, integer 1, str seed (16 bytes)
//   verify1        int d, int e
//   verify2        int out
//   state          array(n) of int
//   total share    integer server id, array(n or count) of int

import { MAX_HEADER_BYTES, Reader, Writer } from "../codec/msgpack.js";
import { type Bytes, bigIntFromBE, equalBytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { type BatchParameters, batchIdOf, snipOf } from "./parameters.js";
import { SEED_BYTES } from "./prg.js";
import type { ProofShare, ReportShare, SeededShare, ServerId } from "./share.js";
import type { Vector, VectorSpace } from "./vector.js";

export interface Verify1 {
  readonly d: bigint;
  readonly e: bigint;
}

const PROOF_SCALARS = ["a", "b", "c", "f0", "g0", "h0"] as const satisfies readonly (keyof ProofShare)[];

/** The most bytes of a msgpack integer: 64 bits after the type. */
const MAX_INTEGER_BYTES = 9;

/**
 * The most bytes in the plaintext of a server's packet. Every header may be of the widest form, as old msgpack writers
 * make them, which leaves room for four leading zeros in each int besides. libprio writes none of either.
 */
export function maxPlaintextBytes(config: BatchParameters, id: ServerId): number {
  const { fields, size, space } = snipOf(config);
  const str = (length: number) => MAX_HEADER_BYTES + length;
  const int = str(space.field.bytes);
  const head = str(batchIdOf(config).length) + PROOF_SCALARS.length * int + MAX_INTEGER_BYTES;
  return head + (id === "A" ? 2 * MAX_HEADER_BYTES + (fields + size) * int : str(SEED_BYTES));
}

export function writePacketA(config: BatchParameters, share: ReportShare): Uint8Array {
  const ints = share.data.length + share.h.length;
  const writer = packetWriter(config, share, "A", ints * intBytes(config) + 2 * MAX_HEADER_BYTES);
  writeVector(writer, share.data);
  writeVector(writer, share.h);
  return writer.written();
}

export function writePacketB(config: BatchParameters, share: SeededShare): Uint8Array {
  const writer = packetWriter(config, share, "B", MAX_HEADER_BYTES + SEED_BYTES);
  writer.str(share.seed);
  return writer.written();
}

/** Throws `malformed`, `wrong-batch`, `wrong-server`. */
export function readPacketA(config: BatchParameters, bytes: Uint8Array): ReportShare {
  const { reader, proof } = readPacketHead(config, bytes, "A");
  const { a, b, c, f0, g0, h0 } = proof;
  const { space, fields, size } = snipOf(config);
  const data = readVector(space, reader, fields, "data");
  const h = readVector(space, reader, size, "h");
  reader.end();
  // Every name is written out here and below: an object that is spread into another is a slow path in V8.
  return { a, b, c, f0, g0, h0, data, h };
}

/** Throws `malformed`, `wrong-batch`, `wrong-server`. */
export function readPacketB(config: BatchParameters, bytes: Uint8Array): SeededShare {
  const { reader, proof } = readPacketHead(config, bytes, "B");
  const { a, b, c, f0, g0, h0 } = proof;
  const seed = reader.str("the seed");
  if (seed.length !== SEED_BYTES) throw reader.error(`expected ${SEED_BYTES} bytes for the seed, got ${seed.length}`);
  reader.end();
  // A copy: a server keeps it, and not the bytes around it.
  return { a, b, c, f0, g0, h0, seed: seed.slice() };
}

export function writeVerify1(config: BatchParameters, { d, e }: Verify1): Bytes {
  const writer = new Writer(2 * intBytes(config));
  writer.element(d);
  writer.element(e);
  return writer.copyOfWritten();
}

/** Throws `malformed`. */
export function readVerify1(config: BatchParameters, bytes: Uint8Array, subject: string): Verify1 {
  const reader = new Reader(bytes, subject);
  const d = readScalar(config, reader, "d");
  const e = readScalar(config, reader, "e");
  reader.end();
  return { d, e };
}

export function writeVerify2(config: BatchParameters, out: bigint): Bytes {
  const writer = new Writer(intBytes(config));
  writer.element(out);
  return writer.copyOfWritten();
}

/** Throws `malformed`. */
export function readVerify2(config: BatchParameters, bytes: Uint8Array, subject: string): bigint {
  const reader = new Reader(bytes, subject);
  const out = readScalar(config, reader, "out");
  reader.end();
  return out;
}

/** A server's running total. */
export function writeState(config: BatchParameters, total: Vector): Bytes {
  const writer = new Writer(MAX_HEADER_BYTES + total.length * intBytes(config));
  writeVector(writer, total);
  return writer.copyOfWritten();
}

/** Throws `malformed`. */
export function readState(config: BatchParameters, bytes: Uint8Array): Vector {
  const reader = new Reader(bytes, "server state");
  const total = readVector(snipOf(config).space, reader, config.fields, "the total");
  reader.end();
  return total;
}

export function writeTotalShare(config: BatchParameters, id: ServerId, totals: Vector): Bytes {
  const writer = new Writer(1 + MAX_HEADER_BYTES + totals.length * intBytes(config));
  writer.smallInteger(idNumber(id));
  writeVector(writer, totals);
  return writer.copyOfWritten();
}

/** Throws `malformed`, and `wrong-server` when the share is the other server's. */
export function readTotalShare(config: BatchParameters, id: ServerId, bytes: Uint8Array): Vector {
  const subject = `total share ${id}`;
  const reader = new Reader(bytes, subject);
  readServerId(reader, id, subject);
  const totals = readVector(snipOf(config).space, reader, config.count ?? config.fields, "the totals");
  reader.end();
  return totals;
}

/** A writer that has written the beginning of both packets and has room for `more` bytes. */
function packetWriter(config: BatchParameters, proof: ProofShare, id: ServerId, more: number): Writer {
  const head = MAX_HEADER_BYTES + batchIdOf(config).length + PROOF_SCALARS.length * intBytes(config) + 1;
  const writer = new Writer(head + more);
  writer.str(batchIdOf(config));
  for (const name of PROOF_SCALARS) writer.element(proof[name]);
  writer.smallInteger(idNumber(id));
  return writer;
}

function readPacketHead(
  config: BatchParameters,
  bytes: Uint8Array,
  id: ServerId,
): { reader: Reader; proof: ProofShare } {
  const subject = "client packet";
  const reader = new Reader(bytes, subject);
  if (!equalBytes(reader.str("the batch id"), batchIdOf(config))) {
    throw new PrioError("wrong-batch", `${subject}: expected this configuration's batch id, got another`);
  }
  const a = readScalar(config, reader, "a");
  const b = readScalar(config, reader, "b");
  const c = readScalar(config, reader, "c");
  const f0 = readScalar(config, reader, "f0");
  const g0 = readScalar(config, reader, "g0");
  const h0 = readScalar(config, reader, "h0");
  readServerId(reader, id, subject);
  return { reader, proof: { a, b, c, f0, g0, h0 } };
}

function readServerId(reader: Reader, id: ServerId, subject: string): void {
  const got = reader.integer("the server id");
  if (got !== BigInt(idNumber(id))) {
    throw new PrioError("wrong-server", `${subject}: expected server id ${idNumber(id)}, got ${got}`);
  }
}

export function writeVector(writer: Writer, vector: Vector): void {
  writer.array(vector.length);
  writer.elements(vector);
}

export function readVector(space: VectorSpace, reader: Reader, length: number, name: string): Vector {
  reader.array(length, name);
  // Each element takes at least two bytes. Nothing is allocated for elements that cannot be there.
  const { left } = reader;
  if (left < 2 * length) throw reader.error(`expected ${length} elements in ${name}, got ${left} bytes for them`);
  const vector = space.zeros(length);
  for (let i = 0; i < length; i++) readInt(reader, vector, i, name);
  return vector;
}

/** The most bytes in an int: a one-byte header and the element. */
export function intBytes(config: BatchParameters): number {
  return 1 + snipOf(config).space.field.bytes;
}

/** Reads an int into element i of a vector. */
function readInt(reader: Reader, vector: Vector, i: number, name: string): void {
  const length = reader.strHeader(name);
  const start = reader.skip(length);
  if (length > 0 && vector.readBE(i, reader.bytes, start, start + length)) return;
  throw intError(reader, length, `element ${i} of ${name}`);
}

/** Reads an int that is no element of a vector. */
export function readScalar(config: BatchParameters, reader: Reader, name: string): bigint {
  const { field } = snipOf(config).space;
  const length = reader.strHeader(name);
  let start = reader.skip(length);
  const end = start + length;
  while (end - start > field.bytes && reader.bytes[start] === 0) start++;
  const fits = length > 0 && end - start <= field.bytes;
  const x = fits ? bigIntFromBE(reader.bytes, start, end) : field.modulus;
  if (x >= field.modulus) throw intError(reader, length, name);
  return x;
}

/** An int has a header of any width and any number of leading zeros, but it is not empty, and it is below p. */
function intError(reader: Reader, length: number, name: string): PrioError {
  return reader.error(length === 0 ? `${name} is empty` : `${name} is not below the modulus`);
}

export function idNumber(id: ServerId): 0 | 1 {
  return id === "A" ? 0 : 1;
}
