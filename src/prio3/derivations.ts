// What Prio3 derives from seeds, each for its own usage and bound to the application context: helpers' shares, and the
// randomness of proofs and queries (VDAF draft, sections 6.2.3 and 7.2.6).

import { byteOf, concat, copyOfBytes, lengthOfBytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { Elements } from "./elements.js";
import type { Flp } from "./flp.js";
import { deriveSeed, expandIntoVector, type Xof } from "./xof.js";

/** The draft's version, in every domain separation tag. */
const VERSION = 18;
const CLASS_VDAF = 0;
/** Bytes of a domain separation tag before the context. */
const TAG_HEAD_SIZE = 8;

/** What an XOF is used for. */
const USAGE = {
  measShare: 1,
  proofShare: 2,
  jointRandomness: 3,
  proveRandomness: 4,
  queryRandomness: 5,
  jointRandSeed: 6,
  jointRandPart: 7,
} as const;

/** Makes the tag of a usage, to be hashed before the next one is made: it is the same array each time. */
export type Tags = (usage: number) => Uint8Array;

/** A share of an encoded measurement. */
export interface MeasShare<V> {
  readonly vector: V;
  /** Its bytes, which joint randomness depends on. Where there is none, a helper has no use for them. */
  readonly bytes: Uint8Array;
}

/** The derivations of one instance. Vectors are for all of its proofs, one after the other. */
export class Derivations<V extends Elements<V>> {
  readonly #xof: Xof;
  readonly #flp: Flp<V, never, unknown>;
  readonly #proofs: number;
  /** A domain separation tag up to the context; the last byte is that of the usage. */
  readonly #tagHead: Uint8Array;

  constructor(xof: Xof, flp: Flp<V, never, unknown>, proofs: number, id: number) {
    this.#xof = xof;
    this.#flp = flp;
    this.#proofs = proofs;
    this.#tagHead = Uint8Array.of(VERSION, CLASS_VDAF, id >>> 24, id >>> 16, id >>> 8, id, 0, 0);
  }

  /** Domain separation tags for one application context. Throws for one that is too long, or no bytes. */
  tags(ctx: Uint8Array): Tags {
    const max = this.#xof.maxTagSize - TAG_HEAD_SIZE;
    const size = lengthOfBytes(ctx, "context");
    if (size > max) throw new PrioError("out-of-range", `context: expected at most ${max} bytes, got ${size}`);
    const tag = concat(this.#tagHead, copyOfBytes(ctx, "context", size));
    return (usage) => {
      tag[TAG_HEAD_SIZE - 1] = usage;
      return tag;
    };
  }

  helperMeasShare(tags: Tags, id: number, seed: Uint8Array): MeasShare<V> {
    const { space, circuit } = this.#flp;
    const { measurementLength, jointRandLength } = circuit;
    const bytes = jointRandLength > 0 ? new Uint8Array(measurementLength * space.field.bytes) : undefined;
    const vector = this.#expand(seed, tags(USAGE.measShare), [byteOf(id)], measurementLength, bytes);
    return { vector, bytes: bytes ?? new Uint8Array(0) };
  }

  helperProofsShare(tags: Tags, id: number, seed: Uint8Array): V {
    const binder = [byteOf(this.#proofs), byteOf(id)];
    return this.#expand(seed, tags(USAGE.proofShare), binder, this.#flp.proofLength * this.#proofs);
  }

  proveRands(tags: Tags, seed: Uint8Array): V {
    const length = this.#flp.proveRandLength * this.#proofs;
    return this.#expand(seed, tags(USAGE.proveRandomness), [byteOf(this.#proofs)], length);
  }

  queryRands(tags: Tags, verifyKey: Uint8Array, nonce: Uint8Array): V {
    const binder = [byteOf(this.#proofs), nonce];
    return this.#expand(verifyKey, tags(USAGE.queryRandomness), binder, this.#flp.queryRandLength * this.#proofs);
  }

  /** `meas` is the encoded share of the measurement. */
  jointRandPart(tags: Tags, id: number, blind: Uint8Array, meas: Uint8Array, nonce: Uint8Array): Uint8Array {
    return deriveSeed(this.#xof, blind, tags(USAGE.jointRandPart), byteOf(id), nonce, meas);
  }

  jointRandSeed(tags: Tags, parts: readonly Uint8Array[]): Uint8Array {
    return deriveSeed(this.#xof, new Uint8Array(this.#xof.seedSize), tags(USAGE.jointRandSeed), ...parts);
  }

  jointRands(tags: Tags, seed: Uint8Array): V {
    const length = this.#flp.circuit.jointRandLength * this.#proofs;
    return this.#expand(seed, tags(USAGE.jointRandomness), [byteOf(this.#proofs)], length);
  }

  #expand(seed: Uint8Array, dst: Uint8Array, binder: readonly Uint8Array[], length: number, encoded?: Uint8Array): V {
    return expandIntoVector(this.#xof, this.#flp.space, seed, dst, binder, length, encoded);
  }
}
