// Prio3 live against libprio-rs: fresh reports of every instance, in which each role (client, each aggregator, the one
// who puts verifier shares together, collector) is played by this package or by libprio-rs, honest and tampered. Builds
// the small program of test/libprio-rs with cargo; without cargo it says so in one line. Run `npm run build` first.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import * as prio3 from "../dist/prio3/index.js";

const REPORTS = 200;
/** One report in three is changed somewhere. */
const TAMPERED = 3;

const root = fileURLToPath(new URL("..", import.meta.url));
const target = `${root}/node_modules/.cache/libprio-rs`;
const crate = `${root}/test/libprio-rs`;

/**
 * @typedef {{ name: string, args: (string | number)[], vdaf: prio3.Vdaf<any, unknown>, draw: () => number[] }} Instance
 */

const bits = (/** @type {number} */ length) => () => Array.from({ length }, () => randomInt(2));
const integers = (/** @type {number} */ length, /** @type {number} */ max) => () =>
  Array.from({ length }, () => randomInt(max + 1));

/** @type {Instance[]} */
const instances = [
  { name: "Prio3Count", args: [2], vdaf: new prio3.Prio3Count(), draw: bits(1) },
  { name: "Prio3Count", args: [3], vdaf: new prio3.Prio3Count({ shares: 3 }), draw: bits(1) },
  { name: "Prio3Sum", args: [2, 1337], vdaf: new prio3.Prio3Sum({ maxMeasurement: 1337 }), draw: integers(1, 1337) },
  sumVecOf(2, 20, 1),
  sumVecOf(4, 3, 500),
  multiproofOf("Prio3SumVecWithMultiproof", "turboshake"),
  multiproofOf("Prio3SumVecWithMultiproofHmac", "hmac-aes"),
  histogramOf(2, 30),
  histogramOf(5, 7),
  multihotOf(9, 4),
  l1BoundSumOf(6, 100),
];

/** @param {number} shares @param {number} length @param {number} maxMeasurement @returns {Instance} */
function sumVecOf(shares, length, maxMeasurement) {
  const vdaf = new prio3.Prio3SumVec({ shares, length, maxMeasurement });
  const args = [shares, maxMeasurement, length, vdaf.chunkLength];
  return { name: "Prio3SumVec", args, vdaf, draw: integers(length, maxMeasurement) };
}

/** @param {string} name @param {"turboshake" | "hmac-aes"} xof @returns {Instance} */
function multiproofOf(name, xof) {
  const [length, maxMeasurement, proofs, algorithmId] = [10, 255, 3, 0xffff1003];
  const vdaf = new prio3.Prio3SumVecWithMultiproof({ length, maxMeasurement, proofs, algorithmId, xof });
  const args = [2, maxMeasurement, length, vdaf.chunkLength, proofs, algorithmId];
  return { name, args, vdaf, draw: integers(length, maxMeasurement) };
}

/** @param {number} shares @param {number} length @returns {Instance} */
function histogramOf(shares, length) {
  const vdaf = new prio3.Prio3Histogram({ shares, length });
  return { name: "Prio3Histogram", args: [shares, length, vdaf.chunkLength], vdaf, draw: integers(1, length - 1) };
}

/** @param {number} length @param {number} maxWeight @returns {Instance} */
function multihotOf(length, maxWeight) {
  const vdaf = new prio3.Prio3MultihotCountVec({ length, maxWeight });
  const draw = () => {
    const chosen = new Set(Array.from({ length: randomInt(maxWeight + 1) }, () => randomInt(length)));
    return Array.from({ length }, (_, i) => Number(chosen.has(i)));
  };
  return { name: "Prio3MultihotCountVec", args: [2, length, maxWeight, vdaf.chunkLength], vdaf, draw };
}

