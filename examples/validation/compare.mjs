// Compares what the clients of a pilot said in plain with what the servers found in their packets, build by build.
//
// Both servers run in this program, with both private keys: the pilot's data are not private. `prio staging` reads the
// packets of the pings; the plain values are read here.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PrioError, PrivateKey, publish, Server, ServerSecret } from "prio";
import { batchIdOf, configOf, questions } from "./collection.mjs";

/** @import { Ping } from "./collection.mjs" */

/**
 * @typedef {object} Build What was found of a build.
 * @property {string} buildId
 * @property {number} pings without those that came again
 * @property {number} counted reports whose proof held
 * @property {number} invalid reports that a server could not open, or whose proof did not hold
 * @property {number} missing pings without packets for both servers
 * @property {number[]} control for each question, the sum of the plain values
 * @property {number[]} observed for each question, the total that the servers found
 * @property {number[]} difference control − observed
 */

/** @param {string} folder with `pings`, `batches.json` and `secrets.json` @param {string} date @returns {Build[]} */
export function compare(folder, date) {
  const pings = readPings(join(folder, "pings", date));
  const staged = join(folder, "staged");
  const prio = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
  const options = { "--date": date, "--input": join(folder, "pings"), "--output": staged };
  const settings = { "--data-config": join(folder, "batches.json"), "--errors": join(folder, "left-out.ndjson") };
  execFileSync(process.execPath, [prio, "staging", "--quiet", ...Object.entries({ ...options, ...settings }).flat()]);

  const { privateKeys, secret } = JSON.parse(readFileSync(join(folder, "secrets.json"), "utf8"));
  const parties = {
    A: PrivateKey.fromHex(privateKeys.A),
    B: PrivateKey.fromHex(privateKeys.B),
    secret: ServerSecret.fromBase64(secret),
  };
  /** @type {{ batch_id: string }[]} */
  const batches = JSON.parse(readFileSync(join(folder, "batches.json"), "utf8"));
  const wanted = new Set(batches.map(({ batch_id }) => batch_id));
  return [...byBuild(pings)]
    .filter(([buildId]) => wanted.has(batchIdOf(buildId)))
    .map(([buildId, ofBuild]) => {
      const { observed, counted, invalid } = check(buildId, parties, (server) =>
        readRows(join(staged, `submission_date=${date}/server_id=${server}/batch_id=${batchIdOf(buildId)}`)),
      );
      const control = questions.map(
        // A histogram that a client has not touched is not in its ping.
        ({ histogram }) => ofBuild.filter(({ payload }) => (payload.histograms?.[histogram]?.sum ?? 0) > 0).length,
      );
      const difference = control.map((x, k) => x - (observed[k] ?? 0));
      const missing = ofBuild.length - counted - invalid;
      return { buildId, pings: ofBuild.length, counted, invalid, missing, control, observed, difference };
    });
}

/**
 * The two servers of a batch, as if they exchanged messages.
 *
 * @param {string} buildId
 * @param {{ A: PrivateKey, B: PrivateKey, secret: ServerSecret }} parties
 * @param {(server: "a" | "b") => Map<string, Uint8Array>} rowsOf the packets by id
 */
function check(buildId, { A, B, secret }, rowsOf) {
  const config = configOf(buildId, { A: A.publicKey, B: B.publicKey });
  const a = new Server(config, { id: "A", privateKey: A, secret, queryPoints: "report" });
  const b = new Server(config, { id: "B", privateKey: B, secret, queryPoints: "report" });
  const packetsB = rowsOf("b");
  let invalid = 0;
  for (const [id, packetA] of rowsOf("a")) {
    try {
      const [ofA, ofB] = [a.open(packetA, id), b.open(packetsB.get(id) ?? new Uint8Array(), id)];
      const first = /** @type {const} */ ([ofA.verify1(), ofB.verify1()]);
      const second = /** @type {const} */ ([ofA.verify2(...first), ofB.verify2(...first)]);
      const [reportA, reportB] = [ofA.check(...second), ofB.check(...second)];
      if (reportA !== null && reportB !== null) {
        a.aggregate(reportA);
        b.aggregate(reportB);
        continue;
      }
    } catch (error) {
      // A packet that does not open.
      if (!(error instanceof PrioError)) throw error;
    }
    invalid++;
  }
  return { counted: a.reports, invalid, observed: publish(config, a.totalShare(), b.totalShare()).map(Number) };
}

/** The pings of a day by id. Of several with one id, the first counts, as for `prio staging`. @param {string} folder */
function readPings(folder) {
  /** @type {Map<string, Ping>} */
  const pings = new Map();
  for (const line of linesOf(folder)) {
    const ping = /** @type {Ping} */ (JSON.parse(line));
    if (!pings.has(ping.id)) pings.set(ping.id, ping);
  }
  return pings;
}

/** The builds in their order. @param {Map<string, Ping>} pings */
function byBuild(pings) {
  /** @type {Map<string, Ping[]>} */
  const builds = new Map();
  for (const ping of pings.values()) {
    const { buildId } = ping.application;
    builds.set(buildId, [...(builds.get(buildId) ?? []), ping]);
  }
  return [...builds].sort(([a], [b]) => a.localeCompare(b));
}

/** The rows of staged shares, none if there is no folder. @param {string} folder */
function readRows(folder) {
  if (!existsSync(folder)) return new Map();
  const rows = linesOf(folder).map((line) => JSON.parse(line));
  return new Map(rows.map(({ id, payload }) => [String(id), new Uint8Array(Buffer.from(payload, "base64"))]));
}

/** @param {string} folder */
function linesOf(folder) {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line !== "");
}

/**
 * Whether a difference can come from the reports alone that were left out. Each could have said yes or no. If not, some
 * clients have encoded other values than they have said.
 *
 * @param {Build} build
 * @param {number} k a question
 */
export function isExplained({ difference, invalid, missing }, k) {
  const x = difference[k] ?? 0;
  return x >= 0 && x <= invalid + missing;
}
