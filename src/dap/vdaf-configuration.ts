// How a VDAF's parameters stand in a task's configuration (DAP-18, appendix "VDAF Configuration Encodings") and in a
// task document. The draft lacks three of ours:
//
//   Prio3L1BoundSum            as draft-ietf-ppm-l1-bound-sum-02, section 4, has it
//   Prio3SumVecWithMultiproof  uint32 length, uint64 max_measurement, uint32 chunk_length, uint8 proofs, as Janus has
//                              it; the identifier tells the XOF: 0xFFFF1003 is libprio-rs's HMAC-SHA256 with AES-128,
//                              and 0xFFFFFFFF TurboSHAKE128
//   Prio1                      uint32 count, uint8 precision: so many integers of so many bits, and booleans for 0 bits
//
// Here are names and numbers alone, so that a page with one VDAF does not get them all.

import { TlsReader, TlsWriter } from "../codec/tls.js";
import { type Bytes, copyOfBytes, kindOf, propertiesOf, requireObject, shown } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { Vdaf } from "../vdaf/vdaf.js";

/**
 * A VDAF and its parameters, in JSON. Their names are those of the classes' options. Parameters of 64 bits may be
 * decimal strings, which numbers past 2^53 need.
 */
export type VdafDescription =
  | { readonly type: "Prio3Count" }
  | { readonly type: "Prio3Sum"; readonly maxMeasurement: number | string }
  | {
      readonly type: "Prio3SumVec";
      readonly length: number;
      readonly maxMeasurement: number | string;
      readonly chunkLength: number;
    }
  | { readonly type: "Prio3Histogram"; readonly length: number; readonly chunkLength: number }
  | {
      readonly type: "Prio3MultihotCountVec";
      readonly length: number;
      readonly maxWeight: number | string;
      readonly chunkLength: number;
    }
  | {
      readonly type: "Prio3L1BoundSum";
      readonly length: number;
      readonly maxValue: number | string;
      readonly chunkLength: number;
    }
  | {
      readonly type: "Prio3SumVecWithMultiproof";
      readonly length: number;
      readonly maxMeasurement: number | string;
      readonly chunkLength: number;
      readonly proofs: number;
      readonly xof: "turboshake" | "hmac-aes";
    }
  | { readonly type: "Prio1"; readonly fields: number }
  | { readonly type: "Prio1"; readonly count: number; readonly precision: number };

/** A VDAF in a task's configuration. */
export interface EncodedVdaf {
  /** The VDAF's identifier, 32 bits. */
  readonly vdafType: number;
  /** The encoding of its parameters. */
  readonly vdafConfiguration: Bytes;
}

/** A parameter, and the bytes of its encoding. */
type Field = readonly [name: string, size: 1 | 4 | 8];

interface Kind {
  readonly type: VdafDescription["type"];
  readonly vdafType: number;
  /** In the order of the encoding. */
  readonly fields: readonly Field[];
  /** What the identifier says besides. */
  readonly xof?: "turboshake" | "hmac-aes";
}

const LENGTH: Field = ["length", 4];
const CHUNK_LENGTH: Field = ["chunkLength", 4];
const MAX_MEASUREMENT: Field = ["maxMeasurement", 8];
const MULTIPROOF = [LENGTH, MAX_MEASUREMENT, CHUNK_LENGTH, ["proofs", 1]] as const;

const kinds: readonly Kind[] = [
  { type: "Prio3Count", vdafType: 1, fields: [] },
  { type: "Prio3Sum", vdafType: 2, fields: [MAX_MEASUREMENT] },
  { type: "Prio3SumVec", vdafType: 3, fields: [LENGTH, MAX_MEASUREMENT, CHUNK_LENGTH] },
  { type: "Prio3Histogram", vdafType: 4, fields: [LENGTH, CHUNK_LENGTH] },
  { type: "Prio3MultihotCountVec", vdafType: 5, fields: [LENGTH, CHUNK_LENGTH, ["maxWeight", 8]] },
  { type: "Prio3L1BoundSum", vdafType: 7, fields: [LENGTH, ["maxValue", 8], CHUNK_LENGTH] },
  { type: "Prio3SumVecWithMultiproof", vdafType: 0xffff1003, fields: MULTIPROOF, xof: "hmac-aes" },
  { type: "Prio3SumVecWithMultiproof", vdafType: 0xffffffff, fields: MULTIPROOF, xof: "turboshake" },
  {
    type: "Prio1",
    vdafType: 0xffff5031,
    fields: [
      ["count", 4],
      ["precision", 1],
    ],
  },
];

/** The parameters of a kind by their names, as they are in the encoding. */
type Values = Record<string, bigint>;

/**
 * The encoding of a description. Throws `invalid-argument` for a VDAF that has none, and for parameters that are
 * missing or unknown; `out-of-range`.
 */