/** @param {number} length @param {number} maxValue @returns {Instance} */
function l1BoundSumOf(length, maxValue) {
  const vdaf = new prio3.Prio3L1BoundSum({ length, maxValue });
  const draw = () => {
    let left = maxValue;
    return Array.from({ length }, () => {
      const x = randomInt(left + 1);
      left -= x;
      return x;
    });
  };
  return { name: "Prio3L1BoundSum", args: [2, maxValue, length, vdaf.chunkLength], vdaf, draw };
}

const hex = (/** @type {Uint8Array} */ bytes) => (bytes.length === 0 ? "-" : Buffer.from(bytes).toString("hex"));
const bytes = (/** @type {string} */ text) => new Uint8Array(text === "-" ? [] : Buffer.from(text, "hex"));

/** The steps of a party. Each returns null where it refuses. */
class Ours {
  /** @type {Map<string, prio3.VerifyState>} */
  #states = new Map();
  /** @type {Map<string, prio3.AggregateShare>} */
  #totals = new Map();
  #vdaf;
  #isScalar;

  /** @param {Instance} instance */
  constructor({ vdaf, name }) {
    this.#vdaf = vdaf;
    this.#isScalar = ["Prio3Count", "Prio3Sum", "Prio3Histogram"].includes(name);
  }

