// The tables of docs/performance.md about Prio3, and what a run prints: from rows that one run measured.

import { digits, originText, table, thousands, times } from "../format.mjs";
import { instances, STEPS } from "./instances.mjs";

/** @import { Prio3Part, Prio3Profiles, Prio3Results, Prio3Row, Prio3Step } from "../results.js" */
/** @import { Instance } from "./instances.mjs" */

/** What the steps are called. */
const NAMES = {
  shard: "shard",
  leader: "verify_init, leader",
  helper: "verify_init, helper",
  finish: "the rest, helper",
};

export const PEERS = { libprioRs: "libprio-rs", divviup: "@divviup/prio3" };
const isOurs = (/** @type {Prio3Row} */ { runtime }) => !Object.values(PEERS).includes(runtime);

/** @param {readonly Prio3Row[]} rows @param {string} runtime @param {string} shape */
const find = (rows, runtime, shape) => rows.find((row) => row.runtime === runtime && row.shape === shape);

/** Milliseconds of the processor. @param {Prio3Row | undefined} row @param {Prio3Step} step */
const msOf = (row, step) => row?.ms[step][1] ?? Number.NaN;

/**
 * A step under this Node beside the peers: our time over libprio-rs's, and `@divviup/prio3`'s over ours.
 *
 * @param {readonly Prio3Row[]} rows
 * @param {Instance} instance
 * @param {Prio3Step} step
 */
function compare(rows, { name, most, least }, step) {
  const of = (/** @type {string} */ runtime) => msOf(find(rows, runtime, name), step);
  const [ours, libprioRs, divviup] = [of("node"), of(PEERS.libprioRs), of(PEERS.divviup)];
  return {
    ours,
    libprioRs: comparison(libprioRs, ours / libprioRs, "≤", most?.[step]),
    divviup: comparison(divviup, divviup / ours, "≥", least?.[step]),
  };
}

/**
 * Texts, empty where nothing was measured or no ratio is aimed at.
 *
 * @param {number} theirs
 * @param {number} ratio
 * @param {"≤" | "≥"} sign
 * @param {number | undefined} aim
 */
function comparison(theirs, ratio, sign, aim) {
  if (Number.isNaN(theirs)) return { theirs: "", ratio: "", aim: "" };
  const texts = { theirs: digits(theirs), ratio: times(ratio) };
  if (aim === undefined) return { ...texts, aim: "" };
  const isReached = sign === "≤" ? ratio <= aim : ratio >= aim;
  return { ...texts, aim: `${sign} ${aim}×, ${isReached ? "reached" : "missed"}` };
}

/** Each step of each instance, in milliseconds of the processor. @param {readonly Prio3Row[]} rows */
function stepsTable(rows) {
  const cells = instances.flatMap((instance) =>
    STEPS.map((step, i) => {
      const { ours, libprioRs, divviup } = compare(rows, instance, step);
      const name = i === 0 ? instance.name : "";
      return [name, NAMES[step], digits(ours), ...[libprioRs, divviup].flatMap((peer) => Object.values(peer))];
    }),
  );
  const ofPeers = [`${PEERS.libprioRs}, ms`, "ours / theirs", "aim", `${PEERS.divviup}, ms`, "theirs / ours", "aim"];
  return table(["instance", "step", "ours, ms", ...ofPeers], cells);
}

/** Reports a second that one thread of a helper takes, from the report's bytes to the total. @param {Prio3Row} row */
const helperRate = (row) => thousands(Number((1000 / (msOf(row, "helper") + msOf(row, "finish"))).toPrecision(3)));

/** @param {readonly Prio3Row[]} rows */
function rateTable(rows) {
  const runtimes = [...new Set(rows.map(({ runtime }) => runtime))];
  const cells = instances.map(({ name }) => [
    name,
    ...runtimes.map((runtime) => {
      const row = find(rows, runtime, name);
      return row === undefined ? "" : helperRate(row);
    }),
  ]);
  const versionOf = (/** @type {string} */ runtime) => rows.find((row) => row.runtime === runtime)?.version ?? runtime;
  return table(["reports a second", ...runtimes.map(versionOf)], cells);
}

/** Our times in each runtime, over libprio-rs's. @param {readonly Prio3Row[]} rows */
function runtimesTable(rows) {
  const ours = new Map(rows.filter(isOurs).map(({ runtime, version }) => [runtime, version]));
  const cells = instances.map(({ name }) => [
    name,
    ...[...ours.keys()].map((runtime) => {
      const [row, theirs] = [find(rows, runtime, name), find(rows, PEERS.libprioRs, name)];
      const steps = /** @type {const} */ (["shard", "leader", "helper"]);
      return steps.map((step) => times(msOf(row, step) / msOf(theirs, step))).join(" / ");
    }),
  ]);
  return table(["ours / libprio-rs: shard / leader / helper", ...ours.values()], cells);
}

/** What the parts of a profile are called. */
const PARTS = {
  xof: "XOF",
  arithmetic: "arithmetic",
  vectors: "making and moving vectors",
  bytes: "to and from bytes",
  collector: "garbage collection",
  random: "randomness",
  rest: "the rest",
};

/** Where the time of each step goes. @param {Prio3Profiles} profiles */
function profileTable(profiles) {
  const cells = Object.entries(profiles).flatMap(([name, { percent }]) =>
    /** @type {const} */ (["shard", "leader", "helper"]).map((step, i) => [
      i === 0 ? name : "",
      NAMES[step],
      ...Object.keys(PARTS).map((part) => `${percent[step][/** @type {Prio3Part} */ (part)]}`),
    ]),
  );
  const [version = ""] = Object.values(profiles).map((profile) => profile.version);
  return table([`percent, ${version}`, "step", ...Object.values(PARTS)], cells);
}

/** The tables by marker. @param {Prio3Results} results @param {Prio3Profiles} profiles */
export function prio3Tables({ rows, ...run }, profiles) {
  const versions = [...new Set(rows.map(({ version }) => version))];
  return {
    "bench: prio3": stepsTable(rows),
    "bench: prio3 rates": rateTable(rows),
    "bench: prio3 runtimes": runtimesTable(rows),
    "bench: prio3 profile": profileTable(profiles),
    "bench: prio3 origin": originText(`${versions.slice(0, -1).join(", ")} and ${versions.at(-1)}`, run),
  };
}

/** Prints what was measured of one instance. @param {readonly Prio3Row[]} rows */
export function printRows(rows) {
  const instance = instances.find(({ name }) => name === rows[0]?.shape);
  if (instance === undefined) return;
  console.log(`\n${instance.name}, ms of the processor (on the wall), ${STEPS.map((step) => NAMES[step]).join(" | ")}`);
  for (const row of rows) {
    const cells = STEPS.map((step) => `${digits(row.ms[step][1])} (${digits(row.ms[step][0])})`.padEnd(18));
    console.log(`  ${row.version.padEnd(34)} ${cells.join(" ")} ${helperRate(row)} reports/s at the helper`);
  }
  for (const step of STEPS) {
    const { libprioRs, divviup } = compare(rows, instance, step);
    const of = (/** @type {typeof libprioRs} */ { ratio, aim }) => [ratio, aim].filter(Boolean).join(", aim ");
    const texts = [`ours / libprio-rs: ${of(libprioRs)}`.padEnd(50), `@divviup/prio3 / ours: ${of(divviup)}`];
    console.log(`  ${NAMES[step].padEnd(34)} ${texts.join("")}`);
  }
}
