// A survey on a static page, from nothing: two aggregators, a collector and the page, until Ctrl-C.
//
//   node examples/web-survey/main.mjs [--port PORT] [--batch REPORTS]

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { collect, writeJson } from "./collection.mjs";
import { deploy } from "./deployment.mjs";
import { buildSite, serveSite } from "./site.mjs";

const question = "What do you drink in the morning?";
const answers = ["Tea", "Coffee", "Water", "Nothing"];

const { values } = parseArgs({
  options: { port: { type: "string", default: "8000" }, batch: { type: "string", default: "10" } },
});

const folder = await mkdtemp(join(tmpdir(), "prio-web-survey-"));
const site = join(folder, "site");
const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => ending.abort());

const pair = await deploy(folder, { answers: answers.length, minBatchSize: Number(values.batch) });
await buildSite(site);
await writeJson(join(site, "survey.json"), { question, answers, task: pair.task, crowd: 20 });
const page = await serveSite(site, Number(values.port), [pair.leader.url, pair.helper.url]);
console.log(`The survey:            ${page.url}`);
console.log(`The leader's operator: ${pair.leader.page}`);
console.log(`The helper's operator: ${pair.helper.page}`);
console.log(`Totals come out for ${values.batch} answers or more at a time. Ctrl-C ends everything.`);

let shown = 0;
try {
  await collect(
    pair.collector,
    async (results, batch) => {
      await writeJson(join(site, "results.json"), results);
      if (batch !== null) await pair.putResult(batch);
      if (results.reports > shown) console.log(`${results.reports} answers: ${results.totals.join(", ")}`);
      shown = results.reports;
    },
    ending.signal,
  );
} finally {
  await page.stop();
  await pair.stop();
  await rm(folder, { recursive: true });
}
