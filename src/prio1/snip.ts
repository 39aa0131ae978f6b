// The proof that a report's values are bits, a SNIP (Corrigan-Gibbs and Boneh, "Prio", NSDI 2017, section 4; WIRE.md section
// 2): what the client computes from the values, and what a server computes from its shares. No bytes and no randomness here.
//
// f is the polynomial of degree < N with f(ω^0) = f0 random and f(ω^i) = x_i; g has g(ω^0) = g0 random and g(ω^i) = x_i − 1;
// both are 0 at the roots past n. h = f·g is 0 at ω^1 … ω^(N−1) when every x_i is a bit. The servers test f·g = h at a
// secret random point, with one multiplication of shares by a Beaver triple.

import { lagrangeCoefficients } from "../core/evaluate.js";
import { Ntt } from "../core/ntt.js";
import type { ReportShare } from "./share.js";
import type { Vector, VectorSpace } from "./vector.js";

/** One transform engine a vector space: its tables of roots serve every number of fields. */
const engines = new WeakMap<VectorSpace, Ntt<Vector>>();

function engineFor(space: VectorSpace): Ntt<Vector> {
  let ntt = engines.get(space);
  if (ntt === undefined) engines.set(space, (ntt = new Ntt(space)));
  return ntt;
}

/** The proof system for n fields. */
export class Snip {
  readonly ntt: Ntt<Vector>;
  /** n */
  readonly fields: number;
  /** N, the smallest power of two ≥ n + 1. */
  readonly size: number;
  /** 1/2 and 1/ω_2N. */
  readonly half: bigint;
  readonly inverseRoot: bigint;
  #onesAtOddRoots: Vector | undefined;
  #firstAtOddRoots: Vector | undefined;

  constructor(space: VectorSpace, fields: number) {
    this.ntt = engineFor(space);
    this.fields = fields;
    this.size = 2 ** (32 - Math.clz32(fields));
    this.half = space.field.inv(2n);
    this.inverseRoot = space.field.inv(space.field.rootOfUnity(2 * this.size));
  }

  get space(): VectorSpace {
    return this.ntt.space;
  }

  /** The client's N points of h, at the odd 2N-th roots, for the values x_1 … x_n and the random f0 and g0. */
  prove(data: Vector, f0: bigint, g0: bigint): Vector {
    const f = this.#oddRootValues(f0, data);
    // On the N-th roots g is f − 1 at 1 … n and f + (g0 − f0) at 0; so it is everywhere, in the basis of those roots.
    const product = f.sub(this.#ones());
    product.accumulate(this.#first().scale(this.space.field.sub(g0, f0)));
    product.multiplyBy(f);
    return product;
  }

  /** The query point r with all that depends on it alone. */
  queryPoint(r: bigint): QueryPoint {
    return new QueryPoint(this, r);
  }

  /** The odd-root values of the polynomial that is 1 at roots 1 … n and 0 at the others. */
  #ones(): Vector {
    this.#onesAtOddRoots ??= this.#oddRootValues(0n, this.space.fromIntegers(new Uint8Array(this.fields).fill(1)));
    return this.#onesAtOddRoots;
  }

  /** The odd-root values of the polynomial that is 1 at root 0 and 0 at the others. */
  #first(): Vector {
    this.#firstAtOddRoots ??= this.#oddRootValues(1n, this.space.zeros(this.fields));
    return this.#firstAtOddRoots;
  }

  /** The odd-root values of the polynomial with these values at root 0 and at roots 1 … n, and 0 at the others. */
  #oddRootValues(first: bigint, data: Vector): Vector {
    const values = this.space.zeros(this.size);
    values.set(0, first);
    values.setAll(data, 1);
    return this.ntt.oddRootValues(values);
  }
}

/** What depends on a point alone. */
interface Weights {
  /** L_0(r), and L_1(r) … L_n(r) with their sum: evaluate f and g. */
  readonly first: bigint;
  readonly data: Vector;
  readonly dataSum: bigint;
  /** What h0 and the odd-root points of h weigh in h(r). */
  readonly h0: bigint;
  readonly h: Vector;
  readonly hScale: bigint;
}

/** A point that reports are checked at. What depends on it alone is computed at the first check and serves all further ones. */
export class QueryPoint {
  readonly r: bigint;
  readonly #snip: Snip;
  #weights: Weights | undefined;

  constructor(snip: Snip, r: bigint) {
    this.#snip = snip;
    this.r = r;
  }

  /**
   * A server's shares of f(r), g(r) and h(r). The constant −1 in g's values is public, so server A alone subtracts it.
   */
  evaluate(share: ReportShare, isServerA: boolean): { f: bigint; g: bigint; h: bigint } {
    this.#weights ??= this.#weigh();
    const { first, data, dataSum, h0, h, hScale } = this.#weights;
    const { field } = this.#snip.space;
    const f = field.add(field.mul(share.f0, first), share.data.dot(data));
    const gPlusOnes = field.add(f, field.mul(field.sub(share.g0, share.f0), first));
    return {
      f,
      g: isServerA ? field.sub(gPlusOnes, dataSum) : gPlusOnes,
      h: field.add(field.mul(share.h0, h0), field.mul(hScale, h.dot(share.h))),
    };
  }

  #weigh(): Weights {
    const { ntt, space, fields, size, half, inverseRoot } = this.#snip;
    const { field } = space;
    const coefficients = lagrangeCoefficients(ntt, size, this.r);
    const first = coefficients.get(0);
    const data = coefficients.slice(1, fields + 1);

    // With E and O of degree < N through the values of h at the even and at the odd 2N-th roots,
    // h(x) = E(x)·(1 + x^N)/2 + O(x)·(1 − x^N)/2, since x^N is 1 at the former and −1 at the latter. E is h0·L_0, and
    // O(ω_2N·y) is the polynomial in y through the odd points on the N-th roots.
    const rN = field.pow(this.r, BigInt(size));
    return {
      first,
      data,
      dataSum: data.sum(),
      h0: field.mul(first, field.mul(half, field.add(1n, rN))),
      h: lagrangeCoefficients(ntt, size, field.mul(this.r, inverseRoot)),
      hScale: field.mul(half, field.sub(1n, rN)),
    };
  }
}
