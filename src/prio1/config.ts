// What client and servers of one batch must agree on (WIRE.md section 1).

import { isBytes, kindOf, requireObject, utf8 } from "../core/bytes.js";
import { packed87Space } from "../core/packed87.js";
import type { VectorSpace } from "../core/vector.js";
import { PublicKey } from "../crypto/keys.js";
import { PrioError } from "../errors.js";
import { Snip } from "./snip.js";

/** How a PRG's AES key comes from its 16-byte seed (WIRE.md section 4). */
export type PrgKey = "batch" | "seed";

/** What every configuration has. */
export interface BatchOptions {
  /** Names the batch in every packet: 0 to 65,535 bytes without NUL; a string stands for its UTF-8. */
  readonly batchId: string | Uint8Array;
  /** The public key of server A, which gets packets `a`. */
  readonly serverA: PublicKey;
  /** The public key of server B, which gets packets `b`. It must be another key than A's. */
  readonly serverB: PublicKey;
  /** `"batch"`, the default, since libprio of 2020-07-27 and Python module 1.0.3; `"seed"` for peers older than that. */
  readonly prgKey?: PrgKey;
}

/** Options of a configuration for booleans. */
export interface ConfigOptions extends BatchOptions {
  /**
   * How many booleans a report has, 1 … 262143. With query points `"stream"` avoid 2^k − 1, where libprio's proof has a hole
   * (SECURITY.md): add a field that is always false.
   */
  readonly fields: number;
}

/** Options of a configuration for integers. */
export interface IntegerConfigOptions extends BatchOptions {
  /**
   * How many integers a report has; count × precision is at most 262143, and not 2^k − 1 with query points `"stream"`, where
   * libprio's proof has a hole (SECURITY.md).
   */
  readonly count: number;
  /** Bits of each integer, 1 … 42: each lies in [0, 2^precision). */
  readonly precision: number;
}

/** 2^18 − 1: with the random value at root 0 a proof needs a power of two above n, and twice that as an order of roots. */
const MAX_FIELDS = 262143;
const MAX_PRECISION = 42;
const MAX_BATCH_ID = 65535;

const PRIO_V1: VectorSpace = packed87Space();

/** What the client and both servers of a batch must give alike. Immutable; make one and share it. */
export class Config {
  /** The most fields a report can have. */
  static readonly maxFields: number = MAX_FIELDS;

  /** How many bits a report has: for integers, count × precision. */
  readonly fields: number;
  /** Bits of each integer, when the configuration is for integers. */
  readonly precision?: number;
  /** How many integers a report has, when the configuration is for integers. */
  readonly count?: number;
  /** The public key of server A. */
  readonly serverA: PublicKey;
  /** The public key of server B. */
  readonly serverB: PublicKey;
  /** How a PRG's AES key comes from its seed. */
  readonly prgKey: PrgKey;
  /** @internal The batch id's bytes. */
  readonly batchId: Uint8Array;
  #snip: Snip;

  /**
   * A configuration for booleans, or for integers as {@link Config.forIntegers} makes it. Throws `out-of-range` for a number
   * outside its bounds, `invalid-argument` for anything else that is not as the options' types say.
   */
  constructor(options: ConfigOptions | IntegerConfigOptions) {
    requireObject(options, "config");
    if ("precision" in options) {
      if ("fields" in options) {
        throw new PrioError("invalid-argument", "config: expected fields, or count and precision, got all of them");
      }
      const { precision, count } = options;
      this.precision = requireInteger(precision, 1, MAX_PRECISION, "config: precision");
      this.count = requireInteger(
        count,
        1,
        Math.floor(MAX_FIELDS / precision),
        `config: count at precision ${precision}`,
      );
      this.fields = precision * count;
    } else {
      this.fields = requireInteger(options.fields, 1, MAX_FIELDS, "config: fields");
    }
    this.batchId = batchIdBytes(options.batchId);
    this.serverA = requirePublicKey(options.serverA, "config: serverA");
    this.serverB = requirePublicKey(options.serverB, "config: serverB");
    if (this.serverA.equals(this.serverB)) {
      throw new PrioError(
        "invalid-argument",
        "config: expected two servers, got one public key for both: it would see everything",
      );
    }
    const { prgKey = "batch" } = options;
    if (prgKey !== "batch" && prgKey !== "seed") {
      throw new PrioError("invalid-argument", `config: prgKey: expected "batch" or "seed", got ${kindOf(prgKey)}`);
    }
    this.prgKey = prgKey;
    this.#snip = new Snip(PRIO_V1, this.fields);
    Object.freeze(this);
  }

  /** A configuration for integers: `count` of them, of `precision` bits each. Throws as the constructor does. */
  static forIntegers(options: IntegerConfigOptions): Config {
    requireObject(options, "config");
    const { count, precision } = options;
    return new Config({ ...options, count, precision });
  }

  /** @internal The proof system for this many fields. */
  get snip(): Snip {
    return this.#snip;
  }

  /** @internal Returns `x` when the constructor made it: unlike `instanceof`, this is not to be forged by a prototype. */
  static require(x: unknown): Config {
    if (typeof x !== "object" || x === null || !(#snip in x)) {
      throw new PrioError("invalid-argument", `config: expected a Config, got ${kindOf(x)}`);
    }
    return x;
  }

  /** @internal The configuration of these options that computes with other vectors, such as the BigInt reference of tests. */
  static over(space: VectorSpace, options: ConfigOptions | IntegerConfigOptions): Config {
    const config = new Config(options);
    config.#snip = new Snip(space, config.fields);
    return config;
  }
}

function requireInteger(x: unknown, min: number, max: number, subject: string): number {
  if (typeof x !== "number") {
    throw new PrioError("invalid-argument", `${subject}: expected a number, got ${kindOf(x)}`);
  }
  if (!Number.isInteger(x) || x < min || x > max) {
    throw new PrioError("out-of-range", `${subject}: expected an integer from ${min} to ${max}, got ${x}`);
  }
  return x;
}

function requirePublicKey(x: unknown, subject: string): PublicKey {
  if (!PublicKey.is(x)) throw new PrioError("invalid-argument", `${subject}: expected a PublicKey, got ${kindOf(x)}`);
  return x;
}

function batchIdBytes(batchId: unknown): Uint8Array {
  const subject = "config: batchId";
  if (typeof batchId !== "string" && !isBytes(batchId)) {
    throw new PrioError("invalid-argument", `${subject}: expected a string or a Uint8Array, got ${kindOf(batchId)}`);
  }
  const bytes = typeof batchId === "string" ? utf8(batchId, subject) : Uint8Array.from(batchId);
  if (bytes.length > MAX_BATCH_ID) {
    throw new PrioError("out-of-range", `${subject}: expected at most ${MAX_BATCH_ID} bytes, got ${bytes.length}`);
  }
  // libprio copies the id as a C string: what follows a NUL would become NUL.
  if (bytes.includes(0)) throw new PrioError("invalid-argument", `${subject}: expected bytes without NUL, got one`);
  return bytes;
}
