// What it usually means when nearly all rows of a file were left out: a wrong option or a wrong file.

import type { Reason } from "../batch/rows.js";
import type { Tally } from "../batch/tally.js";
import type { QueryPoints } from "../index.js";

/** From this part on, it is not the clients who are at fault. */
const NEARLY_ALL = 0.9;
/** So many failed proofs at the end of a file are no coincidence: the two streams of points are out of step. */
const OUT_OF_STEP = 10;

/** What an operator would try next reveals the clients' values (SECURITY.md, "Never check a packet at two points"). */
const WHAT_IS_SAFE =
  "correct it for the next batch: verifying these packets again with other settings, order or files reveals values";

/** What usually causes each reason, when nearly all rows have it. */
const USUAL_CAUSES: Partial<Record<Reason, string>> = {
  "malformed-json": "a file of rows has one JSON object a line, in UTF-8; the name of a compressed file ends in .gz",
  "missing-field": "is this another stage's file? `prio inspect FILE` tells",
  "wrong-length": "does --n-data say how many values a row has?",
  "out-of-range": "booleans are 0 and 1; for integers give --precision",
  "cannot-open":
    "usually the private key is not the one that the packets were made for, or the file is the other server's",
  malformed:
    "do --n-data and --precision agree with the clients'? Server B cannot tell: if it ran verify1 with the same " +
    "numbers, these packets are lost, because a second run with others would reveal values",
  "wrong-batch": "does --batch-id agree with the clients'?",
  "wrong-server": "this is the other server's file, or --server-id is wrong",
  "own-message": "--input-external is a copy of --input-internal; it must be the other server's file",
  "not-own-message":
    "--input-internal is not what verify1 writes here: are the files swapped, or do settings or order differ?",
  replayed:
    "an earlier run opened these packets in another order, under other ids, or with another --n-data, --prg-key or " +
    "--query-points",
  "answered-differently":
    "run verify2 again only with the files that it had before; the packets cannot be checked anew",
  "unknown-id-internal": "--input and --input-internal are not of one batch, or --input-internal has no rows",
  "unknown-id-external": "--input and --input-external are not of one batch, or --input-external has no rows",
};

/** The hint for a stage's counts, or undefined. */
export function hintFor(tally: Tally, queryPoints: QueryPoints): string | undefined {
  const failed = tally.countOf("proof-failed");
  const checked = tally.total - tally.leftOut + failed;
  if (failed > 0 && failed >= NEARLY_ALL * checked) {
    const settings = "the shared secret, --query-points, the order of the rows, --batch-id or --prg-key";
    return `when nearly every proof fails, the servers differ in something: ${settings}; ${WHAT_IS_SAFE}`;
  }
  if (queryPoints === "stream" && tally.failedSince >= OUT_OF_STEP) {
    const after = tally.lastPassed === "" ? "" : ` after ${tally.lastPassed}`;
    const cause = "a packet opened at one server only, and the point stream is out of step";
    return `every proof${after} fails: ${cause}; with --query-points report that cannot happen; ${WHAT_IS_SAFE}`;
  }
  const [reason, count] = tally.reasons[0] ?? [undefined, 0];
  return reason !== undefined && count >= NEARLY_ALL * tally.total ? USUAL_CAUSES[reason] : undefined;
}
