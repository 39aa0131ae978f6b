// `prio status`: where every batch of a day stands, from the stores alone.

import { openStores } from "../process/side-stores.js";
import { type DayStatus, statusOf } from "../process/status.js";
import { EXIT } from "./exit.js";
import { configFrom, dateFrom } from "./process.js";
import type { Run } from "./run.js";
import { standingsTable } from "./standings-table.js";
import { escapedJson } from "./untrusted-text.js";

export async function status(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  const config = configFrom(run);
  const date = dateFrom(options, io.env);
  const stores = openStores(config, io.env, (message) => reporter.warn(message));
  const found = await statusOf(config, stores, date);
  if (options.flag("json")) io.stdout.write(`${escapedJson(found)}\n`);
  else io.stdout.write(statusText(run, [config.publicKeyInternal, config.publicKeyExternal], found));
  return EXIT.done;
}

function statusText({ io }: Run, known: readonly string[], { date, runs, hasShares, batches }: DayStatus): string {
  const rows = batches.map(({ waitingFor, reason, ...batch }) => ({
    ...batch,
    note: reason ?? (waitingFor === null ? null : `waiting for ${waitingFor}`),
  }));
  const notes = runs.map(({ host, pid, lives }) => {
    const doubt = lives === null ? ", or was when it last wrote" : "";
    return lives === false
      ? `process ${pid} of ${host} has ended without a word`
      : `process ${pid} of ${host} is running${doubt}`;
  });
  if (runs.length === 0) notes.push("no run is going on");
  if (!hasShares) notes.push("the shares of this day are not complete: their _SUCCESS is not there");
  return `${standingsTable(date, rows, io, known)}${notes.join("\n")}\n`;
}
