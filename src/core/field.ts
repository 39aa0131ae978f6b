// A prime field over native BigInt. An element is a bigint in [0, p): whoever makes one establishes that, and every
// function here relies on it. Nothing here is constant-time (SECURITY.md, "Timing").

import { PrioError } from "../errors.js";

/** What tells one prime field with roots of unity from another. */
export interface FieldParameters {
  /** The prime p. */
  readonly modulus: bigint;
  /** k, for a multiplicative subgroup of order 2^k. */
  readonly twoAdicity: number;
  /** A generator of that subgroup. */
  readonly generator: bigint;
}

export class Field implements FieldParameters {
  readonly modulus: bigint;
  readonly twoAdicity: number;
  readonly generator: bigint;
  /** Bit length of p. */
  readonly bits: number;
  /** Bytes that hold any element. */
  readonly bytes: number;

  constructor({ modulus, twoAdicity, generator }: FieldParameters) {
    this.modulus = modulus;
    this.twoAdicity = twoAdicity;
    this.generator = generator;
    this.bits = modulus.toString(2).length;
    this.bytes = Math.ceil(this.bits / 8);
  }

  has(x: bigint): boolean {
    return x >= 0n && x < this.modulus;
  }

  /** The element congruent to any integer `x`. */
  reduce(x: bigint): bigint {
    const r = x % this.modulus;
    return r < 0n ? r + this.modulus : r;
  }

  add(a: bigint, b: bigint): bigint {
    const s = a + b;
    return s < this.modulus ? s : s - this.modulus;
  }

  sub(a: bigint, b: bigint): bigint {
    const d = a - b;
    return d < 0n ? d + this.modulus : d;
  }

  neg(a: bigint): bigint {
    return a === 0n ? 0n : this.modulus - a;
  }

  mul(a: bigint, b: bigint): bigint {
    return (a * b) % this.modulus;
  }

  /** a^exponent for exponent ≥ 0, by squaring; 0^0 = 1. */
  pow(a: bigint, exponent: bigint): bigint {
    let result = 1n;
    for (let base = a, e = exponent; e > 0n; e >>= 1n) {
      if (e & 1n) result = this.mul(result, base);
      base = this.mul(base, base);
    }
    return result;
  }

  /** 1/a by Fermat's little theorem. `a` must not be 0, which has no inverse. */
  inv(a: bigint): bigint {
    if (a === 0n) throw new PrioError("out-of-range", "field: 0 has no inverse");
    return this.pow(a, this.modulus - 2n);
  }

  /** The primitive root of unity of order `n`, a power of two up to 2^twoAdicity. */
  rootOfUnity(n: number): bigint {
    const log = 31 - Math.clz32(n);
    if (2 ** log !== n || log > this.twoAdicity) {
      throw new PrioError(
        "wrong-length",
        `ntt: expected a power-of-two length up to ${2 ** this.twoAdicity}, got ${n}`,
      );
    }
    let root = this.generator;
    for (let k = this.twoAdicity; k > log; k--) root = this.mul(root, root);
    return root;
  }
}
