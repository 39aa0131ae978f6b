// What is measured of Prio3: the instances, each with the numbers that make it in every program, and the ratios of time
// that are aimed at.

/** @import { Prio3Step } from "../results.js" */

/** The steps of a report: the client's, the first one of each aggregator, and what is left to do at the helper. */
export const STEPS = /** @type {const} */ (["shard", "leader", "helper", "finish"]);

/**
 * @typedef {object} Instance
 * @property {string} name as in the tables
 * @property {readonly [type: string, ...numbers: number[]]} args for the programs
 * @property {Partial<Record<Prio3Step, number>>} [most] times libprio-rs's time
 * @property {Partial<Record<Prio3Step, number>>} [least] times as fast as `@divviup/prio3`
 * @property {boolean} [isProfiled] whether the documents say where its time goes
 */

const both = (/** @type {number} */ ratio) => ({ leader: ratio, helper: ratio });

/**
 * The numbers are: the length, the largest element or the largest weight, the chunk length, proofs.
 * test/package/bench-prio3.test.ts checks that the chunk lengths are the optimal ones.
 *
 * @type {readonly Instance[]}
 */
export const instances = [
  { name: "Count", args: ["Prio3Count"], most: { shard: 8, ...both(8) }, isProfiled: true },
  { name: "Sum of 32 bits", args: ["Prio3Sum", 2 ** 32 - 1], most: { shard: 4, ...both(1) }, isProfiled: true },
  {
    name: "SumVec of 1,000 bits",
    args: ["Prio3SumVec", 1000, 1, 33],
    most: { shard: 2.5, ...both(2.8) },
    least: { shard: 25, ...both(35) },
    isProfiled: true,
  },
  {
    name: "SumVec of 10,000 bits",
    args: ["Prio3SumVec", 10_000, 1, 79],
    most: { shard: 2.8, ...both(2.3) },
    isProfiled: true,
  },
  { name: "Histogram of 100", args: ["Prio3Histogram", 100, 7], most: { shard: 4, ...both(4) } },
  { name: "Histogram of 1,000", args: ["Prio3Histogram", 1000, 33], most: { shard: 2.5, ...both(2.8) } },
  { name: "MultihotCountVec of 1,000", args: ["Prio3MultihotCountVec", 1000, 100, 33] },
  { name: "SumVecWithMultiproof of 1,000 bits", args: ["Prio3SumVecWithMultiproof", 1000, 1, 33, 3] },
];

/** The instances that `@divviup/prio3` has. */
export const ofDivviup = new Set(["Prio3Count", "Prio3Sum", "Prio3SumVec", "Prio3Histogram"]);
