// What client and servers of one batch must agree on (WIRE.md section 1).

import {
  type Bytes,
  copyOfBytes,
  isBytes,
  kindOf,
  lengthOfBytes,
  propertiesOf,
  shown,
  textOf,
  toHex,
  utf8,
} from "../core/bytes.js";
import type { Sensitivity } from "../core/noise.js";
import { isLowOrder, isPublicKey, isSamePoint, type PublicKey } from "../crypto/keys.js";
import { PrioError } from "../errors.js";
import {
  batchIdOf,
  insides,
  MAX_FIELDS,
  MAX_PRECISION,
  type PrgKey,
  requireInteger,
  requireSize,
  sensitivityOf,
  snipFor,
} from "./parameters.js";
import { Snip } from "./snip.js";
import type { VectorSpace } from "./vector.js";

/** The options of every configuration. */
export interface BatchOptions {
  /** The name of the batch, written into every packet: 0 to 65,535 bytes without NUL. A string is encoded as UTF-8. */
  readonly batchId: string | Uint8Array;
  /** The public key of server A, which receives the packets `a`. */
  readonly serverA: PublicKey;
  /** The public key of server B, which receives the packets `b`. It must be another point than A's. */
  readonly serverB: PublicKey;
  /**
   * `"batch"` by default, as in libprio since 2020-07-27 and the Python module since 1.0.3; `"seed"` for older peers.
   */
  readonly prgKey?: PrgKey;
}

/** Options of a configuration for booleans. */
export interface ConfigOptions extends BatchOptions {
  /**
   * The number of booleans in a report, 1 … 262143. With query points `"stream"` or `"first"`, avoid 2^k − 1, where
   * libprio's proof has a hole (SECURITY.md): add one field that is always false.
   */
  readonly fields: number;
}

/** Options of a configuration for integers. */
export interface IntegerConfigOptions extends BatchOptions {
  /**
   * The number of integers in a report. count × precision is at most 262143. With query points `"stream"` or
   * `"first"`, choose another product than 2^k − 1, where libprio's proof has a hole (SECURITY.md).
   */
  readonly count: number;
  /** The bits of each integer, 1 … 42: every integer lies in [0, 2^precision). */
  readonly precision: number;
}

const MAX_BATCH_ID = 65535;

const OPTIONS = ["fields", "count", "precision", "batchId", "serverA", "serverB", "prgKey"] as const;
type AnyOptions = ConfigOptions & IntegerConfigOptions;

