// One server as a task. It takes messages in any order, does what it can for each report, and in the end counts the
// reports that both servers found valid.

import { PrioError } from "prio";

/** @typedef {import("./network.mjs").ServerId} ServerId */

/**
 * What a server has of one report. `mine…` was sent, `theirs…` was received; each is there or not yet.
 *
 * @typedef {{
 *   verifier?: import("prio").Verifier,
 *   mine1?: Uint8Array, theirs1?: Uint8Array,
 *   mine2?: Uint8Array, theirs2?: Uint8Array,
 *   verdict?: import("prio").VerifiedReport | null,
 * }} Progress
 */

/**
 * Runs until the batch is closed and both servers have told each other what they found valid.
 *
 * @param {{
 *   id: ServerId,
 *   server: import("prio").Server,
 *   network: import("./network.mjs").Network,
 *   log: (id: string, line: string) => void,
 * }} options
 */
export async function serve({ id, server, network, log }) {
  const peer = id === "A" ? "B" : "A";
  /** @type {Map<string, Progress>} */
  const reports = new Map();
  let repeated = 0;
  let closed = false;
  /** @type {string[] | undefined} */
  let verifiedByPeer;

  for await (const message of network.inbox(id)) {
    if (message.type === "close") {
      if (!closed) network.send(peer, { type: "verified", ids: verifiedIds() });
      closed = true;
    } else if (message.type === "verified") {
      verifiedByPeer = message.ids;
    } else {
      let progress = reports.get(message.id);
      if (progress === undefined) reports.set(message.id, (progress = {}));
      receive(progress, message);
      advance(message.id, progress);
    }
    if (closed && verifiedByPeer !== undefined) break;
  }

  // Only what both found valid is counted: a report that one server has lost must not be in the other's total.
  const counted = verifiedIds().filter((report) => verifiedByPeer?.includes(report));
  for (const report of counted) {
    const verdict = reports.get(report)?.verdict;
    if (verdict) server.aggregate(verdict);
  }
  return {
    id,
    counted: counted.sort(),
    refused: idsWhere(({ verdict }) => verdict === null),
    unfinished: idsWhere(({ verdict }) => verdict === undefined),
    repeated,
    totalShare: server.totalShare(),
  };

  /** @param {(progress: Progress) => boolean} condition */
  function idsWhere(condition) {
    return [...reports].filter(([, progress]) => condition(progress)).map(([report]) => report);
  }

  function verifiedIds() {
    return idsWhere(({ verdict }) => Boolean(verdict));
  }

  /**
   * Takes what a message brings.
   *
   * @param {Progress} progress
   * @param {{ type: "packet" | "verify1" | "verify2", id: string, bytes: Uint8Array }} message
   */
  function receive(progress, { type, id: report, bytes }) {
    if (type === "packet") {
      try {
        progress.verifier = server.open(bytes, report);
        log(report, `${id} opened the packet of ${report}`);
      } catch (error) {
        // The session knows the packet already. Anything else would be a packet that is none.
        if (!(error instanceof PrioError)) throw error;
        if (error.code === "replay") repeated++;
        else progress.verdict = null;
      }
      return;
    }
    const slot = type === "verify1" ? "theirs1" : "theirs2";
    if (progress[slot] !== undefined) repeated++;
    else progress[slot] = bytes;
  }

  /**
   * Does every step that has become possible.
   *
   * @param {string} report
   * @param {Progress} progress
   */
  function advance(report, progress) {
    const { verifier } = progress;
    if (verifier === undefined) return;
    if (progress.mine1 === undefined) {
      progress.mine1 = verifier.verify1();
      network.send(peer, { type: "verify1", id: report, bytes: progress.mine1 });
    }
    if (progress.mine2 === undefined && progress.theirs1 !== undefined) {
      progress.mine2 = verifier.verify2(...inOrder(progress.mine1, progress.theirs1));
      network.send(peer, { type: "verify2", id: report, bytes: progress.mine2 });
    }
    if (progress.verdict === undefined && progress.mine2 !== undefined && progress.theirs2 !== undefined) {
      progress.verdict = verifier.check(...inOrder(progress.mine2, progress.theirs2));
      log(report, `${id} finds ${report} ${progress.verdict === null ? "invalid" : "valid"}`);
    }
  }

  /**
   * A's message first.
   *
   * @param {Uint8Array} mine
   * @param {Uint8Array} theirs
   * @returns {[Uint8Array, Uint8Array]}
   */
  function inOrder(mine, theirs) {
    return id === "A" ? [mine, theirs] : [theirs, mine];
  }
}
