// What the pilot asks, and how its pings are made: what the clients, the servers and whoever compares must know.

import { Config } from "prio";

/** @import { PublicKey } from "prio" */

/** The questions, in the order of the bits: the name of the plain value in a ping, and what it is about. */
export const questions = [
  { histogram: "BROWSER_IS_USER_DEFAULT", label: "default browser" },
  { histogram: "NEWTAB_PAGE_ENABLED", label: "new tab page" },
  { histogram: "PDF_VIEWER_USED", label: "PDF viewer used" },
];

/** Each build is a batch of its own, so that its totals can be compared. @param {string} buildId */
export const batchIdOf = (buildId) => `pilot-${buildId}`;

/** @param {string} buildId @param {{ A: PublicKey, B: PublicKey }} keys */
export const configOf = (buildId, { A, B }) =>
  new Config({ fields: questions.length, batchId: batchIdOf(buildId), serverA: A, serverB: B });

/**
 * A ping: Firefox's layout, of which `id`, `application.buildId` and `payload` are read here.
 *
 * @typedef {object} Ping
 * @property {"prio"} type
 * @property {string} id
 * @property {string} creationDate
 * @property {4} version
 * @property {Record<string, string> & { buildId: string }} application
 * @property {{ version: "1", reason: string, histograms?: Histograms, prioData: Report[] }} payload
 */

/** @typedef {Record<string, { sum: number }>} Histograms The plain values, which the pilot adds. */
/** @typedef {{ encoding: string, prio: { a: string, b?: string } }} Report `encoding` is the batch id. */
