// Noise on an aggregate: what an operator may ask for, how it is written down, and how it is drawn so that it is drawn
// once, however often the same reports are aggregated.
//
// A second draw on the same total would take noise away: the mean of many draws is the exact total. So a draw is a
// function of the exact total share, of the noise asked for and of this server's private key. Whoever does not have
// that key cannot tell it from a fresh one; a run that is repeated, after a crash or on purpose, adds the same again;
// and a total of other reports gets noise that has nothing to do with it. Whoever has the private key, and could open
// every packet with it, can compute the noise as well.

import { createCipheriv, createHmac } from "node:crypto";
import { shown } from "../core/bytes.js";
import { buffered, type RandomSource } from "../core/random.js";
import { type Noise, PureBudget, type Rational, type Sensitivity, ZeroConcentratedBudget } from "../dp/index.js";
import { rational } from "../dp/rational.js";
import { discreteGaussian, discreteLaplace } from "../dp/samplers.js";
import { PrioError } from "../index.js";

interface Kind {
  /** What says how wide the distribution is, and the budget that makes it of a sensitivity. */
  readonly width: string;
  readonly budget: string;
  readonly widthOf: (budget: Rational, sensitivity: Sensitivity) => Rational;
  /** With more, one of 10^20 totals could leave the 64 bits that it is published in. */
  readonly maxBits: bigint;
  readonly draw: (width: Rational, random: RandomSource) => bigint;
  /** The variance of a draw; of the Gaussian, that of the continuous one, which is a little greater. */
  readonly varianceOf: (width: number) => number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  laplace: {
    width: "scale",
    budget: "epsilon",
    widthOf: (epsilon, sensitivity) => new PureBudget(epsilon).noiseFor(sensitivity).scale,
    maxBits: 58n,
    draw: discreteLaplace,
    // 2e^(−1/b) / (1 − e^(−1/b))²
    varianceOf: (scale) => 1 / (2 * Math.sinh(1 / (2 * scale)) ** 2),
  },
  gaussian: {
    width: "variance",
    budget: "rho",
    widthOf: (rho, sensitivity) => new ZeroConcentratedBudget(rho).noiseFor(sensitivity).variance,
    maxBits: 120n,
    draw: discreteGaussian,
    varianceOf: (variance) => variance,
  },
};

/** What {@link parseNoise} reads has this form. */
export const NOISE_PATTERN = "^(laplace:(epsilon|scale)|gaussian:(rho|variance))=\\d{1,100}([./]\\d{1,100})?$";

/** Noise on each total of an aggregate. */
export interface TotalNoise {
  readonly draw: (random: RandomSource) => bigint;
  /** The variance of a draw. */
  readonly variance: number;
  /** The distribution, such as `laplace:scale=6`: the same for all ways to write it. */
  readonly distribution: string;
  /** The note in the aggregate's file, such as `laplace:epsilon=1/2,scale=6`. */
  readonly note: string;
}

/**
 * Reads what an operator asks for: `laplace:epsilon=…` or `laplace:scale=…`, `gaussian:rho=…` or `gaussian:variance=…`,
 * with an integer, a decimal fraction or a fraction above 0. Throws `invalid-argument`, `out-of-range`.
 */
export function parseNoise(text: string, sensitivity: Sensitivity): TotalNoise {
  const [, name = "", parameter = "", value = ""] = /^([a-z]+):([a-z]+)=(.*)$/.exec(text) ?? [];
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined || (parameter !== kind.width && parameter !== kind.budget)) {
    const forms = Object.entries(KINDS).flatMap(([each, { width, budget }]) => [
      `${each}:${budget}=…`,
      `${each}:${width}=…`,
    ]);
    const listed = forms.join(", ").replace(/, ([^,]*)$/, " or $1");
    throw new PrioError("invalid-argument", `expected ${listed}, got ${shown(text)}`);
  }
  const given = rational(value, parameter);
  if (given.numerator === 0n) throw new PrioError("out-of-range", `${parameter}: expected a number above 0`);
  const width = parameter === kind.width ? given : kind.widthOf(given, sensitivity);
  if (width.numerator > 2n ** kind.maxBits * width.denominator) {
    throw new PrioError(
      "out-of-range",
      `${parameter}: expected a ${kind.width} of at most 2^${kind.maxBits}: totals have 64 bits`,
    );
  }
  const asked = parameter === kind.budget ? `${parameter}=${written(given)},` : "";
  const extent = `${kind.width}=${written(width)}`;
  return {
    draw: (random) => kind.draw(width, random),
    variance: kind.varianceOf(Number(width.numerator) / Number(width.denominator)),
    distribution: `${name}:${extent}`,
    note: `${name}:${asked}${extent}`,
  };
}

function written({ numerator, denominator }: Rational): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`;
}

/** The most characters of a note that is read. */
const MAX_NOTE = 500;

/** Whether a text, in a file from elsewhere, can be the note of some noise. */
export function isNoiseNote(text: string): boolean {
  return text.length <= MAX_NOTE && /^[a-z]+:[a-z]+=\d+(\/\d+)?(,[a-z]+=\d+(\/\d+)?)*$/.test(text);
}

const LABEL = "prio v1 noise on a total share";
/** Bytes of randomness made at once. */
const RANDOM_BYTES = 2 ** 14;

/** What a draw depends on, besides the distribution. */
export interface DrawnFor {
  /** This server's private key, 32 bytes. */
  readonly privateKey: Uint8Array;
  readonly batchId: string;
  /** The total share without noise. */
  readonly share: Uint8Array;
}

/** The noise for a total share: the same each time. */
export function noiseForShare({ draw, distribution }: TotalNoise, { privateKey, batchId, share }: DrawnFor): Noise {
  const hmac = createHmac("sha256", privateKey);
  for (const part of [Buffer.from(LABEL), Buffer.from(batchId), Buffer.from(distribution), share]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hmac.update(length).update(part);
  }
  const cipher = createCipheriv("aes-256-ctr", hmac.digest(), Buffer.alloc(16));
  // A Buffer's slices share its memory, so this is none.
  const random = buffered((length) => new Uint8Array(cipher.update(new Uint8Array(length))), RANDOM_BYTES);
  return { sample: () => draw(random) };
}
