// Packed vectors over the fields of Prio3: the fast implementation of vector.ts for any prime that has the loops of
// limbs.ts. packed64.ts and packed128.ts make the spaces. (packed87.ts has a class of its own: engines compile a method
// best while it has met one kind of loops, and Prio v1 must not pay for what Prio3 computes with.)

import { PrioError } from "../errors.js";
import { doubles, hasDoubles } from "./doubles.js";
import type { Limbs } from "./limbs.js";
import { allocate, copyOf } from "./slab.js";
import type { LittleEndianElements, MatrixElements, UnreducedVector, Vector, VectorSpace } from "./vector.js";

/** From this many butterflies a twiddle on, it pays to prepare the twiddle. */
const WORTH_PREPARING = 4;

/** Holds the scalar of an operation on vectors. A new typed array would cost as much as ten products. */
const SCALAR: Float64Array = /* @__PURE__ */ doubles(6);
const NONE: Float64Array = /* @__PURE__ */ doubles(0);
/** The bytes of a few elements on their way. A new view of bytes would take as long as to copy these. */
const FEW = /* @__PURE__ */ new Uint8Array(256);
const FEW_WORDS = /* @__PURE__ */ new DataView(FEW.buffer);

/** `Name` is the field's name, so that vectors of two fields have two types, neither of which is the other's. */
export class PackedVector<in out Name extends string>
  implements Vector<PackedVector<Name>>, LittleEndianElements, MatrixElements<PackedVector<Name>>
{
  readonly length: number;
  readonly #loops: Limbs<Name>;
  /** In the usual form. */
  readonly #limbs: Float64Array;

  constructor(loops: Limbs<Name>, limbs: Float64Array) {
    this.#loops = loops;
    this.#limbs = limbs;
    this.length = limbs.length / loops.size;
  }

  /** The limbs of a vector, for this file alone. No static block gives them out: React Native's Babel refuses those. */
  static limbsOf<Name extends string>(vector: PackedVector<Name>): Float64Array {
    return vector.#limbs;
  }

  get(i: number): bigint {
    return toElement(this.#loops, this.#limbs, i);
  }

  set(i: number, x: bigint): void {
    setElement(this.#loops, this.#limbs, i, x);
  }

  kept(): PackedVector<Name> {
    const limbs = this.#limbs;
    return limbs.byteLength === limbs.buffer.byteLength ? this : this.#with(limbs.slice());
  }

  toBigInts(): bigint[] {
    const values = new Array<bigint>(this.length);
    for (let i = 0; i < values.length; i++) values[i] = this.get(i);
    return values;
  }

  slice(start: number, end: number): PackedVector<Name> {
    const { size } = this.#loops;
    return this.#with(copyOf(this.#limbs, size * start, size * end));
  }

  setAll(source: PackedVector<Name>, offset: number): void {
    this.#limbs.set(source.#limbs, this.#loops.size * offset);
  }

  copyScaled(offset: number, start: number, end: number, x: bigint): void {
    setElement(this.#loops, SCALAR, 0, x);
    this.#loops.multiplyAll(this.#limbs, offset, 1, this.#limbs, start, SCALAR, 0, 0, end - start);
  }

  swap(i: number, j: number): void {
    const limbs = this.#limbs;
    const { size } = this.#loops;
    for (let k = 0; k < size; k++) {
      const limb = limbs[size * i + k] as number;
      limbs[size * i + k] = limbs[size * j + k] as number;
      limbs[size * j + k] = limb;
    }
  }

  add(other: PackedVector<Name>): PackedVector<Name> {
    const result = allocate(this.#limbs.length);
    this.#loops.addAll(result, 0, 1, this.#limbs, 0, 1, other.#limbs, 0, 1, this.length);
    return this.#with(result);
  }

  sub(other: PackedVector<Name>): PackedVector<Name> {
    const result = allocate(this.#limbs.length);
    this.#loops.addAll(result, 0, 1, this.#limbs, 0, -1, other.#limbs, 0, 1, this.length);
    return this.#with(result);
  }

  mul(other: PackedVector<Name>): PackedVector<Name> {
    const result = allocate(this.#limbs.length);
    this.#loops.multiplyAll(result, 0, 1, this.#limbs, 0, other.#limbs, 0, 1, this.length);
    return this.#with(result);
  }

  scale(x: bigint): PackedVector<Name> {
    setElement(this.#loops, SCALAR, 0, x);
    const result = allocate(this.#limbs.length);
    this.#loops.multiplyAll(result, 0, 1, this.#limbs, 0, SCALAR, 0, 0, this.length);
    return this.#with(result);
  }

  accumulate(other: PackedVector<Name>): void {
    this.#loops.addAll(this.#limbs, 0, 1, this.#limbs, 0, 1, other.#limbs, 0, 1, this.length);
  }

  accumulateAt(other: PackedVector<Name>, offset: number): void {
    this.#loops.addAll(this.#limbs, offset, 1, this.#limbs, offset, 1, other.#limbs, 0, 1, other.length);
  }

  subtractFrom(other: PackedVector<Name>): void {
    this.#loops.addAll(this.#limbs, 0, 1, other.#limbs, 0, -1, this.#limbs, 0, 1, this.length);
  }

  multiplyBy(other: PackedVector<Name>): void {
    this.#loops.multiplyAll(this.#limbs, 0, 1, this.#limbs, 0, other.#limbs, 0, 1, this.length);
  }

  sum(start = 0, end: number = this.length): bigint {
    const { field, size } = this.#loops;
    // Limbs are at most 2^21 units, so the sum of 2^32 of them is exact. No typed array holds as many.
    let sum = 0n;
    for (let k = 0; k < size; k++) {
      let limb = 0;
      for (let i = size * start + k; i < size * end; i += size) limb += this.#limbs[i] as number;
      sum += BigInt(limb);
    }
    return field.reduce(sum);
  }

  dot(other: PackedVector<Name>, offset = 0): bigint {
    this.#loops.dotInto(SCALAR, 0, this.#limbs, 0, 1, other.#limbs, offset, 1, this.length);
    return toElement(this.#loops, SCALAR, 0);
  }

  unreduced(): UnreducedPackedVector<Name> {
    return this.unreducedRows(1);
  }

  setProducts(offset: number, step: number, a: PackedVector<Name>, b: PackedVector<Name>): void {
    this.#loops.multiplyAll(this.#limbs, offset, step, a.#limbs, 0, b.#limbs, 0, 1, a.length);
  }

  setSums(offset: number, step: number, a: PackedVector<Name>, x: bigint): void {
    setElement(this.#loops, SCALAR, 0, x);
    this.#loops.addAll(this.#limbs, offset, step, a.#limbs, 0, 1, SCALAR, 0, 0, a.length);
  }

  setDotPairs(offset: number, step: number, a: PackedVector<Name>, columns: number): void {
    const { dotInto } = this.#loops;
    const rows = a.length / columns;
    for (let k = 0; k < rows; k++) {
      dotInto(this.#limbs, offset + step * k, a.#limbs, k * columns, 2, a.#limbs, k * columns + 1, 2, columns / 2);
    }
  }

  powersOfEach(columns: number): PackedVector<Name> {
    const { size, multiplyAll } = this.#loops;
    const powers = allocate(this.#limbs.length * columns);
    for (let i = 0; i < this.length; i++) {
      const row = i * columns;
      powers.set(this.#limbs.subarray(size * i, size * (i + 1)), size * row);
      // The last of the powers so far takes all of them to the next ones.
      for (let done = 1; done < columns; done *= 2) {
        multiplyAll(powers, row + done, 1, powers, row, powers, row + done - 1, 0, Math.min(done, columns - done));
      }
    }
    return this.#with(powers);
  }

  strided(start: number, step: number, count: number): PackedVector<Name> {
    const { size } = this.#loops;
    const result = allocate(size * count);
    for (let i = 0, from = size * start; i < result.length; i += size, from += size * step) {
      for (let k = 0; k < size; k++) result[i + k] = this.#limbs[from + k] as number;
    }
    return this.#with(result);
  }

  interleave(offset: number, even: PackedVector<Name>, odd: PackedVector<Name>, columns: number): void {
    const limbs = this.#limbs;
    const { size } = this.#loops;
    const width = size * columns;
    for (let row = 0, at = size * offset; row < even.#limbs.length; row += width, at += 2 * width) {
      for (let k = 0; k < width; k++) {
        limbs[at + k] = even.#limbs[row + k] as number;
        limbs[at + width + k] = odd.#limbs[row + k] as number;
      }
    }
  }

  dotRows(weights: PackedVector<Name>): PackedVector<Name> {
    const { size, dotInto } = this.#loops;
    const columns = weights.length;
    const rows = this.length / columns;
    const result = allocate(size * rows);
    for (let k = 0; k < rows; k++) dotInto(result, k, this.#limbs, k * columns, 1, weights.#limbs, 0, 1, columns);
    return this.#with(result);
  }

  combineRows(coefficients: PackedVector<Name>, columns: number): PackedVector<Name> {
    const { size, dotInto } = this.#loops;
    const rows = this.length / columns;
    const result = allocate(size * columns);
    for (let j = 0; j < columns; j++) dotInto(result, j, this.#limbs, j, columns, coefficients.#limbs, 0, 1, rows);
    return this.#with(result);
  }

  unreducedRows(columns: number): UnreducedPackedVector<Name> {
    return new UnreducedPackedVector(this.#loops, copyOf(this.#limbs), columns);
  }

  readLE(i: number, bytes: Uint8Array, start: number, end: number): number {
    const { readAll } = this.#loops;
    if (end - start > FEW.length) return readAll(this.#limbs, i, viewOf(bytes), start, end);
    for (let k = 0; k < end - start; k++) FEW[k] = bytes[start + k] as number;
    return readAll(this.#limbs, i, FEW_WORDS, 0, end - start);
  }

  writeLE(bytes: Uint8Array, start: number): void {
    const { field, writeAll } = this.#loops;
    const size = field.bytes * this.length;
    if (size > FEW.length) {
      writeAll(this.#limbs, 0, this.length, viewOf(bytes), start);
      return;
    }
    writeAll(this.#limbs, 0, this.length, FEW_WORDS, 0);
    for (let k = 0; k < size; k++) bytes[start + k] = FEW[k] as number;
  }

  #with(limbs: Float64Array): PackedVector<Name> {
    return new PackedVector(this.#loops, limbs);
  }
}

/** Its elements are sums of operands: one, and one more from each stage, of which there are fewer than loops allow. */
class UnreducedPackedVector<in out Name extends string> implements UnreducedVector<PackedVector<Name>> {
  readonly #loops: Limbs<Name>;
  #limbs: Float64Array;
  /** What is an element here is a row of so many. */
  readonly #columns: number;

  constructor(loops: Limbs<Name>, limbs: Float64Array, columns: number) {
    this.#loops = loops;
    this.#limbs = limbs;
    this.#columns = columns;
  }

  get length(): number {
    return this.#limbs.length / (this.#loops.size * this.#columns);
  }

  set(i: number, x: bigint): void {
    for (let c = 0; c < this.#columns; c++) setElement(this.#loops, this.#limbs, this.#columns * i + c, x);
  }

  copyScaled(offset: number, start: number, end: number, x: bigint): void {
    const { carryAll, multiplyAll } = this.#loops;
    const columns = this.#columns;
    setElement(this.#loops, SCALAR, 0, x);
    carryAll(this.#limbs, columns * start, columns * end);
    multiplyAll(this.#limbs, columns * offset, 1, this.#limbs, columns * start, SCALAR, 0, 0, columns * (end - start));
  }

  stageByElement(start: number, end: number, half: number, twiddles: PackedVector<Name>): void {
    const { butterflies, carryAll, multiplyAll } = this.#loops;
    const limbs = this.#limbs;
    const columns = this.#columns;
    const w = PackedVector.limbsOf(twiddles);
    const blocks = (end - start) / (2 * half);
    if (columns === 1 && blocks < WORTH_PREPARING) {
      for (let v = start + half; v < end; v += 2 * half) {
        carryAll(limbs, v, v + half);
        multiplyAll(limbs, v, 1, limbs, v, w, 0, 1, half);
      }
      this.stageOfSums(start, end, half);
      return;
    }
    for (let j = 0; j < half; j++) {
      butterflies(limbs, columns * (start + j), columns * half, columns, blocks, w, j);
    }
  }

  stageByBlock(start: number, end: number, half: number, twiddles: PackedVector<Name>): void {
    const { butterflies, carryAll, multiplyAll } = this.#loops;
    const limbs = this.#limbs;
    const columns = this.#columns;
    const w = PackedVector.limbsOf(twiddles);
    if (columns * half < WORTH_PREPARING) {
      // Element by element of the upper halves, those of all blocks at once.
      const block = 2 * columns * half;
      carryAll(limbs, columns * start, columns * end);
      for (let v = columns * start + block / 2; v < columns * start + block; v++) {
        multiplyAll(limbs, v, block, w, start / (2 * half), limbs, v, block, (end - start) / (2 * half));
      }
      this.stageOfSums(start, end, half);
      return;
    }
    for (let first = start; first < end; first += 2 * half) {
      butterflies(limbs, columns * first, columns * half, columns * half, 1, w, first / (2 * half));
    }
  }

  stageOfSums(start: number, end: number, half: number): void {
    const limbs = this.#limbs;
    const width = this.#loops.size * this.#columns;
    // Each result is a sum of two operands, as that of a butterfly is.
    for (let first = start; first < end; first += 2 * half) {
      for (let i = width * first, j = width * (first + half), last = j; i < last; i++, j++) {
        const u = limbs[i] as number;
        const v = limbs[j] as number;
        limbs[i] = u + v;
        limbs[j] = u - v;
      }
    }
  }

  multiplyBy(other: PackedVector<Name>): void {
    const { carryAll, multiplyAll } = this.#loops;
    const limbs = this.#limbs;
    const columns = this.#columns;
    const { length } = this;
    const w = PackedVector.limbsOf(other);
    carryAll(limbs, 0, columns * length);
    if (columns === 1) multiplyAll(limbs, 0, 1, limbs, 0, w, 0, 1, length);
    else for (let i = 0; i < length; i++) multiplyAll(limbs, columns * i, 1, limbs, columns * i, w, i, 0, columns);
  }

  reduce(): PackedVector<Name> {
    const limbs = this.#limbs;
    this.#limbs = NONE;
    this.#loops.carryAll(limbs, 0, limbs.length / this.#loops.size);
    return new PackedVector(this.#loops, limbs);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Sets element i to x, in [0, p). */
function setElement<Name extends string>(loops: Limbs<Name>, limbs: Float64Array, i: number, x: bigint): void {
  FEW_WORDS.setBigUint64(0, x, true);
  if (loops.field.bytes > 8) FEW_WORDS.setBigUint64(8, x >> 64n, true);
  loops.readAll(limbs, i, FEW_WORDS, 0, loops.field.bytes);
}

function toElement<Name extends string>(loops: Limbs<Name>, limbs: Float64Array, i: number): bigint {
  loops.writeAll(limbs, i, i + 1, FEW_WORDS, 0);
  const low = FEW_WORDS.getBigUint64(0, true);
  return loops.field.bytes > 8 ? (FEW_WORDS.getBigUint64(8, true) << 64n) | low : low;
}

/** The packed vectors of a field. Throws `unsupported` where there is no Float64Array. */
export function packedSpace<Name extends string>(loops: Limbs<Name>): VectorSpace<PackedVector<Name>> {
  if (!hasDoubles) {
    throw new PrioError("unsupported", "vectors: expected the platform's Float64Array, found none");
  }
  const { field, size } = loops;
  const vector = (limbs: Float64Array) => new PackedVector(loops, limbs);
  return {
    field,
    zeros: (length) => vector(allocate(size * length)),
    unreducedZeros: (length) => new UnreducedPackedVector(loops, allocate(size * length), 1),
    fromBigInts: (values) => {
      const limbs = allocate(size * values.length);
      for (let i = 0; i < values.length; i++) setElement(loops, limbs, i, values[i] as bigint);
      return vector(limbs);
    },
    fromIntegers: (values) => {
      const limbs = allocate(size * values.length);
      for (let i = 0; i < values.length; i++) limbs[size * i] = values[i] as number;
      return vector(limbs);
    },
  };
}
