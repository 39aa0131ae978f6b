// The reference vectors: an array of bigints over any prime field. Tests hold every packed implementation to them.

import type { Field } from "./field.js";
import type {
  BigEndianElements,
  LittleEndianElements,
  MatrixElements,
  UnreducedVector,
  Vector,
  VectorSpace,
} from "./vector.js";

/** `Name` is the field's name, so that vectors of two fields have two types, neither of which is the other's. */
export class BigIntVector<in out Name extends string>
  implements Vector<BigIntVector<Name>>, BigEndianElements, LittleEndianElements, MatrixElements<BigIntVector<Name>>
{
  readonly #field: Field<Name>;
  readonly #values: bigint[];

  constructor(field: Field<Name>, values: bigint[]) {
    this.#field = field;
    this.#values = values;
  }

  get length(): number {
    return this.#values.length;
  }

  get(i: number): bigint {
    return this.#values[i] as bigint;
  }

  set(i: number, x: bigint): void {
    this.#values[i] = x;
  }

  toBigInts(): bigint[] {
    return this.#values.slice();
  }

  slice(start: number, end: number): BigIntVector<Name> {
    return new BigIntVector(this.#field, this.#values.slice(start, end));
  }

  setAll(source: BigIntVector<Name>, offset: number): void {
    for (let i = 0; i < source.length; i++) this.set(offset + i, source.get(i));
  }

  copyScaled(offset: number, start: number, end: number, x: bigint): void {
    for (let i = start; i < end; i++) this.set(offset + i - start, this.#field.mul(this.get(i), x));
  }

  swap(i: number, j: number): void {
    const x = this.get(i);
    this.set(i, this.get(j));
    this.set(j, x);
  }

  add(other: BigIntVector<Name>): BigIntVector<Name> {
    return this.#map((x, i) => this.#field.add(x, other.get(i)));
  }

  sub(other: BigIntVector<Name>): BigIntVector<Name> {
    return this.#map((x, i) => this.#field.sub(x, other.get(i)));
  }

  mul(other: BigIntVector<Name>): BigIntVector<Name> {
    return this.#map((x, i) => this.#field.mul(x, other.get(i)));
  }

  scale(c: bigint): BigIntVector<Name> {
    return this.#map((x) => this.#field.mul(x, c));
  }

  accumulate(other: BigIntVector<Name>): void {
    for (let i = 0; i < this.length; i++) this.set(i, this.#field.add(this.get(i), other.get(i)));
  }

  accumulateAt(other: BigIntVector<Name>, offset: number): void {
    for (let i = 0; i < other.length; i++) {
      this.set(offset + i, this.#field.add(this.get(offset + i), other.get(i)));
    }
  }

  subtractFrom(other: BigIntVector<Name>): void {
    for (let i = 0; i < this.length; i++) this.set(i, this.#field.sub(other.get(i), this.get(i)));
  }

  multiplyBy(other: BigIntVector<Name>): void {
    for (let i = 0; i < this.length; i++) this.set(i, this.#field.mul(this.get(i), other.get(i)));
  }

  sum(start = 0, end: number = this.length): bigint {
    return this.#field.reduce(this.#values.slice(start, end).reduce((total, x) => total + x, 0n));
  }

  dot(other: BigIntVector<Name>, offset = 0): bigint {
    // One reduction, after all products are summed: a BigInt grows as it needs to.
    return this.#field.reduce(this.#values.reduce((total, x, i) => total + x * other.get(offset + i), 0n));
  }

  unreduced(): UnreducedBigIntVector<Name> {
    return this.unreducedRows(1);
  }

  kept(): BigIntVector<Name> {
    return this;
  }

  setProducts(offset: number, step: number, a: BigIntVector<Name>, b: BigIntVector<Name>): void {
    for (let i = 0; i < a.length; i++) this.set(offset + step * i, this.#field.mul(a.get(i), b.get(i)));
  }

  setSums(offset: number, step: number, a: BigIntVector<Name>, x: bigint): void {
    for (let i = 0; i < a.length; i++) this.set(offset + step * i, this.#field.add(a.get(i), x));
  }

  setDotPairs(offset: number, step: number, a: BigIntVector<Name>, columns: number): void {
    const half = columns / 2;
    for (let k = 0; k < a.length / columns; k++) {
      const [even, odd] = [a.strided(k * columns, 2, half), a.strided(k * columns + 1, 2, half)];
      this.set(offset + step * k, even.dot(odd));
    }
  }

  powersOfEach(columns: number): BigIntVector<Name> {
    return this.#of(this.length * columns, (i) =>
      this.#field.pow(this.get(Math.floor(i / columns)), BigInt((i % columns) + 1)),
    );
  }

  strided(start: number, step: number, count: number): BigIntVector<Name> {
    return this.#of(count, (i) => this.get(start + i * step));
  }

  interleave(offset: number, even: BigIntVector<Name>, odd: BigIntVector<Name>, columns: number): void {
    for (let i = 0; i < even.length; i++) {
      const at = offset + i + columns * Math.floor(i / columns);
      this.set(at, even.get(i));
      this.set(at + columns, odd.get(i));
    }
  }

  dotRows(weights: BigIntVector<Name>): BigIntVector<Name> {
    return this.#of(this.length / weights.length, (k) => weights.dot(this, k * weights.length));
  }

  combineRows(coefficients: BigIntVector<Name>, columns: number): BigIntVector<Name> {
    const rows = this.length / columns;
    return this.#of(columns, (j) => this.strided(j, columns, rows).dot(coefficients));
  }

  unreducedRows(columns: number): UnreducedBigIntVector<Name> {
    return new UnreducedBigIntVector(this.#field, this.slice(0, this.length), columns);
  }

  readBE(i: number, bytes: Uint8Array, start: number, end: number): boolean {
    let x = 0n;
    for (let k = start; k < end; k++) {
      x = (x << 8n) | BigInt(bytes[k] as number);
      // Leading zeros pass. Anything longer than an element ends the loop here, however long the input is.
      if (x >= this.#field.modulus) return false;
    }
    this.set(i, x);
    return true;
  }

  readCandidates(i: number, bytes: Uint8Array, start: number, end: number, stride: number): number {
    let next = i;
    for (let at = start; at < end; at += stride) {
      if (this.readBE(next, bytes, at, at + this.#field.bytes)) next++;
    }
    return next;
  }

  writeBE(i: number, bytes: Uint8Array, start: number): number {
    const x = this.get(i);
    let length = 1;
    while (x >> BigInt(8 * length)) length++;
    for (let k = 0; k < length; k++) bytes[start + k] = Number((x >> BigInt(8 * (length - 1 - k))) & 0xffn);
    return length;
  }

  readLE(i: number, bytes: Uint8Array, start: number, end: number): number {
    const { bytes: size, modulus } = this.#field;
    let next = i;
    for (let at = start; at < end; at += size) {
      let x = 0n;
      for (let k = size - 1; k >= 0; k--) x = (x << 8n) | BigInt(bytes[at + k] as number);
      if (x < modulus) this.set(next++, x);
    }
    return next;
  }

  writeLE(bytes: Uint8Array, start: number): void {
    const { bytes: size } = this.#field;
    this.#values.forEach((value, i) => {
      for (let k = 0, x = value; k < size; k++, x >>= 8n) bytes[start + i * size + k] = Number(x & 0xffn);
    });
  }

  #of(length: number, element: (i: number) => bigint): BigIntVector<Name> {
    return new BigIntVector(
      this.#field,
      Array.from({ length }, (_, i) => element(i)),
    );
  }

  #map(f: (x: bigint, i: number) => bigint): BigIntVector<Name> {
    return new BigIntVector(this.#field, this.#values.map(f));
  }
}

/** The butterflies of the reference. It reduces at every step, so its elements are never redundant. */
class UnreducedBigIntVector<Name extends string> implements UnreducedVector<BigIntVector<Name>> {
  readonly #field: Field<Name>;
  #elements: BigIntVector<Name>;
  /** What is an element here is a row of so many. */
  readonly #columns: number;

  constructor(field: Field<Name>, elements: BigIntVector<Name>, columns: number) {
    this.#field = field;
    this.#elements = elements;
    this.#columns = columns;
  }

  get length(): number {
    return this.#elements.length / this.#columns;
  }

  set(i: number, x: bigint): void {
    for (let c = 0; c < this.#columns; c++) this.#elements.set(this.#columns * i + c, x);
  }

  copyScaled(offset: number, start: number, end: number, x: bigint): void {
    this.#elements.copyScaled(this.#columns * offset, this.#columns * start, this.#columns * end, x);
  }

  stageByElement(start: number, end: number, half: number, twiddles: BigIntVector<Name>): void {
    this.#stage(start, end, half, (_block, j) => twiddles.get(j));
  }

  stageByBlock(start: number, end: number, half: number, twiddles: BigIntVector<Name>): void {
    this.#stage(start, end, half, (block) => twiddles.get(block));
  }

  stageOfSums(start: number, end: number, half: number): void {
    this.#stage(start, end, half, () => 1n);
  }

  multiplyBy(other: BigIntVector<Name>): void {
    for (let i = 0; i < this.length; i++) this.copyScaled(i, i, i + 1, other.get(i));
  }

  reduce(): BigIntVector<Name> {
    const elements = this.#elements;
    this.#elements = elements.slice(0, 0);
    return elements;
  }

  /** `twiddle` gives w for the number of a block in the whole vector and the number of a butterfly in the block. */
  #stage(start: number, end: number, half: number, twiddle: (block: number, j: number) => bigint): void {
    const elements = this.#elements;
    const columns = this.#columns;
    for (let first = start; first < end; first += 2 * half) {
      for (let j = 0; j < half; j++) {
        const w = twiddle(first / (2 * half), j);
        for (let i = columns * (first + j); i < columns * (first + j + 1); i++) {
          const u = elements.get(i);
          const v = this.#field.mul(elements.get(i + columns * half), w);
          elements.set(i, this.#field.add(u, v));
          elements.set(i + columns * half, this.#field.sub(u, v));
        }
      }
    }
  }
}

/** The vectors of any field, one bigint an element. */
export function bigIntSpace<Name extends string>(field: Field<Name>): VectorSpace<BigIntVector<Name>> {
  const zeros = (length: number) => new BigIntVector(field, new Array<bigint>(length).fill(0n));
  return {
    field,
    zeros,
    unreducedZeros: (length) => zeros(length).unreduced(),
    fromBigInts: (values) => new BigIntVector(field, values.slice()),
    fromIntegers: (values) => new BigIntVector(field, Array.from(values, BigInt)),
  };
}