export function encodeVdafConfiguration(description: VdafDescription): EncodedVdaf {
  const given = { ...requireObject(description, "vdaf") } as Record<string, unknown>;
  const { type, xof = "turboshake" } = given;
  const ofType = kinds.filter((kind) => kind.type === type);
  if (ofType.length === 0) {
    throw new PrioError("invalid-argument", `vdaf.type: expected a VDAF such as "Prio3Histogram", got ${shown(type)}`);
  }
  const kind = ofType.find((one) => one.xof === undefined || one.xof === xof);
  if (kind === undefined) {
    throw new PrioError("invalid-argument", `vdaf.xof: expected "turboshake" or "hmac-aes", got ${shown(xof)}`);
  }
  const names = ["type", ...(kind.xof === undefined ? [] : ["xof"]), ...namesOf(kind, given)];
  propertiesOf(given, "vdaf", [], names);
  const values: Values = {};
  for (const [name, size] of kind.fields) values[name] = parameterOf(given, name, size);
  return { vdafType: kind.vdafType, vdafConfiguration: encodeFields(kind, values) };
}

/** The description of a task's `vdafConfiguration`. Throws `malformed`, and `invalid-argument` for an unknown VDAF. */
export function decodeVdafConfiguration(vdafType: number, vdafConfiguration: Uint8Array): VdafDescription {
  const kind = kinds.find((one) => one.vdafType === vdafType);
  if (kind === undefined) throw unknownVdaf(vdafType);
  const subject = `${kind.type}Config`;
  const reader = new TlsReader(copyOfBytes(vdafConfiguration, subject), subject);
  const values: Values = {};
  for (const [name, size] of kind.fields) {
    values[name] = size === 8 ? reader.uint64() : BigInt(reader.uint(size));
    if (values[name] < leastOf(name)) throw reader.error(`expected ${name} to be at least ${leastOf(name)}`);
  }
  reader.end();
  return descriptionOf(kind, values);
}

/**
 * The description of an instance for two aggregators. Throws `invalid-argument` for what is none of this library's
 * VDAFs, and for a VDAF with other numbers of aggregators or another identifier than the encodings are for.
 */
export function describeVdaf(vdaf: Vdaf<never, unknown>): VdafDescription {
  const { algorithmId, shares } = requireObject(vdaf, "vdaf");
  if (shares !== 2)
    throw new PrioError("invalid-argument", `vdaf: expected one for 2 aggregators, got ${shown(shares)}`);
  const kind = kinds.find((one) => one.vdafType === algorithmId);
  const properties = { ...(vdaf as object) } as Record<string, unknown>;
  if (kind === undefined || kind.xof !== properties["xof"]) throw unknownVdaf(algorithmId);
  const values: Values = {};
  for (const [name, size] of kind.fields) values[name] = parameterOf(properties, name, size);
  return descriptionOf(kind, values);
}

/** The encoding of an instance's parameters; its identifier is the `vdafType`. Throws as {@link describeVdaf} does. */
export function vdafConfiguration(vdaf: Vdaf<never, unknown>): Bytes {
  return encodeVdafConfiguration(describeVdaf(vdaf)).vdafConfiguration;
}

function unknownVdaf(vdafType: unknown): PrioError {
  const id = typeof vdafType === "number" ? `identifier ${vdafType}` : kindOf(vdafType);
  return new PrioError("invalid-argument", `vdaf: expected one that has a configuration encoding, got ${id}`);
}

/** Prio v1 for booleans has fields, and no precision. */
function isBooleans(kind: Kind, given: Record<string, unknown>): boolean {
  return kind.type === "Prio1" && given["count"] === undefined;
}

function namesOf(kind: Kind, given: Record<string, unknown>): string[] {
  return isBooleans(kind, given) ? ["fields"] : kind.fields.map(([name]) => name);
}

function leastOf(name: string): bigint {
  return name === "precision" ? 0n : 1n;
}

/** The value of a parameter. */
function parameterOf(given: Record<string, unknown>, name: string, size: number): bigint {
  const booleans = given["count"] === undefined && given["fields"] !== undefined;
  if (booleans && name === "precision") return 0n;
  const x = given[booleans && name === "count" ? "fields" : name];
  const isDecimal = typeof x === "string" && /^(0|[1-9]\d{0,19})$/.test(x);
  if (typeof x !== "bigint" && !Number.isSafeInteger(x) && !isDecimal) {
    throw new PrioError("invalid-argument", `vdaf.${name}: expected an integer, got ${shown(x)}`);
  }
  const value = BigInt(x as number | bigint | string);
  // In JSON, a precision of 0 would be a second way to say booleans.
  const least = name === "precision" ? 1n : leastOf(name);
  const most = (1n << BigInt(8 * size)) - 1n;
  if (value < least || value > most) {
    throw new PrioError("out-of-range", `vdaf.${name}: expected an integer from ${least} to ${most}, got ${value}`);
  }
  return value;
}

function encodeFields({ fields }: Kind, values: Values): Bytes {
  const writer = new TlsWriter();
  for (const [name, size] of fields) {
    const value = values[name] as bigint;
    if (size === 8) writer.uint64(value);
    else writer.uint(Number(value), size);
  }
  return writer.toBytes();
}

function descriptionOf(kind: Kind, values: Values): VdafDescription {
  if (kind.type === "Prio1" && values["precision"] === 0n) return { type: "Prio1", fields: Number(values["count"]) };
  const parameters = Object.entries(values).map(([name, value]) => {
    const number = Number(value);
    return [name, Number.isSafeInteger(number) ? number : `${value}`];
  });
  const xof = kind.xof === undefined ? {} : { xof: kind.xof };
  return { type: kind.type, ...Object.fromEntries(parameters), ...xof } as VdafDescription;
}
