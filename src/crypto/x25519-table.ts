// X25519 with a public key that is used again and again, as a client uses a server's. The Montgomery ladder takes 255
// steps each time; a table of the key's multiples takes a fifth of the time. The table is noble's, for points of the
// Edwards curve that is birationally equivalent to Curve25519 (RFC 7748 section 4.1).

import { type EdwardsPoint, type EdwardsPointCons, edwards } from "@noble/curves/abstract/edwards.js";
import { Field } from "@noble/curves/abstract/modular.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { systemRandom } from "../core/random.js";

const KEY_BYTES = 32;

/**
 * Six bits of a scalar at a time: 1,408 points, about 330 KB. Eight bits would save an eighth of the time of an
 * agreement, and the table would take three times as long to make.
 */
const WINDOW_BITS = 6;

/** 2^255 − 19 */
export const p: bigint = (1n << 255n) - 19n;

let curve: EdwardsPointCons | undefined;

/** edwards25519, made at its first use: most programs never use it. */
function edwards25519(): EdwardsPointCons {
  curve ??= edwards(
    {
      p,
      n: (1n << 252n) + 0x14def9dea2f79cd65812631a5cf5d3edn,
      h: 8n,
      a: p - 1n,
      d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
      Gx: 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
      Gy: 0x6666666666666666666666666666666666666666666666666666666666666658n,
    },
    { Fp: fieldWithBlindedInversion() },
  );
  return curve;
}

/**
 * The time of noble's inversion depends on the element inverted, which here depends on a private key. So every
 * inversion, noble's at the end of a product and our own, is of a random multiple of the element.
 */
function fieldWithBlindedInversion(): ReturnType<typeof Field> {
  const field = Field(p, { isLE: true });
  const inv = (x: bigint) => {
    const blind = field.create(bytesToNumberLE(systemRandom(KEY_BYTES)));
    return field.mul(blind, field.inv(field.mul(x, blind)));
  };
  return Object.create(field, { inv: { value: inv } });
}

/** The multiples of one public key. */
export class Multiples {
  /** Eight times the key's point. It is of prime order, whatever low-order part the key had. */
  readonly #point: EdwardsPoint;

  private constructor(point: EdwardsPoint) {
    this.#point = point.precompute(WINDOW_BITS, false);
  }

  /** The multiples of a 32-byte public key, or null if its point is on the curve's twist or of low order. */
  static of(publicKey: Uint8Array): Multiples | null {
    const Point = edwards25519();
    const { Fp } = Point;
    // The top bit is ignored, and the rest is taken modulo p (RFC 7748 section 5).
    const u = Fp.create(bytesToNumberLE(publicKey) & ((1n << 255n) - 1n));
    if (u === p - 1n) return null;
    const y = Fp.mul(Fp.sub(u, 1n), Fp.inv(Fp.add(u, 1n)));
    let point: EdwardsPoint;
    try {
      // Either of the two points with this y will do: u does not depend on the sign of x.
      point = Point.fromBytes(Fp.toBytes(y));
    } catch {
      return null;
    }
    const multiple = point.clearCofactor();
    return multiple.is0() ? null : new Multiples(multiple);
  }

  /** X25519 of a 32-byte private key and this public key: 32 bytes, never all zero. */
  times(privateKey: Uint8Array): Uint8Array {
    const { Fp } = edwards25519();
    // Clamped, k is 2^254 plus a multiple of 8 below 2^254 (RFC 7748 section 5). So k/8 is a scalar below the order,
    // and k·P is k/8 · 8P. The division drops the lowest three bits.
    const k = (bytesToNumberLE(privateKey) & ((1n << 254n) - 1n)) | (1n << 254n);
    const { Y, Z } = this.#point.multiply(k >> 3n);
    return numberToBytesLE(Fp.mul(Fp.add(Z, Y), Fp.inv(Fp.sub(Z, Y))), KEY_BYTES);
  }
}
