// Requests for the fuzzer of the aggregator: messages that a client, a leader or a collector could send, and then what
// none of them would: one part changed in the message, in its bytes, or in the HTTP around it. All of it comes of one
// seed, but for the randomness of cryptography.

import { createHash } from "node:crypto";
import {
  BatchMode,
  DapTask,
  decodeAggregationJobResp,
  deriveVerifyKey,
  encodeAggregateShareReq,
  encodeAggregationJobContinueReq,
  encodeAggregationJobInitReq,
  encodeCollectionJobReq,
  encodeInterval,
  encodeUploadRequest,
  MEDIA_TYPES,
  sealInputShare,
  vdafFromJSON,
} from "../dist/dap/index.js";
import { leaderContinue, leaderInitialize } from "../dist/prio3/index.js";

/** @typedef {import("../dist/dap/index.js").Report} Report */
/** @typedef {{ method: string, path: string, headers: Record<string, string>, body: Uint8Array | null }} Request */
/** @typedef {{ report: Report, begun: any }} Prepared */

/** Numbers of a seed (mulberry32). @param {number} seed */
export function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (/** @type {number} */ p) => next() < p,
    below: (/** @type {number} */ n) => Math.floor(next() * n),
    /** @template T @param {readonly T[]} list @returns {T} */
    of: (list) => /** @type {T} */ (list[Math.floor(next() * list.length)]),
    bytes: (/** @type {number} */ n) => Uint8Array.from({ length: n }, () => Math.floor(next() * 256)),
  };
}

const UINT64 = 2n ** 64n - 1n;
const text = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("base64url");

/** What everyone asks, and what a helper's peer asks besides, as often as they stand here. */
export const PUBLIC_KINDS = ["upload", "upload", "upload", "collect", "read"];
export const ALL_KINDS = ["upload", "upload", "init", "init", "continue", "share", "collect", "read"];

/** What goes to the endpoints of one task. */
export class TaskFuzzer {
  /** @type {string[]} ids of aggregation jobs that the helper made */
  #jobs = [];
  /** @type {Map<string, { begun: any, id: any, report: Report, batch: number }[]>} what can be continued */
  #continuing = new Map();
  /** @type {Map<string, { time: bigint, id: Uint8Array, batch: number }>} what the helper has counted */
  #counted = new Map();
  /** @type {Uint8Array[]} bodies that were sent before */
  #sent = [];
  /** @type {Prepared[]} */
  #prepared = [];

  /**
   * @param {ReturnType<typeof generator>} random
   * @param {any} made of `addTask`
   * @param {{ leader: any, helper: any }} configs HPKE configurations
   * @param {number} time in seconds
   * @param {readonly string[]} kinds of messages
   */
  constructor(random, made, configs, time, kinds) {
    this.kinds = kinds;
    this.random = random;
    this.made = made;
    this.task = DapTask.fromJSON(made.document);
    this.vdaf = /** @type {any} */ (vdafFromJSON(this.task.vdaf));
    this.ctx = Buffer.concat([Buffer.from("dap-18"), this.task.id]);
    this.configs = configs;
    this.time = BigInt(Math.floor(time / this.task.timePrecision));
    const seed = Buffer.from(made.verifyKeySeed, "base64url");
    this.verifyKey = deriveVerifyKey(seed, this.task.id, this.vdaf.verifyKeySize);
  }

