// The totals of a batch, from both servers' aggregates: computed when both count the same reports, and written into the
// private store as one row (docs/WIRE.md section 7). A run that is repeated writes the same bytes: the row's id is made
// of the aggregates, and its time is kept when the row is there already.

import { hash } from "node:crypto";
import { type Aggregate, readAggregates } from "../batch/aggregate-sum.js";
import { configOf } from "../batch/batch.js";
import { hasNoise, noiseInWords, noiseMember, totalsOf } from "../batch/published-totals.js";
import { InputParts } from "../files/input-parts.js";
import { PrioError } from "../index.js";
import { Disagreement, requireSameReports } from "./agreement.js";
import type { BatchContext } from "./batch-context.js";
import { SUCCESS } from "./layout.js";
import type { Folder } from "./local-folder.js";
import type { OwnResult } from "./own-result.js";
import type { PeerResult } from "./peer-result.js";
import { putSmall, readSmall } from "./small-object.js";

/** As Spark calls the only part of a folder. */
const PART = "part-00000.json";
/** In bytes: 262,143 totals of 20 digits take less. */
const MAX_ROW = 2 ** 23;

/** Whether the batch's totals are published. */
export async function isPublished({ stores, day, batch }: BatchContext): Promise<boolean> {
  return (await stores.private.stat(`${day.published}/${batch.folder}/${SUCCESS}`)) !== undefined;
}

/** Publishes the totals. Throws a Disagreement, and publishes nothing, unless both servers count the same reports. */
export async function publishTotals(context: BatchContext, own: OwnResult, peer: PeerResult): Promise<void> {
  const { stores, day, batch, role, tell } = context;
  if (peer.manifest !== undefined) requireSameReports(own.manifest, peer.manifest);
  const [internal, external] = [await aggregatesIn(own.folder), await aggregatesIn(peer.folder)];
  requireCounts(own, internal, external, peer);
  const [a, b] = role.serverId === "A" ? [internal, external] : [external, internal];
  const totals = totalsIn(context, a, b);
  const key = `${day.published}/${batch.folder}/${PART}`;
  const { leftOut, rows, reports } = own.manifest;
  const timestamp = (await timestampAt(context, key)) ?? formatTimestamp(context.publishedAt ?? context.clock.date());
  const id = rowId(context, [...a.shares, ...b.shares]);
  const counts = `"error": ${leftOut}, "total": ${rows}${noiseMember(a, b)}`;
  const row = `{"id": "${id}", "timestamp": "${timestamp}", "payload": [${totals.join(", ")}], ${counts}}\n`;
  await putSmall(stores.private, key, row);
  await putSmall(stores.private, `${day.published}/${batch.folder}/${SUCCESS}`, "");
  const isNoisy = hasNoise(a, b);
  tell({
    // A server that alone has noise can take it away.
    level: isNoisy && a.exactParts + b.exactParts > 0 ? "warn" : "info",
    event: "batch-published",
    stage: "publish",
    message: `published totals of ${reports} reports${isNoisy ? `; noise: ${noiseInWords(a.noise, b.noise)}` : ""}`,
    fields: { reports, rows, leftOut },
  });
}

/** All aggregates of a folder: a server may have counted a batch in parts. */
function aggregatesIn({ directory }: Folder): Promise<Aggregate> {
  return readAggregates(InputParts.of([directory]));
}

/** Throws a Disagreement unless all counts of reports are the same. */
function requireCounts(own: OwnResult, internal: Aggregate, external: Aggregate, peer: PeerResult): void {
  const there = peer.manifest?.reports ?? external.reports;
  if (
    internal.reports === external.reports &&
    own.manifest.reports === internal.reports &&
    there === external.reports
  ) {
    return;
  }
  throw new Disagreement(
    `the servers counted different reports: ${internal.reports} here, ${external.reports} there`,
    "nothing was published; compare what each of the stages left out at both servers",
  );
}

function totalsIn({ role }: BatchContext, a: Aggregate, b: Aggregate): bigint[] {
  try {
    return totalsOf(configOf(role.batch), a, b);
  } catch (error) {
    if (!(error instanceof PrioError)) throw error;
    throw new Disagreement(`the aggregates do not go together: ${error.message}`, "nothing was published");
  }
}

/** A UUID (RFC 9562, version 8) that both servers compute alike, of the batch and both aggregates, A's first. */
function rowId({ about }: BatchContext, shares: readonly Uint8Array[]): string {
  const parts = ["prio process: row", about.app, about.date, about.batchId].map((text) => Buffer.from(text));
  const framed = [...parts, ...shares].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  const bytes = hash("sha256", Buffer.concat(framed), "buffer").subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The time of a row that an earlier run wrote. */
async function timestampAt({ stores }: BatchContext, key: string): Promise<string | undefined> {
  const before = await readSmall(stores.private, key, MAX_ROW);
  return /^\{"id": "[0-9a-f-]{36}", "timestamp": "([0-9T:.-]{26})"/.exec(before?.toString("latin1") ?? "")?.[1];
}

/** ISO 8601 in UTC with microseconds and without a zone, as Python writes it. */
function formatTimestamp(date: Date): string {
  return date.toISOString().replace("Z", "000");
}
