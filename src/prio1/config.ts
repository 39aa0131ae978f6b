// What client and servers of one batch must agree on (WIRE.md section 1).

import { isBytes, kindOf, requireObject, utf8 } from "../core/bytes.js";
import { packed87Space } from "../core/packed87.js";
import { PublicKey } from "../crypto/keys.js";
import { PrioError } from "../errors.js";
import { Snip } from "./snip.js";
import type { VectorSpace } from "./vector.js";

/** How the AES key of a PRG is derived from its 16-byte seed (WIRE.md section 4). */
export type PrgKey = "batch" | "seed";

/** The options of every configuration. */
export interface BatchOptions {
  /** The name of the batch, written into every packet: 0 to 65,535 bytes without NUL. A string is encoded as UTF-8. */
  readonly batchId: string | Uint8Array;
  /** The public key of server A, which receives the packets `a`. */
  readonly serverA: PublicKey;
  /** The public key of server B, which receives the packets `b`. It must differ from A's. */
  readonly serverB: PublicKey;
  /**
   * `"batch"` by default, as in libprio since 2020-07-27 and the Python module since 1.0.3; `"seed"` for older peers.
   */
  readonly prgKey?: PrgKey;
}

/** Options of a configuration for booleans. */
export interface ConfigOptions extends BatchOptions {
  /**
   * The number of booleans in a report, 1 … 262143. With query points `"stream"`, avoid 2^k − 1, where libprio's
   * proof has a hole (SECURITY.md): add one field that is always false.
   */
  readonly fields: number;
}

/** Options of a configuration for integers. */
export interface IntegerConfigOptions extends BatchOptions {
  /**
   * The number of integers in a report. count × precision is at most 262143. With query points `"stream"` it must not
   * be 2^k − 1, where libprio's proof has a hole (SECURITY.md).
   */
  readonly count: number;
  /** The bits of each integer, 1 … 42: every integer lies in [0, 2^precision). */
  readonly precision: number;
}

/**
 * 2^18 − 1. A proof needs a power of two N above n, for the random value at root 0, and p has roots of order 2N up to
 * 2^19.
 */
const MAX_FIELDS = 262143;
const MAX_PRECISION = 42;
const MAX_BATCH_ID = 65535;

const PRIO_V1: VectorSpace = packed87Space();

/** What the client and both servers of a batch must agree on. It is immutable: make one and share it. */
export class Config {
  /** The largest number of fields in a report. */
  static readonly maxFields: number = MAX_FIELDS;

  /** The number of bits in a report: for integers, count × precision. */
  readonly fields: number;
  /** The bits of each integer, if the configuration is for integers. */
  readonly precision?: number;
  /** The number of integers in a report, if the configuration is for integers. */
  readonly count?: number;
  /** The public key of server A. */
  readonly serverA: PublicKey;
  /** The public key of server B. */
  readonly serverB: PublicKey;
  /** How the AES key of a PRG is derived from its seed. */
  readonly prgKey: PrgKey;
  /** @internal The batch id's bytes. */
  readonly batchId: Uint8Array;
  #snip: Snip;

  /**
   * A configuration for booleans, or for integers when `count` and `precision` are given, as by {@link
   * Config.forIntegers}. Throws `out-of-range` for a number outside its bounds, `invalid-encoding` for a batch id
   * with a lone surrogate, and `invalid-argument` for any other option that does not match its type.
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

  /** A configuration for `count` integers of `precision` bits each. Throws the same errors as the constructor. */
  static forIntegers(options: IntegerConfigOptions): Config {
    requireObject(options, "config");
    const { count, precision } = options;
    return new Config({ ...options, count, precision });
  }

  /** @internal The proof system for this many fields. */
  get snip(): Snip {
    return this.#snip;
  }

  /** @internal Returns `x` if the constructor made it. Unlike `instanceof`, a prototype cannot forge this. */
  static require(x: unknown): Config {
    if (typeof x !== "object" || x === null || !(#snip in x)) {
      throw new PrioError("invalid-argument", `config: expected a Config, got ${kindOf(x)}`);
    }
    return x;
  }

  /** @internal A configuration that computes with other vectors, such as the BigInt reference in tests. */
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
  // libprio copies the id as a C string, so everything after a NUL would become NUL.
  if (bytes.includes(0)) throw new PrioError("invalid-argument", `${subject}: expected bytes without NUL, got one`);
  return bytes;
}