  /** A good report, and the leader's first turn on it. Proofs take time: most reports are old ones. */
  #report() {
    const { random } = this;
    if (this.#prepared.length > 0 && random.chance(0.97)) return random.of(this.#prepared);
    const reportId = random.bytes(16);
    const bit = random.chance(0.5);
    const measurement = this.task.vdaf.type === "Prio3Count" ? bit : [bit];
    const { publicShare, inputShares } = this.vdaf.shard(this.ctx, measurement, reportId);
    const reportMetadata = { reportId, time: this.time + BigInt(random.below(60)), publicExtensions: [] };
    const seal = (/** @type {"leader" | "helper"} */ role, /** @type {number} */ i) =>
      sealInputShare(this.task, role, this.configs[role], reportMetadata, publicShare, {
        privateExtensions: [],
        payload: inputShares[i],
      });
    const own = { ctx: this.ctx, nonce: reportId, publicShare, inputShare: inputShares[0] };
    const prepared = {
      report: {
        reportMetadata,
        publicShare,
        leaderEncryptedInputShare: seal("leader", 0),
        helperEncryptedInputShare: seal("helper", 1),
      },
      begun: leaderInitialize(this.vdaf, this.verifyKey, own),
    };
    this.#prepared.push(prepared);
    if (this.#prepared.length > 200) this.#prepared.shift();
    return prepared;
  }

  /** A report with something wrong, perhaps. @returns {Prepared} */
  #anyReport() {
    const { random } = this;
    const prepared = this.#report();
    if (random.chance(0.6)) return prepared;
    const { report, begun } = prepared;
    const { reportMetadata: metadata } = report;
    const share = { ...report.helperEncryptedInputShare };
    const changes = [
      () => ({
        ...report,
        reportMetadata: { ...metadata, time: random.of([0n, 1n, metadata.time + 10_000n, 2n ** 53n, UINT64]) },
      }),
      () => ({ ...report, reportMetadata: { ...metadata, reportId: random.bytes(16) } }),
      () => ({
        ...report,
        reportMetadata: {
          ...metadata,
          publicExtensions: [{ extensionType: random.below(5), extensionData: random.bytes(3) }],
        },
      }),
      () => ({ ...report, publicShare: random.bytes(random.below(40)) }),
      () => ({ ...report, helperEncryptedInputShare: { ...share, configId: random.below(256) } }),
      () => ({
        ...report,
        leaderEncryptedInputShare: { ...report.leaderEncryptedInputShare, configId: random.below(256) },
      }),
      () => ({ ...report, helperEncryptedInputShare: { ...share, enc: random.bytes(random.of([1, 31, 32, 33, 65])) } }),
      () => ({ ...report, helperEncryptedInputShare: { ...share, payload: random.bytes(1 + random.below(100)) } }),
    ];
    return { report: random.of(changes)(), begun };
  }

  #list(/** @type {number} */ most) {
    const count = this.random.below(most) + (this.random.chance(0.05) ? 0 : 1);
    const list = Array.from({ length: count }, () => this.#anyReport());
    if (count > 0 && this.random.chance(0.1)) list.push(/** @type {Prepared} */ (list[0]));
    return list;
  }

