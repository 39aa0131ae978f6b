// Fully linear proofs (VDAF draft, section 7.3): the prover shows that a circuit accepts a measurement; verifiers who
// have shares of measurement and proof query them, add up the answers and decide.
//
// The wires of the gadget's calls are polynomials through their values at the p-th roots of unity: a random seed at
// ω^0, the k-th call's input at ω^k, 0 after the last. The proof is these seeds and the gadget's polynomial in its
// wires, by its values at the n-th roots, as many as its degree needs. A verifier evaluates both at a random point t.

import { lagrangeCoefficients } from "../core/lagrange.js";
import { Ntt } from "../core/ntt.js";
import type { VectorSpace } from "../core/vector.js";
import { PrioError } from "../errors.js";
import type { Circuit } from "./circuit.js";
import { type Elements, joined } from "./elements.js";
import { completed } from "./extend.js";

/** The smallest power of two that is not below `n` ≥ 1. */
const nextPowerOf2 = (n: number): number => 2 ** Math.ceil(Math.log2(n));

export class Flp<V extends Elements<V>, Measurement, Result> {
  readonly space: VectorSpace<V>;
  readonly circuit: Circuit<Measurement, Result>;
  /** Lengths, in elements. */
  readonly proveRandLength: number;
  readonly queryRandLength: number;
  readonly proofLength: number;
  readonly verifierLength: number;
  readonly #ntt: Ntt<V>;
  /** p: values of a wire polynomial. */
  readonly #wireLength: number;
  /** Values of the gadget's polynomial that determine it, and n, the next power of two. */
  readonly #polyLength: number;
  readonly #paddedLength: number;

  constructor(space: VectorSpace<V>, circuit: Circuit<Measurement, Result>) {
    const { gadget, gadgetCalls, evalOutputLength } = circuit;
    this.space = space;
    this.circuit = circuit;
    this.#ntt = new Ntt(space);
    this.#wireLength = nextPowerOf2(1 + gadgetCalls);
    this.#polyLength = gadget.degree * (this.#wireLength - 1) + 1;
    this.#paddedLength = nextPowerOf2(this.#polyLength);
    this.proveRandLength = gadget.arity;
    this.queryRandLength = 1 + (evalOutputLength > 1 ? evalOutputLength : 0);
    this.proofLength = gadget.arity + this.#polyLength;
    this.verifierLength = gadget.arity + 2;
  }

  /** The proof that the circuit accepts `meas`. */
  prove(meas: V, proveRand: V, jointRand: V): V {
    const { space, circuit } = this;
    const wires = this.#wiresWith(proveRand);
    let call = 0;
    circuit.eval(space, meas, jointRand, 1, (input) => {
      call++;
      wires.forEach((wire, j) => {
        wire.set(call, input.get(j));
      });
      return circuit.gadget.eval(space, input);
    });
    const extended = wires.map((wire) => this.#valuesAtMoreRoots(wire));
    const poly = circuit.gadget.evalAtPoints(space, extended);
    return joined(space, [proveRand, poly.slice(0, this.#polyLength)]);
  }

  /**
   * A verifier's answer, given shares of a measurement and its proof. Throws `malformed` if the query's random point is
   * a root of unity, where the answer would leak: once in 2^32 reports of the longest kind at most. Such a report
   * cannot be verified, and is refused as one whose bytes are none.
   */
  query(meas: V, proof: V, queryRand: V, jointRand: V, shares: number): V {
    const { space, circuit } = this;
    const { field } = space;
    const { arity } = circuit.gadget;
    const wires = this.#wiresWith(proof.slice(0, arity));
    const poly = completed(space, proof.slice(arity, arity + this.#polyLength), this.#paddedLength);
    const step = this.#paddedLength / this.#wireLength;
    let call = 0;
    const outputs = circuit.eval(space, meas, jointRand, shares, (input) => {
      call++;
      wires.forEach((wire, j) => {
        wire.set(call, input.get(j));
      });
      return poly.get(call * step);
    });
    const [first = 0n] = outputs;
    const reduced =
      outputs.length === 1 ? first : outputs.reduce((sum, out, i) => field.reduce(sum + queryRand.get(i) * out), 0n);

    const t = queryRand.get(this.queryRandLength - 1);
    if (field.pow(t, BigInt(this.#wireLength)) === 1n) {
      throw new PrioError("malformed", "query: expected a report whose random point is no root of unity");
    }
    const atT = lagrangeCoefficients(this.#ntt, this.#wireLength, t);
    const gadgetAtT = poly.dot(lagrangeCoefficients(this.#ntt, this.#paddedLength, t));
    return space.fromBigInts([reduced, ...wires.map((wire) => wire.dot(atT)), gadgetAtT]);
  }

  /** Whether the sum of all verifiers' answers shows a proof that holds. */
  decide(verifier: V): boolean {
    const { gadget } = this.circuit;
    if (verifier.get(0) !== 0n) return false;
    const wires = verifier.slice(1, 1 + gadget.arity);
    return gadget.eval(this.space, wires) === verifier.get(1 + gadget.arity);
  }

  /** A polynomial for each wire that is 0 everywhere but at ω^0, where it has its seed. */
  #wiresWith(seeds: V): V[] {
    return Array.from({ length: seeds.length }, (_, j) => {
      const wire = this.space.zeros(this.#wireLength);
      wire.set(0, seeds.get(j));
      return wire;
    });
  }

  /** A wire's values at the n-th roots, out of those at the p-th. */
  #valuesAtMoreRoots(wire: V): V {
    const coefficients = this.space.zeros(this.#paddedLength);
    coefficients.setAll(this.#ntt.inverse(wire), 0);
    return this.#ntt.forward(coefficients);
  }
}
