// Fully linear proofs (VDAF draft, section 7.3): the prover shows that a circuit accepts a measurement; verifiers who
// have shares of measurement and proof query them, add up the answers and decide.
//
// The wires of the gadget's calls are polynomials through their values at the p-th roots of unity: a random seed at
// ω^0, the k-th call's input at ω^k, 0 after the last. They are the columns of one vector whose row k has all wires'
// values at ω^k. The proof is the seeds and the gadget's polynomial in its wires, by its values at the n-th roots, as
// many as its degree needs. A verifier evaluates both at a random point t.

import { lagrangeCoefficients } from "../core/lagrange.js";
import { Ntt } from "../core/ntt.js";
import type { VectorSpace } from "../core/vector.js";
import { PrioError } from "../errors.js";
import type { Circuit } from "./circuit.js";
import { type Elements, interleaved } from "./elements.js";
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
  /** What `prove` needs room for. */
  readonly workLength: number;
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
    this.workLength = gadget.arity + this.#paddedLength;
    this.verifierLength = gadget.arity + 2;
  }

  /**
   * In place: sets the elements of `proofs` from `offset` on to the proof that the circuit accepts `meas`. There is
   * room for `workLength` elements, and those after the proof are overwritten.
   */
  prove(meas: V, proveRand: V, jointRand: V, proofs: V, offset: number): void {
    const { space, circuit } = this;
    const { arity } = circuit.gadget;
    let wires = space.zeros(this.#wireLength * arity);
    wires.setAll(proveRand, 0);
    circuit.setInputs(space, wires, meas, jointRand, 1n);
    proofs.setAll(proveRand, offset);
    // All values at the n-th roots follow. Those at fewer roots are `step` apart.
    const first = offset + arity;
    let step = this.#paddedLength / this.#wireLength;
    circuit.gadget.evalRows(space, wires, proofs, first, step);
    while (step > 1) {
      // The values at the next power of two of roots: those there are, and those at the odd roots.
      const odd = this.#ntt.oddRootValues(wires.unreducedRows(arity));
      circuit.gadget.evalRows(space, odd, proofs, first + step / 2, step);
      step /= 2;
      if (step > 1) wires = interleaved(space, wires, odd, arity);
    }
  }

  /**
   * A verifier's answer, given shares of a measurement and its proof; `one` is its share of 1. Throws `malformed` if
   * the query's random point is a root of unity, where the answer would leak: once in 2^32 reports of the longest kind
   * at most. Such a report cannot be verified, and is refused as one whose bytes are none.
   */
  query(meas: V, proof: V, queryRand: V, jointRand: V, one: bigint): V {
    const { space, circuit } = this;
    const { field } = space;
    const { gadgetCalls, gadget } = circuit;
    const { arity } = gadget;
    const wires = space.zeros((1 + gadgetCalls) * arity);
    wires.setAll(proof.slice(0, arity), 0);
    circuit.setInputs(space, wires, meas, jointRand, one);
    const poly = completed(this.#ntt, proof.slice(arity, arity + this.#polyLength), this.#paddedLength);
    const step = this.#paddedLength / this.#wireLength;
    const outputs = circuit.outputs(space, meas, poly.strided(step, step, gadgetCalls), one);

    const t = queryRand.get(this.queryRandLength - 1);
    if (field.pow(t, BigInt(this.#wireLength)) === 1n) {
      throw new PrioError("malformed", "query: expected a report whose random point is no root of unity");
    }
    const verifier = space.zeros(this.verifierLength);
    verifier.set(0, outputs.length === 1 ? outputs.get(0) : outputs.dot(queryRand));
    verifier.setAll(wires.combineRows(lagrangeCoefficients(this.#ntt, this.#wireLength, t), arity), 1);
    verifier.set(1 + arity, poly.dot(lagrangeCoefficients(this.#ntt, this.#paddedLength, t)));
    return verifier;
  }

  /** Whether the sum of all verifiers' answers shows a proof that holds. */
  decide(verifier: V): boolean {
    const { gadget } = this.circuit;
    if (verifier.get(0) !== 0n) return false;
    const output = this.space.zeros(1);
    gadget.evalRows(this.space, verifier.slice(1, 1 + gadget.arity), output, 0, 1);
    return output.get(0) === verifier.get(1 + gadget.arity);
  }
}