  #interval() {
    const { random } = this;
    const start = random.of([this.time, this.time, this.time + BigInt(random.below(60)), 0n, UINT64, 2n ** 53n]);
    const duration = random.of([1n, 10n, 60n, 60n, 0n, UINT64, 2n ** 53n]);
    return encodeInterval({ start, duration });
  }

  #extensions(/** @type {number} */ known) {
    const { random } = this;
    if (random.chance(0.8)) return [];
    const types = [known, 0, 2, 0xffff].filter(() => random.chance(0.5)).sort((a, b) => a - b);
    return types.map((extensionType) => ({ extensionType, extensionData: random.bytes(random.of([0, 1, 32])) }));
  }

  #collectionJobReq() {
    const { random } = this;
    const isInterval = random.chance(0.1) !== (this.task.batchMode === "time-interval");
    return {
      query: {
        batchMode: isInterval ? BatchMode.timeInterval : random.of([BatchMode.leaderSelected, 0, 200]),
        config: isInterval ? this.#interval() : random.bytes(random.chance(0.9) ? 0 : 5),
      },
      aggParam: random.bytes(random.chance(0.95) ? 0 : 3),
      extensions: this.#extensions(1),
    };
  }

  /** The message of an endpoint, its name, and where it goes. */
  #message() {
    const { random } = this;
    const isSelected = this.task.batchMode === "leader-selected";
    const kind = random.of(this.kinds);
    if (kind === "upload") {
      const reports = this.#list(6).map(({ report }) => report);
      return { body: encodeUploadRequest({ reports }), name: "UploadRequest", path: "/reports" };
    }
    if (kind === "init") {
      const list = this.#list(8);
      const number = random.below(3);
      const batch = {
        extensionType: 1,
        extensionData: random.chance(0.9) ? Buffer.alloc(32, number) : random.bytes(7),
      };
      const request = {
        verificationKeyId: random.chance(0.95) ? 0 : random.below(256),
        aggParam: random.bytes(random.chance(0.97) ? 0 : 4),
        extensions: isSelected && random.chance(0.95) ? [batch] : this.#extensions(1),
        verifyInits: list.map(({ report, begun }) => ({
          reportShare: {
            reportMetadata: report.reportMetadata,
            publicShare: report.publicShare,
            encryptedInputShare: report.helperEncryptedInputShare,
          },
          payload: random.chance(0.9) ? begun.message : random.bytes(1 + random.below(60)),
        })),
      };
      return {
        body: encodeAggregationJobInitReq(request),
        name: "AggregationJobInitReq",
        path: "/aggregation_jobs",
        list,
        batch: number,
      };
    }
    if (kind === "continue") {
      const job = this.#anyJob();
      const list = this.#continuing.get(job) ?? [];
      const kept = random.chance(0.8) ? list : list.filter(() => random.chance(0.7)).reverse();
      const verifyContinues = kept.map(({ begun, id }) => ({
        reportId: /** @type {any} */ (random.chance(0.97) ? id : random.bytes(16)),
        payload: random.chance(0.9) ? begun : random.bytes(1 + random.below(60)),
      }));
      const body = encodeAggregationJobContinueReq({ step: random.of([1, 1, 1, 1, 0, 2, 65_535]), verifyContinues });
      return { body, name: "AggregationJobContinueReq", path: `/aggregation_jobs/${job}`, continued: list };
    }
    if (kind === "share" && random.chance(0.5)) return this.#honestShare();
    if (kind === "share") {
      const collectionJobReq = this.#collectionJobReq();
      const { query } = collectionJobReq;
      const isSame = random.chance(0.8) && query.batchMode === BatchMode.timeInterval;
      const config = isSelected ? Buffer.alloc(32, random.below(3)) : this.#interval();
      const request = {
        collectionJobReq,
        batchSelector: { batchMode: query.batchMode, config: isSame ? query.config : config },
        reportCount: random.of([0n, 1n, 10n, BigInt(random.below(300)), UINT64]),
        checksum: random.bytes(32),
      };
      return { body: encodeAggregateShareReq(request), name: "AggregateShareReq", path: "/aggregate_shares" };
    }
    if (kind === "collect") {
      return {
        body: encodeCollectionJobReq(this.#collectionJobReq()),
        name: "CollectionJobReq",
        path: "/collection_jobs",
      };
    }
    const name = random.of(["aggregation_jobs", "aggregate_shares", "collection_jobs"]);
    const step = random.chance(0.7) ? `?step=${random.of(["0", "1", "2", "65535", "-1", "x", ""])}` : "";
    return { body: null, name: null, path: `/${name}/${this.#anyJob()}${step}` };
  }

  /** What a leader would ask for that knows what the helper has counted. */
  #honestShare() {
    const { random } = this;
    const isSelected = this.task.batchMode === "leader-selected";
    const number = random.below(3);
    const start = this.time + BigInt(random.below(58));
    const duration = BigInt(1 + random.below(4));
    const counted = [...this.#counted.values()].filter(({ time, batch }) =>
      isSelected ? batch === number : time >= start && time < start + duration,
    );
    const checksum = new Uint8Array(32);
    for (const { id } of counted) {
      for (const [i, byte] of createHash("sha256").update(id).digest().entries())
        checksum[i] = (checksum[i] ?? 0) ^ byte;
    }
    const config = encodeInterval({ start, duration });
    const batchMode = isSelected ? BatchMode.leaderSelected : BatchMode.timeInterval;
    const query = { batchMode, config: isSelected ? new Uint8Array() : config };
    const request = {
      collectionJobReq: { query, aggParam: new Uint8Array(), extensions: [] },
      batchSelector: { batchMode, config: isSelected ? Buffer.alloc(32, number) : config },
      reportCount: BigInt(counted.length),
      checksum,
    };
    return { body: encodeAggregateShareReq(request), name: "AggregateShareReq", path: "/aggregate_shares" };
  }

  #anyJob() {
    const { random } = this;
    if (this.#jobs.length > 0 && random.chance(0.85)) return random.of(this.#jobs);
    return text(random.bytes(random.of([16, 16, 15, 0, 40])));
  }

  /** Bytes with something wrong. @param {Uint8Array} body @returns {Uint8Array} */
  #broken(body) {
    const { random } = this;
    const at = random.below(body.length + 1);
    return random.of([
      () => body.subarray(0, at),
      () => Buffer.concat([body, random.bytes(1 + random.below(20))]),
      () => body.map((byte, i) => (i === at ? byte ^ (1 << random.below(8)) : byte)),
      () => body.map((byte, i) => (i >= at && i < at + 4 ? 0xff : byte)),
      () => Buffer.concat([body.subarray(0, at), random.bytes(3), body.subarray(at)]),
      () => random.bytes(random.below(200)),
      () => Buffer.concat([body, body]),
      () => (this.#sent.length > 0 ? random.of(this.#sent) : body),
    ])();
  }

  /**
   * The next request, and what is to be called with its answer.
   *
   * @returns {Request & { answered: (status: number, location: string | null, body: Uint8Array) => void }}
   */
  next() {
    const { random, made } = this;
    const message = this.#message();
    let { body, path } = message;
    if (body !== null && random.chance(0.3)) body = /** @type {any} */ (this.#broken(body));
    if (body !== null && random.chance(0.05)) this.#sent = [...this.#sent.slice(-50), body];
    const isRead = message.name === null;
    let method = isRead ? random.of(["GET", "GET", "GET", "HEAD", "DELETE"]) : "POST";
    // Deletions are rare, or nothing would be left to fuzz.
    if (method === "DELETE" && random.chance(0.8)) method = "GET";
    const types = Object.values(MEDIA_TYPES);
    const own = message.name === null ? null : /** @type {Record<string, string>} */ (MEDIA_TYPES)[message.name];
    /** @type {Record<string, string>} */
    const headers = {};
    if (own != null)
      headers["content-type"] = random.chance(0.97)
        ? own
        : random.of([...types, "text/html", "application/ppm-dap", "x"]);
    const isCollector = path.startsWith("/collection_jobs");
    const token = isCollector ? made.token : made.peerToken;
    if (random.chance(0.97)) headers["authorization"] = `Bearer ${token}`;
    else headers["authorization"] = random.of(["", "Bearer", "Basic eA==", `Bearer ${made.token}x`, "Bearer \u00e9"]);
    if (random.chance(0.01)) method = random.of(["PUT", "PATCH", "OPTIONS", "DELETE", "GET", "POST"]);
    if (random.chance(0.01))
      path = random.of([`${path}/`, `${path}/x`, "/%zz", "//", `${path}?a=%ff`, "/../..", path.toUpperCase()]);
    const task = random.chance(0.99) ? made.id : text(random.bytes(random.of([32, 31, 0])));
    if (["GET", "HEAD", "OPTIONS"].includes(method)) body = null;
    return {
      method,
      path: `/tasks/${task}${path}`,
      headers,
      body,
      answered: (status, location, answer) => {
        if (message.continued !== undefined && status < 300) this.#finished(message.continued, answer);
        const id = /\/(?:aggregation_jobs|aggregate_shares|collection_jobs)\/([\w-]{22})/.exec(location ?? "")?.[1];
        if (status >= 300 || id === undefined) return;
        if (!this.#jobs.includes(id)) this.#jobs = [...this.#jobs.slice(-40), id];
        if (message.list !== undefined && answer.length > 0) this.#begun(id, message.list, message.batch ?? 0, answer);
      },
    };
  }

  /**
   * Keeps what a helper's answer lets the leader say next.
   *
   * @param {string} job
   * @param {Prepared[]} list
   * @param {number} batch
   * @param {Uint8Array} answer
   */
  #begun(job, list, batch, answer) {
    let resps;
    try {
      resps = decodeAggregationJobResp(answer).verifyResps;
    } catch {
      return;
    }
    const next = [];
    for (const resp of resps) {
      const found = list.find(({ report }) => Buffer.compare(report.reportMetadata.reportId, resp.reportId) === 0);
      if (resp.verifyRespType !== 0 || found === undefined || found.begun.status !== "continued") continue;
      try {
        const own = { state: this.vdaf.readState(found.begun.state.toBytes()), round: found.begun.round };
        const turn = leaderContinue(this.vdaf, this.ctx, own, resp.payload);
        if (turn.status !== "rejected" && turn.message !== undefined) {
          next.push({ begun: turn.message, id: resp.reportId, report: found.report, batch });
        } else if (turn.status === "finished") this.#count(found.report, batch);
      } catch {
        // A state that cannot be used twice: this report is not continued.
      }
    }
    this.#continuing.set(job, next);
  }

  /**
   * What the helper has counted at the end of a job.
   *
   * @param {readonly { report: Report, batch: number }[]} list
   * @param {Uint8Array} answer
   */
  #finished(list, answer) {
    try {
      for (const { reportId, verifyRespType } of decodeAggregationJobResp(answer).verifyResps) {
        const found = list.find(({ report }) => Buffer.compare(report.reportMetadata.reportId, reportId) === 0);
        if (verifyRespType === 1 && found !== undefined) this.#count(found.report, found.batch);
      }
    } catch {
      // An empty answer, or a problem.
    }
  }

  /** @param {Report} report @param {number} batch */
  #count({ reportMetadata: { reportId: id, time } }, batch) {
    const key = text(id);
    if (!this.#counted.has(key)) this.#counted.set(key, { id, time, batch });
  }
}
