// A prime field over native BigInt. An element is a bigint in [0, p). Whoever makes an element establishes that, and
// every function here relies on it. Nothing here is constant-time (SECURITY.md, "Timing").

import { PrioError } from "../errors.js";

/** What distinguishes one prime field with roots of unity from another. */
export interface FieldParameters<Name extends string = string> {
  /** The field's name. It is a type as well, so that what belongs to two fields has two types. */
  readonly name: Name;
  /** The prime p. */
  readonly modulus: bigint;
  /** k, for a multiplicative subgroup of order 2^k. */
  readonly twoAdicity: number;
  /** A generator of that subgroup. */
  readonly generator: bigint;
}

export class Field<const Name extends string = string> implements FieldParameters<Name> {
  readonly name: Name;
  readonly modulus: bigint;
  readonly twoAdicity: number;
  readonly generator: bigint;
  /** The bit length of p. */
  readonly bits: number;
  /** How many bytes hold any element. */
  readonly bytes: number;
  /** The primitive roots of unity of order 2^k, at k. */
  readonly #roots: readonly bigint[];

  constructor({ name, modulus, twoAdicity, generator }: FieldParameters<Name>) {
    this.name = name;
    this.modulus = modulus;
    this.twoAdicity = twoAdicity;
    this.generator = generator;
    this.bits = modulus.toString(2).length;
    this.bytes = Math.ceil(this.bits / 8);
    const roots = [generator];
    for (let k = twoAdicity; k > 0; k--) roots.unshift(this.mul(roots[0] as bigint, roots[0] as bigint));
    this.#roots = roots;
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

  /** 1/a by Fermat's little theorem. Throws `out-of-range` when `a` is 0, which has no inverse. */
  inv(a: bigint): bigint {
    if (a === 0n) throw new PrioError("out-of-range", "field: 0 has no inverse");
    return this.pow(a, this.modulus - 2n);
  }

  /** A primitive root of unity of order `n`. Throws `out-of-range` unless `n` is a power of two up to 2^twoAdicity. */
  rootOfUnity(n: number): bigint {
    let log = 0;
    while (2 ** log < n) log++;
    if (2 ** log !== n || log > this.twoAdicity) {
      throw new PrioError(
        "out-of-range",
        `field: expected the order of a root of unity, a power of two up to 2^${this.twoAdicity}, got ${n}`,
      );
    }
    return this.#roots[log] as bigint;
  }
}
