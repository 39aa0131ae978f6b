// `prio partition`: deals the rows of shares out to parts that can then be run apart.

import { partitionRows, partName } from "../batch/partition.js";
import { serverIdFrom } from "./batch-options.js";
import { usageFailure } from "./exit.js";
import { requireNoDash } from "./options.js";
import { replaysFrom } from "./replay-options.js";
import type { Run } from "./run.js";
import { SHARED_SECRET, secretFrom } from "./secret-options.js";
import { inputFrom, OWNER_ONLY, runStage } from "./stage.js";

/** All of them are open at once. */
const MAX_PARTS = 512;

export function partition(run: Run): Promise<number> {
  const { options, reporter } = run;
  const secret = options.text(SHARED_SECRET.option) === undefined ? [SHARED_SECRET.file] : [];
  options.require("batch-id", "parts", "server-id", ...secret, "input", "output", "replays");
  requireNoDash(options, "output");
  const parts = options.integer("parts", 2) as number;
  if (parts > MAX_PARTS) throw usageFailure(`--parts: expected at most ${MAX_PARTS}, got ${parts}`);
  const role = { serverId: serverIdFrom(options), secret: secretFrom(options, reporter, SHARED_SECRET) };
  const output = {
    option: "output",
    path: options.required("output"),
    names: Array.from({ length: parts }, (_, part) => partName(part)),
    mode: OWNER_ONLY,
    anyOrder: true,
  };
  const openRecord = replaysFrom(run, "partition", [output]);
  const batchId = options.required("batch-id");
  return runStage(run, "partition", [inputFrom(run)], [output], (settings, [open]) => {
    if (openRecord === undefined) throw usageFailure("missing option --replays");
    return partitionRows(settings, { batchId, parts, openRecord: () => openRecord(role), output: open });
  });
}
