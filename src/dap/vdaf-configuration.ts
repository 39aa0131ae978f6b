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
  | {
      /** The class. */
      readonly type: "Prio3Count";
    }
  | {
      /** The class. */
      readonly type: "Prio3Sum";
      /** The largest measurement, or element of one. */
      readonly maxMeasurement: number | string;
    }
  | {
      /** The class. */
      readonly type: "Prio3SumVec";
      /** The number of elements of a measurement. */
      readonly length: number;
      /** The largest measurement, or element of one. */
      readonly maxMeasurement: number | string;
      /** Elements that one gadget call checks. */
      readonly chunkLength: number;
    }
  | {
      /** The class. */
      readonly type: "Prio3Histogram";
      /** The number of buckets. */
      readonly length: number;
      /** Elements that one gadget call checks. */
      readonly chunkLength: number;
    }
  | {
      /** The class. */
      readonly type: "Prio3MultihotCountVec";
      /** The number of elements of a measurement. */
      readonly length: number;
      /** How many elements may be true. */
      readonly maxWeight: number | string;
      /** Elements that one gadget call checks. */
      readonly chunkLength: number;
    }
  | {
      /** The class. */
      readonly type: "Prio3L1BoundSum";
      /** The number of elements of a measurement. */
      readonly length: number;
      /** The largest sum of a measurement's elements. */
      readonly maxValue: number | string;
      /** Elements that one gadget call checks. */
      readonly chunkLength: number;
    }
  | {
      /** The class. */
      readonly type: "Prio3SumVecWithMultiproof";
      /** The number of elements of a measurement. */
      readonly length: number;
      /** The largest measurement, or element of one. */
      readonly maxMeasurement: number | string;
      /** Elements that one gadget call checks. */
      readonly chunkLength: number;
      /** The number of proofs. */
      readonly proofs: number;
      /** The XOF. */
      readonly xof: "turboshake" | "hmac-aes";
    }
  | {
      /** The class. */
      readonly type: "Prio1";
      /** The number of booleans. */
      readonly fields: number;
    }
  | {
      /** The class. */
      readonly type: "Prio1";
      /** The number of integers. */
      readonly count: number;
      /** The bits of each. */
      readonly precision: number;
    };

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

/** Prio v1's booleans, which stand in the encoding as integers of 0 bits. */
const BOOLEANS: readonly Field[] = [["fields", 4]];

/**
 * The encoding of a description. Throws `invalid-argument` for a VDAF that has none, and for parameters that are
 * missing or unknown; `out-of-range`.
 */
export function encodeVdafConfiguration(description: VdafDescription): EncodedVdaf {
  const given = { ...requireObject(description, "vdaf") } as Record<string, unknown>;
  const kind = kindNamed(given);
  const fields = fieldsOf(kind, given);
  const names = fields.map(([name]) => name);
  propertiesOf(given, "vdaf", [], ["type", ...names, ...(kind.xof === undefined ? [] : ["xof"])]);
  const writer = new TlsWriter();
  for (const [name, size] of fields) {
    const value = parameterOf(given, name, size);
    if (size === 8) writer.uint64(value);
    else writer.uint(Number(value), size);
  }
  if (fields === BOOLEANS) writer.uint(0, 1);
  return { vdafType: kind.vdafType, vdafConfiguration: writer.toBytes() };
}

/** The description of a task's `vdafConfiguration`. Throws `malformed`, and `invalid-argument` for an unknown VDAF. */
export function decodeVdafConfiguration(vdafType: number, vdafConfiguration: Uint8Array): VdafDescription {
  const kind = kinds.find((one) => one.vdafType === vdafType);
  if (kind === undefined) throw unknownVdaf(vdafType);
  const subject = `${kind.type}Config`;
  const reader = new TlsReader(copyOfBytes(vdafConfiguration, subject), subject);
  const values = kind.fields.map(([name, size]) => {
    const value = size === 8 ? reader.uint64() : BigInt(reader.uint(size));
    if (value === 0n && name !== "precision") throw reader.error(`expected ${name} to be at least 1`);
    return [name, value] as const;
  });
  reader.end();
  const [count, precision] = values;
  if (kind.type === "Prio1" && precision?.[1] === 0n) return descriptionOf(kind, [["fields", count?.[1] as bigint]]);
  return descriptionOf(kind, values);
}

/**
 * The description of an instance for two aggregators. Throws `invalid-argument` for what is none of this library's
 * VDAFs, and for a VDAF with other numbers of aggregators or another identifier than the encodings are for.
 */
export function describeVdaf(vdaf: Vdaf<never, unknown>): VdafDescription {
  const { algorithmId, shares } = requireObject(vdaf, "vdaf");
  if (shares !== 2) {
    throw new PrioError("invalid-argument", `vdaf: expected one for 2 aggregators, got ${shown(shares)}`);
  }
  const kind = kinds.find((one) => one.vdafType === algorithmId);
  const given = { ...(vdaf as object) } as Record<string, unknown>;
  if (kind === undefined || kind.xof !== given["xof"]) throw unknownVdaf(algorithmId);
  return descriptionOf(
    kind,
    fieldsOf(kind, given).map(([name, size]) => [name, parameterOf(given, name, size)] as const),
  );
}

/** The encoding of an instance's parameters; its identifier is the `vdafType`. Throws as {@link describeVdaf} does. */
export function vdafConfiguration(vdaf: Vdaf<never, unknown>): Bytes {
  return encodeVdafConfiguration(describeVdaf(vdaf)).vdafConfiguration;
}

function kindNamed({ type, xof = "turboshake" }: Record<string, unknown>): Kind {
  const ofType = kinds.filter((kind) => kind.type === type);
  if (ofType.length === 0) {
    throw new PrioError("invalid-argument", `vdaf.type: expected a VDAF such as "Prio3Histogram", got ${shown(type)}`);
  }
  const kind = ofType.find((one) => one.xof === undefined || one.xof === xof);
  if (kind === undefined) {
    throw new PrioError("invalid-argument", `vdaf.xof: expected "turboshake" or "hmac-aes", got ${shown(xof)}`);
  }
  return kind;
}

function unknownVdaf(vdafType: unknown): PrioError {
  const id = typeof vdafType === "number" ? `identifier ${vdafType}` : kindOf(vdafType);
  return new PrioError("invalid-argument", `vdaf: expected one that has a configuration encoding, got ${id}`);
}

/** The parameters that a description or an instance has. */
function fieldsOf(kind: Kind, given: Record<string, unknown>): readonly Field[] {
  return kind.type === "Prio1" && given["count"] === undefined ? BOOLEANS : kind.fields;
}

function parameterOf(given: Record<string, unknown>, name: string, size: number): bigint {
  const x = given[name];
  const isDecimal = typeof x === "string" && /^(0|[1-9]\d{0,19})$/.test(x);
  if (typeof x !== "bigint" && !Number.isSafeInteger(x) && !isDecimal) {
    throw new PrioError("invalid-argument", `vdaf.${name}: expected an integer, got ${shown(x)}`);
  }
  const value = BigInt(x as number | bigint | string);
  const most = (1n << BigInt(8 * size)) - 1n;
  if (value < 1n || value > most) {
    throw new PrioError("out-of-range", `vdaf.${name}: expected an integer from 1 to ${most}, got ${value}`);
  }
  return value;
}

function descriptionOf({ type, xof }: Kind, values: readonly (readonly [string, bigint])[]): VdafDescription {
  const parameters = values.map(([name, value]) => {
    return [name, value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `${value}`];
  });
  return { type, ...Object.fromEntries(parameters), ...(xof === undefined ? {} : { xof }) } as VdafDescription;
}
