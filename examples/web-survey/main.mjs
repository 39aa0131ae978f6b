// A survey on a static page, from nothing: two aggregators, a collector and the page, until Ctrl-C.
//
//   node examples/web-survey/main.mjs [--port PORT] [--batch REPORTS]

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collect, writeJson } from "./collection.mjs";
import { stopServers } from "./commands.mjs";
import { deploy } from "./deployment.mjs";
import { buildSite, serveSite } from "./site.mjs";

const question = "What do you drink in the morning?";
const answers = ["Tea", "Coffee", "Water", "Nothing"];

/** An option that is a number. @param {string} name @param {string} text @param {number} least @param {number} most */
function integer(name, text, least, most) {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new Error(`--${name}: expected an integer from ${least} to ${most}, got "${text}"`);
}

/** Runs the survey until the signal. @param {string} folder @param {AbortSignal} signal */
async function run(folder, signal) {
  const { values } = parseArgs({
    options: { port: { type: "string", default: "8000" }, batch: { type: "string", default: "10" } },
  });
  const port = integer("port", values.port, 0, 65_535);
  const minBatchSize = integer("batch", values.batch, 1, 1_000_000);
  const site = join(folder, "site");
  await buildSite(site);
  const pair = await deploy(folder, { answers: answers.length, minBatchSize });
  await writeJson(join(site, "survey.json"), { question, answers, task: pair.task, crowd: 20 });
  const page = await serveSite(site, port, [pair.leader.url, pair.helper.url]);
  console.log(`The survey:            ${page.url}`);
  console.log(`The leader's operator: ${pair.leader.page}`);
  console.log(`The helper's operator: ${pair.helper.page}`);
  console.log(`Totals come out for ${minBatchSize} answers or more at a time. Ctrl-C ends everything.`);

  let shown = 0;
  /** @type {import("./collection.mjs").Publish} */
  const show = async (results, batch) => {
    await writeJson(join(site, "results.json"), results);
    if (batch !== null) await pair.putResult(batch);
    if (results.reports > shown) console.log(`${results.reports} answers: ${results.totals.join(", ")}`);
    shown = results.reports;
  };
  await collect(pair.collector, show, signal).finally(page.stop);
}

const folder = await mkdtemp(join(tmpdir(), "prio-web-survey-"));
const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => ending.abort());
try {
  await run(folder, ending.signal);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await stopServers();
  await rm(folder, { recursive: true });
}