/**
 * What the clients and both servers of a batch must agree on: what a report is, the batch's name, and the two public
 * keys. Nothing in it is secret. It is immutable: make one and share it.
 *
 * @example
 * ```js
 * import { Config, PublicKey } from "prio";
 *
 * const serverA = PublicKey.fromHex("445C126981113E5684D517826E508F5731A1B35485BACCD63DAA8120DD11DA78");
 * const serverB = PublicKey.fromHex("01D5D4F179ED233140CF97F79594F0190528268A99A6CDF57EF0E1569E673642");
 *
 * const booleans = new Config({ fields: 3, batchId: "breakfast 2026-11", serverA, serverB });
 * const integers = Config.forIntegers({ count: 2, precision: 10, batchId: "reading 2026-11", serverA, serverB });
 * console.log(booleans.fields, integers.fields); // 3 20
 * ```
 */
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

  /**
   * A configuration for booleans, or for integers when `count` and `precision` are given, as by {@link
   * Config.forIntegers}. Throws `out-of-range` for a number outside its bounds, `invalid-encoding` for a batch id
   * with a lone surrogate, `invalid-key` for a public key of low order, `unsupported` where there is no Float64Array,
   * and `invalid-argument` for any other option that does not match its type, and for two public keys that are one for
   * X25519.
   */
  constructor(options: ConfigOptions | IntegerConfigOptions) {
    const given = propertiesOf(options as AnyOptions, "config", OPTIONS, OPTIONS);
    const { fields, precision, count } = requireSize(given, "config");
    if (precision !== undefined) this.precision = precision;
    if (count !== undefined) this.count = count;
    this.fields = fields;
    const batchId = batchIdBytes(given.batchId);
    this.serverA = requirePublicKey(given.serverA, "config: serverA");
    this.serverB = requirePublicKey(given.serverB, "config: serverB");
    if (isSamePoint(this.serverA, this.serverB)) {
      throw new PrioError("invalid-argument", "config: expected two servers' keys, got one key twice");
    }
    const { prgKey = "batch" } = given;
    if (prgKey !== "batch" && prgKey !== "seed") {
      throw new PrioError("invalid-argument", `config: prgKey: expected "batch" or "seed", got ${shown(prgKey)}`);
    }
    this.prgKey = prgKey;
    insides.set(this, { batchId, snip: snipFor(fields) });
    Object.freeze(this);
  }

  /** A configuration for `count` integers of `precision` bits each. Throws the same errors as the constructor. */
  static forIntegers(options: IntegerConfigOptions): Config {
    const given = propertiesOf(options as AnyOptions, "config", OPTIONS, OPTIONS);
    requireInteger(given.precision, MAX_PRECISION, "config: precision");
    return new Config(given as unknown as IntegerConfigOptions);
  }

  /**
   * By how much one client can change the totals, for the budgets of `prio/dp`: each of n booleans by 1, each of count
   * integers by 2^precision − 1.
   */
  get sensitivity(): Sensitivity {
    return sensitivityOf(this);
  }

  /** A copy of the batch id's bytes. */
  get batchId(): Bytes {
    return batchIdOf(this).slice();
  }

  /**
   * For `JSON.stringify`: the numbers, the batch id as text or, if its bytes are not UTF-8, in hex, both public keys in
   * hex, and `prgKey`.
   */
  toJSON(): object {
    const batchId = batchIdOf(this);
    return { ...this, batchId: textOf(batchId) ?? toHex(batchId) };
  }
}

/** Returns `x` if the constructor made it. Throws `invalid-argument`. */
export function requireConfig(x: unknown): Config {
  if (!insides.has(x)) throw new PrioError("invalid-argument", `config: expected a Config, got ${kindOf(x)}`);
  return x as Config;
}

/** A configuration that computes with other vectors, such as the BigInt reference in tests. */
export function configOver(space: VectorSpace, options: ConfigOptions | IntegerConfigOptions): Config {
  const config = new Config(options);
  insides.set(config, { batchId: batchIdOf(config), snip: new Snip(space, config.fields) });
  return config;
}

function requirePublicKey(x: unknown, subject: string): PublicKey {
  if (!isPublicKey(x)) throw new PrioError("invalid-argument", `${subject}: expected a PublicKey, got ${kindOf(x)}`);
  if (isLowOrder(x)) throw new PrioError("invalid-key", `${subject}: expected a point of large order`);
  return x;
}

function requireFew(bytes: number, subject: string): void {
  if (bytes > MAX_BATCH_ID) {
    throw new PrioError("out-of-range", `${subject}: expected at most ${MAX_BATCH_ID} bytes, got ${bytes}`);
  }
}

function batchIdBytes(batchId: unknown): Uint8Array {
  const subject = "config: batchId";
  if (typeof batchId !== "string" && !isBytes(batchId)) {
    throw new PrioError("invalid-argument", `${subject}: expected a string or a Uint8Array, got ${kindOf(batchId)}`);
  }
  // A character takes at least one byte.
  requireFew(typeof batchId === "string" ? batchId.length : lengthOfBytes(batchId, subject), subject);
  const bytes = typeof batchId === "string" ? utf8(batchId, subject) : copyOfBytes(batchId, subject);
  requireFew(bytes.length, subject);
  // libprio copies the id as a C string, so everything after a NUL would become NUL.
  if (bytes.includes(0)) throw new PrioError("invalid-argument", `${subject}: expected bytes without NUL, got one`);
  return bytes;
}