  /** @template T @param {() => T} step */
  #attempt(step) {
    try {
      return step();
    } catch (error) {
      if (error instanceof prio3.PrioError) return null;
      throw error;
    }
  }

  /** @param {Uint8Array} ctx @param {Uint8Array} nonce @param {number[]} values */
  shard(ctx, nonce, values) {
    const { publicShare, inputShares } = this.#vdaf.shard(ctx, this.#isScalar ? values[0] : values, nonce);
    return [publicShare, ...inputShares];
  }

  /** @param {string} handle @param {Report} report @param {number} id */
  init(handle, { key, ctx, nonce, publicShare, inputShares }, id) {
    const share = /** @type {Uint8Array} */ (inputShares[id]);
    const step = this.#attempt(() => this.#vdaf.verifyInit(key, ctx, id, nonce, publicShare, share));
    if (step === null) return null;
    this.#states.set(handle, step.state);
    return step.verifierShare;
  }

  /** @param {string} _handle @param {Uint8Array} ctx @param {Uint8Array[]} shares */
  message(_handle, ctx, shares) {
    return this.#attempt(() => this.#vdaf.verifierSharesToMessage(ctx, shares));
  }

  /** @param {string} handle @param {Uint8Array} ctx @param {Uint8Array} message @param {string} total */
  next(handle, ctx, message, total) {
    const state = /** @type {prio3.VerifyState} */ (this.#states.get(handle));
    const output = this.#attempt(() => this.#vdaf.verifyNext(ctx, state, message));
    if (output === null) return false;
    const sum = this.#totals.get(total) ?? this.#vdaf.aggregateInit();
    this.#totals.set(total, sum);
    sum.add(/** @type {prio3.OutputShare} */ (output));
    return true;
  }

  /** @param {string} total */
  total(total) {
    return (this.#totals.get(total) ?? this.#vdaf.aggregateInit()).toBytes();
  }

  /** @param {number} measurements @param {Uint8Array[]} shares */
  unshard(measurements, shares) {
    return String(this.#vdaf.unshard(shares, measurements));
  }

  end() {
    // Nothing to stop.
  }
}

class Theirs {
  #child;
  #answers;

  /** @param {Instance} instance */
  constructor({ name, args }) {
    this.#child = spawn(`${target}/release/prio3-peer`, [name, ...args.map(String)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @param {string[]} words */
  async #ask(...words) {
    this.#child.stdin.write(`${words.join(" ")}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`libprio-rs ended at ${words[0]}`);
    return value === "refused" ? null : /** @type {string} */ (value);
  }

  /** @param {Uint8Array} ctx @param {Uint8Array} nonce @param {number[]} values */
  async shard(ctx, nonce, values) {
    const answer = await this.#ask("shard", hex(ctx), hex(nonce), values.join(","));
    if (answer === null) throw new Error("libprio-rs refused a measurement");
    return answer.split(" ").map(bytes);
  }

  /** @param {string} handle @param {Report} report @param {number} id */
  async init(handle, { key, ctx, nonce, publicShare, inputShares }, id) {
    const parts = [key, ctx].map(hex);
    const share = /** @type {Uint8Array} */ (inputShares[id]);
    const answer = await this.#ask("init", handle, ...parts, String(id), hex(nonce), hex(publicShare), hex(share));
    return answer === null ? null : bytes(answer);
  }

  /** @param {string} handle @param {Uint8Array} ctx @param {Uint8Array[]} shares */
  async message(handle, ctx, shares) {
    const answer = await this.#ask("message", handle, hex(ctx), ...shares.map(hex));
    return answer === null ? null : bytes(answer);
  }

  /** @param {string} handle @param {Uint8Array} ctx @param {Uint8Array} message @param {string} total */
  async next(handle, ctx, message, total) {
    return (await this.#ask("next", handle, hex(ctx), hex(message), total)) === "counted";
  }

  /** @param {string} total */
  async total(total) {
    return bytes(/** @type {string} */ (await this.#ask("total", total)));
  }

  /** @param {number} measurements @param {Uint8Array[]} shares */
  async unshard(measurements, shares) {
    return /** @type {string} */ (await this.#ask("unshard", String(measurements), ...shares.map(hex)));
  }

  end() {
    this.#child.stdin.end();
  }
}

/**
 * @typedef {object} Report
 * @property {Uint8Array} key
 * @property {Uint8Array} ctx
 * @property {Uint8Array} nonce
 * @property {Uint8Array} publicShare
 * @property {Uint8Array[]} inputShares
 */

/** A copy with one bit changed. @param {Uint8Array} original */
function changed(original) {
  const copy = original.slice();
  const at = randomInt(copy.length);
  // @ts-expect-error TS2532: there is such a byte.
  copy[at] ^= 1 << randomInt(8);
  return copy;
}

/** @param {Instance} instance */
async function exchange(instance) {
  const { vdaf, draw } = instance;
  const [ours, theirs] = [new Ours(instance), new Theirs(instance)];
  const either = () => (randomInt(2) === 0 ? ours : theirs);
  const [key, ctx] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(7))];
  const ids = Array.from({ length: vdaf.shares }, (_, id) => id);
  /** @type {bigint[]} */
  let truth = [];
  let counted = 0;
  let refused = 0;
  for (let i = 0; i < REPORTS; i++) {
    const values = draw();
    const nonce = new Uint8Array(randomBytes(16));
    const [publicShare = new Uint8Array(0), ...inputShares] = await either().shard(ctx, nonce, values);
    const report = { key, ctx, nonce, publicShare, inputShares };
    const isTampered = i % TAMPERED === 0;
    const place = isTampered ? randomInt(4) : -1;
    if (place === 0) inputShares[0] = changed(/** @type {Uint8Array} */ (inputShares[0]));
    if (place === 1) inputShares[1] = changed(/** @type {Uint8Array} */ (inputShares[1]));
    if (place === 2 && publicShare.length > 0) report.publicShare = changed(publicShare);

    // Each aggregator's first step by both, which must agree; one of them goes on.
    const parties = ids.map(either);
    const handle = (/** @type {number} */ id) => `${i}-${id}`;
    /** @type {(Uint8Array | null)[]} */
    const shares = [];
    for (const id of ids) {
      const [a, b] = [await ours.init(handle(id), report, id), await theirs.init(handle(id), report, id)];
      if ((a && hex(a)) !== (b && hex(b))) throw new Error(`aggregator ${id}: verifier shares differ`);
      shares.push(a);
    }
    if (shares.every((share) => share !== null)) {
      const sent = /** @type {Uint8Array[]} */ (shares).slice();
      if (place === 3 || (place === 2 && publicShare.length === 0))
        sent[0] = changed(/** @type {Uint8Array} */ (sent[0]));
      const messages = [await ours.message(handle(0), ctx, sent), await theirs.message(handle(0), ctx, sent)];
      const [a = null, b = null] = messages;
      if ((a && hex(a)) !== (b && hex(b))) throw new Error("verifier messages differ");
      if (a !== null) {
        /** @type {boolean[]} */
        const verdicts = [];
        for (const id of ids) {
          // The total of an aggregator is in two places: what we added, and what they did.
          const party = /** @type {Ours | Theirs} */ (parties[id]);
          verdicts.push(await party.next(handle(id), ctx, a, String(id)));
        }
        if (verdicts.some((verdict) => verdict !== verdicts[0])) throw new Error("aggregators disagree");
        if (verdicts[0] === true) {
          if (isTampered) throw new Error(`a report with a change in place ${place} was counted`);
          counted++;
          const summed = instance.name === "Prio3Histogram" ? oneHot(vdaf, values) : values;
          truth = summed.map((x, k) => BigInt(x) + (truth[k] ?? 0n));
          continue;
        }
      }
    }
    if (!isTampered) throw new Error("an honest report was refused");
    refused++;
  }
  // An aggregator's share is what both programs hold of it: the collector adds them up, as of two shards.
  const shares = await Promise.all(
    ids.map(async (id) => {
      const [a, b] = [await ours.total(String(id)), await theirs.total(String(id))];
      return sumOf(vdaf, a, b);
    }),
  );
  const results = [await ours.unshard(counted, shares), await theirs.unshard(counted, shares)];
  const expected = truth.join(",");
  if (results.some((result) => result !== expected))
    throw new Error(`results ${results.join(" and ")}, not ${expected}`);
  ours.end();
  theirs.end();
  return `${counted} counted, ${refused} tampered ones refused`;
}

/** @param {prio3.Vdaf<any, unknown>} vdaf @param {number[]} values */
function oneHot(vdaf, [bucket]) {
  const { length } = /** @type {prio3.Prio3Histogram} */ (vdaf);
  return Array.from({ length }, (_, k) => Number(k === bucket));
}

/**
 * The sum of two encoded vectors.
 *
 * @param {prio3.Vdaf<any, unknown>} vdaf
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
function sumOf(vdaf, a, b) {
  const is64 = [1, 2].includes(vdaf.algorithmId) || vdaf.algorithmId >= 0xffff0000;
  const [size, modulus] = is64 ? [8, 2n ** 64n - 2n ** 32n + 1n] : [16, 2n ** 66n * 4611686018427387897n + 1n];
  const sum = new Uint8Array(a.length);
  const read = (/** @type {Uint8Array} */ x, /** @type {number} */ at) =>
    x.slice(at, at + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  for (let at = 0; at < a.length; at += size) {
    let value = (read(a, at) + read(b, at)) % modulus;
    for (let k = 0; k < size; k++, value >>= 8n) sum[at + k] = Number(value & 0xffn);
  }
  return sum;
}

if (spawnSync("cargo", ["--version"]).status !== 0) {
  console.log("\n  *** no cargo found: the exchange with libprio-rs DID NOT RUN ***\n");
} else {
  execFileSync("cargo", ["build", "--release", "--quiet", "--locked", "--target-dir", target], {
    cwd: crate,
    stdio: "inherit",
  });
  let failures = 0;
  for (const instance of instances) {
    const name = `${instance.name} ${instance.args.join(" ")}`;
    try {
      console.log(`${name}: ${await exchange(instance)}`);
    } catch (error) {
      failures++;
      console.log(`${name}: FAILED: ${error instanceof Error ? error.message : error}`);
    }
  }
  console.log(
    `libprio-rs: ${instances.length - failures} of ${instances.length} instances agree, ${REPORTS} reports each`,
  );
  if (failures > 0) process.exitCode = 1;
}
