// What the compiler refuses of vectors. `npm run check` is the test: an `@ts-expect-error` above a line that compiles
// is an error of its own. Nothing here runs.

import { type BigIntVector, bigIntSpace } from "../../src/core/bigint-vector.js";
import { Field } from "../../src/core/field.js";
import { lagrangeCoefficients } from "../../src/core/lagrange.js";
import { forward, Ntt } from "../../src/core/ntt.js";
import type { Packed87Vector } from "../../src/core/packed87.js";
import type { UnreducedVector, Vector, VectorSpace } from "../../src/core/vector.js";
import { packed87 as packed, packed64, packed128, reference87 as reference } from "./support.js";

const other = bigIntSpace(new Field({ name: "Field257", modulus: 257n, twoAdicity: 8, generator: 3n }));

export function oneSpaceAccepted(): void {
  packed.zeros(1).add(packed.zeros(1)).accumulate(packed.zeros(1));
  reference.zeros(1).dot(reference.zeros(1));
  forward(new Ntt(packed), packed.zeros(1)).unreduced().multiplyBy(packed.zeros(1));
  lagrangeCoefficients(new Ntt(packed), 1, 1n).dot(packed.zeros(1));
}

export function twoSpacesRefused(a: Packed87Vector, b: BigIntVector<"Field87">, c: BigIntVector<"Field257">): void {
  // @ts-expect-error packed, BigInt
  a.add(b);
  // @ts-expect-error BigInt, packed
  b.dot(a);
  // @ts-expect-error BigInt vectors of two fields
  b.mul(c);
  // @ts-expect-error and the other way round
  c.accumulate(b);
  // @ts-expect-error packed vectors of two fields
  packed64.zeros(1).add(packed128.zeros(1));
  // @ts-expect-error and those of two classes
  packed128.zeros(1).add(a);
  // @ts-expect-error copying is mixing
  a.setAll(b, 0);
  // @ts-expect-error a transform of another space
  forward(new Ntt(packed), b);
  // @ts-expect-error twiddles of another space
  packed.unreducedZeros(2).stageByElement(0, 2, 1, b);
  // @ts-expect-error coefficients of another space
  lagrangeCoefficients(new Ntt(other), 1, 1n).dot(b);
}

/** Any vector at all: with operands of any kind, it would let two spaces mix. */
interface AnyVector extends Vector<AnyVector> {}

export function erasedTypesRefused(a: Packed87Vector): AnyVector[] {
  // @ts-expect-error a packed vector does not take any vector as its operand
  const erased: AnyVector = a;
  // @ts-expect-error neither does a space make them
  const space: VectorSpace<AnyVector> = packed;
  // @ts-expect-error nor does an unreduced vector take any twiddles
  const unreduced: UnreducedVector<AnyVector> = packed.unreducedZeros(1);
  return [erased, space.zeros(1), unreduced.reduce()];
}

export function unreducedElementsRefused(a: Packed87Vector): void {
  const unreduced = a.unreduced();
  // @ts-expect-error no inner product of elements that are not reduced
  unreduced.dot(a);
  // @ts-expect-error nor with them
  a.dot(unreduced);
  // @ts-expect-error nor a sum
  a.add(unreduced);
  // @ts-expect-error nor one of them as a bigint
  unreduced.get(0);
  // @ts-expect-error nor as bytes
  unreduced.writeBE(0, new Uint8Array(11), 0);
  // @ts-expect-error twiddles are reduced
  unreduced.stageByElement(0, 2, 1, unreduced);
  // @ts-expect-error and a vector that is not in a transform has no stages
  a.stageOfSums(0, 2, 1);
}
