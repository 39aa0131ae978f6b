// The proof that a report's values are bits, a SNIP (Corrigan-Gibbs and Boneh, "Prio", NSDI 2017, section 4; WIRE.md
// section 2): what the client computes from the values, and what a server computes from its shares. This file has no
// bytes and no randomness.
//
// f is the polynomial of degree < N with f(ω^0) = f0, which is random, and f(ω^i) = x_i; g has g(ω^0) = g0, also
// random, and g(ω^i) = x_i − 1. Both are 0 at the roots after ω^n. When every x_i is a bit, h = f·g is 0 at all roots
// but ω^0. The servers test f·g = h at a secret random point, where a Beaver triple multiplies their shares of f and g.

import { lagrangeCoefficients } from "../core/lagrange.js";
import { Ntt } from "../core/ntt.js";
import type { ProofShare, ReportShare } from "./share.js";
import type { Vector, VectorSpace } from "./vector.js";

/** One Ntt for each vector space, since its tables of roots serve every number of fields. */
const transforms = new WeakMap<VectorSpace, Ntt<Vector>>();

function nttFor(space: VectorSpace): Ntt<Vector> {
  let ntt = transforms.get(space);
  if (ntt === undefined) transforms.set(space, (ntt = new Ntt(space)));
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
    this.ntt = nttFor(space);
    this.fields = fields;
    this.size = 2 ** (32 - Math.clz32(fields));
    this.half = space.field.inv(2n);
    this.inverseRoot = space.field.inv(space.field.rootOfUnity(2 * this.size));
  }

  get space(): VectorSpace {
    return this.ntt.space;
  }

  /** The client's part: the N values of h at the odd 2N-th roots, for the values x_1 … x_n and the random f0 and g0. */
  prove(data: Vector, f0: bigint, g0: bigint): Vector {
    const f = this.#oddRootValues(f0, data);
    // At the N-th roots g is f, less 1 at roots 1 … n, plus g0 − f0 at root 0. So g is f − ones + (g0 − f0)·first
    // everywhere, where `ones` and `first` are the polynomials that are 1 at those roots and 0 at the others.
    const g = this.#first().scale(this.space.field.sub(f0, g0));
    g.accumulate(this.#ones());
    g.subtractFrom(f);
    // h = f·g, in the place of g.
    g.multiplyBy(f);
    return g;
  }

  /** The values at the odd roots of the polynomial that is 1 at roots 1 … n and 0 at the others. */
  #ones(): Vector {
    this.#onesAtOddRoots ??= this.#oddRootValues(0n, this.space.fromIntegers(new Uint8Array(this.fields).fill(1)));
    return this.#onesAtOddRoots;
  }

  /** The values at the odd roots of the polynomial that is 1 at root 0 and 0 at the others. */
  #first(): Vector {
    this.#firstAtOddRoots ??= this.#oddRootValues(1n, this.space.zeros(this.fields));
    return this.#firstAtOddRoots;
  }

  /**
   * The values at the odd roots of the polynomial with `first` at root 0, `data` at roots 1 … n, and 0 at the others.
   */
  #oddRootValues(first: bigint, data: Vector): Vector {
    const values = this.space.zeros(this.size);
    values.set(0, first);
    values.setAll(data, 1);
    return this.ntt.oddRootValues(values.unreduced());
  }
}

/** What depends on the query point alone. */
interface Weights {
  /** L_0(r), all L_i(r), and the sum of L_1(r) … L_n(r), to evaluate f and g. */
  readonly first: bigint;
  readonly coefficients: Vector;
  readonly dataSum: bigint;
  /** The weights in h(r) of h0 and of the values of h at the odd roots. */
  readonly h0: bigint;
  readonly h: Vector;
  readonly hScale: bigint;
}

/** A server's shares of f(r), g(r) and h(r). */
export interface Evaluated {
  readonly f: bigint;
  readonly g: bigint;
  readonly h: bigint;
}

/** A point at which reports are checked. What depends on it alone is computed at the first check and then kept. */
export class QueryPoint {
  readonly r: bigint;
  readonly #snip: Snip;
  #weights: Weights | undefined;

  constructor(snip: Snip, r: bigint) {
    this.#snip = snip;
    this.r = r;
  }

  /**
   * A server's shares of f(r), g(r) and h(r). The constant −1 in the values of g is public, so only server A adds it.
   */
  evaluate(share: ReportShare, isServerA: boolean): Evaluated {
    const { coefficients, h } = this.weights;
    return this.evaluateSums(share, share.data.dot(coefficients, 1), share.h.dot(h), isServerA);
  }

  /** What depends on the point alone. The data are weighed by the coefficients from the second on. */
  get weights(): { readonly coefficients: Vector; readonly h: Vector } {
    this.#weights ??= this.#computeWeights();
    return this.#weights;
  }

  /** The same from the weighted sums of the shares of the data and of h, for shares that are not there as a whole. */
  evaluateSums(share: ProofShare, dataSums: bigint, hSums: bigint, isServerA: boolean): Evaluated {
    this.#weights ??= this.#computeWeights();
    const { first, dataSum, h0, hScale } = this.#weights;
    const { field } = this.#snip.space;
    const f = field.add(field.mul(share.f0, first), dataSums);
    const gPlusOnes = field.add(f, field.mul(field.sub(share.g0, share.f0), first));
    return {
      f,
      g: isServerA ? field.sub(gPlusOnes, dataSum) : gPlusOnes,
      h: field.add(field.mul(share.h0, h0), field.mul(hScale, hSums)),
    };
  }

  #computeWeights(): Weights {
    const { ntt, space, fields, size, half, inverseRoot } = this.#snip;
    const { field } = space;
    const coefficients = lagrangeCoefficients(ntt, size, this.r);
    const first = coefficients.get(0);

    // Let E and O be the polynomials of degree < N through the values of h at the even and at the odd 2N-th roots. Then
    // h(x) = E(x)·(1 + x^N)/2 + O(x)·(1 − x^N)/2, since x^N is 1 at the even roots and −1 at the odd ones. E is h0·L_0,
    // and O(ω_2N·y) as a polynomial in y has the odd values at the N-th roots.
    const rN = field.pow(this.r, BigInt(size));
    return {
      first,
      coefficients,
      dataSum: coefficients.sum(1, fields + 1),
      h0: field.mul(first, field.mul(half, field.add(1n, rN))),
      h: lagrangeCoefficients(ntt, size, field.mul(this.r, inverseRoot)),
      hScale: field.mul(half, field.sub(1n, rN)),
    };
  }
}
