// This server's shares of a batch: waits until the ingestion says that the day is complete, and fetches the batch's
// parts. They must stay the same until the batch is published, whatever happens to the copies here: so what was fetched
// is written down in the private store.

import { Failure } from "../files/failure.js";
import { InputParts } from "../files/input-parts.js";
import type { BatchContext } from "./batch-context.js";
import { counted } from "./events.js";
import { SUCCESS } from "./layout.js";
import { LocalFolder } from "./local-folder.js";
import type { Part } from "./manifest.js";
import { requirePinned } from "./pinned-parts.js";
import { fetchParts, listFolder, type StoredFolder } from "./transfer.js";

/** What was fetched. */
export interface RawShares {
  readonly parts: readonly Part[];
  /** Lines of all parts. */
  readonly rows: number;
}

export interface RawFolder {
  readonly folder: LocalFolder<RawShares>;
  readonly shares: RawShares;
}

/** Names of the objects in which the parts of a batch are written down. */
const PINNED = "_raw.json";

/** The batch's shares, or undefined when there are none. Waits until the day is complete. Throws the store's errors. */
export async function fetchRawShares(context: BatchContext): Promise<RawFolder | undefined> {
  const folder = new LocalFolder<RawShares>(`${context.work}/raw`);
  const shares = folder.read() ?? (await fetchShares(context, folder));
  return shares && { folder, shares };
}

/** To be called before the first stage: from then on, the shares must be these. Throws OtherParts. */
export async function pinShares({ stores, day, batch }: BatchContext, { parts }: RawShares): Promise<void> {
  const pinned = `${day.internal("manifest")}/${batch.folder}/${PINNED}`;
  await requirePinned(stores.private, pinned, parts, "the raw shares");
}

async function fetchShares(context: BatchContext, folder: LocalFolder<RawShares>): Promise<RawShares | undefined> {
  const { stores, day, batch, tell } = context;
  await waitForDay(context);
  const from = `${day.raw}/${batch.folder}`;
  const listed = await listFolder(stores.ingest, from);
  if (listed.parts.length === 0) return undefined;
  const shares = await folder.make(async () => {
    const fetched = await fetchParts(stores.ingest, listed.parts, folder, ({ name }) => name);
    requireSame(listed, await listFolder(stores.ingest, from), `${stores.ingest.name}/${from}`);
    const parts = fetched.map(({ name, size, sha256 }) => ({ name, size, sha256 }));
    return { parts, rows: await countLines(folder.directory) };
  });
  const bytes = shares.parts.reduce((sum, { size }) => sum + size, 0);
  tell({
    level: "info",
    event: "shares-fetched",
    stage: "raw",
    message: `${shares.rows} rows of shares in ${counted(shares.parts.length, "part")}`,
    fields: { rows: shares.rows, parts: shares.parts.length, bytes },
  });
  return shares;
}

async function waitForDay({ sharesReady, stand }: BatchContext): Promise<void> {
  stand({ stage: "raw", waitingFor: `the shares' ${SUCCESS}` });
  await sharesReady();
  stand({ stage: "raw" });
}

/** Tells of parts that came after the day was said to be complete: they are not in the totals. */
export async function tellOfLateParts({ stores, day, batch, tell }: BatchContext, raw: RawShares): Promise<void> {
  const { parts } = await listFolder(stores.ingest, `${day.raw}/${batch.folder}`);
  const known = new Set(raw.parts.map(({ name }) => name));
  const late = parts.filter(({ name }) => !known.has(name));
  if (late.length === 0) return;
  tell({
    level: "warn",
    event: "parts-late",
    stage: "raw",
    message: `${counted(late.length, "part")} came after _SUCCESS, such as ${late[0]?.name}: not in the totals`,
    fields: { parts: late.length },
  });
}

/** Throws a Failure when a folder has other parts than before. */
export function requireSame(before: StoredFolder, now: StoredFolder, name: string): void {
  const [x, y] = [before, now].map(({ parts }) => new Map(parts.map((part) => [part.name, part.version])));
  const changed = [...(y?.keys() ?? []), ...(x?.keys() ?? [])].find((part) => x?.get(part) !== y?.get(part));
  if (changed === undefined) return;
  throw new Failure(
    `${name}/${changed} has changed while this run read the parts`,
    "_SUCCESS says that a folder is complete: whoever writes it must write it last",
  );
}

async function countLines(directory: string): Promise<number> {
  let lines = 0;
  for (const input of InputParts.of([directory]).inputs) {
    let last = 10;
    for await (const piece of input.pieces()) {
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++;
      last = piece.at(-1) ?? last;
    }
    if (last !== 10) lines++;
  }
  return lines;
}
