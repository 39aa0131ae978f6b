// What the other server made of a batch: waits for it, fetches it, and checks that it is what the other server says it
// is. The other server may be malicious, and so may be whoever else can write into the store.
//
// Another `prio process` describes each folder in a manifest, which comes last. A prio-processor writes `_SUCCESS` for
// all batches of a stage together when all of it is there.

import type { ServerStage } from "../batch/batch.js";
import { Failure } from "../files/failure.js";
import { hasSameSettings, requirePeers } from "./agreement.js";
import type { BatchContext } from "./batch-context.js";
import type { Clock } from "./clock.js";
import { counted } from "./events.js";
import { type Exchange, MANIFEST, SUCCESS } from "./layout.js";
import { LocalFolder } from "./local-folder.js";
import {
  type BatchManifest,
  MAX_MANIFEST,
  type Manifest,
  type Part,
  parseManifest,
  type StageManifest,
} from "./manifest.js";
import { noticeKey, readNotice } from "./notice.js";
import { OtherParts, requirePinned } from "./pinned-parts.js";
import { requireSame } from "./raw-shares.js";
import { readSmall } from "./small-object.js";
import { fetchParts, listFolder, type StoredPart } from "./transfer.js";

/** The other server has given the batch up. */
export class PeerGaveUp extends Failure {}

/** The other server has nothing of this batch. */
export class PeerLacksBatch extends Failure {}

/** The other server's parts here, and its manifest when it writes manifests. */
export interface PeerResult {
  readonly folder: LocalFolder<PeerContent>;
  readonly manifest: StageManifest | undefined;
}

/** What a local folder of the other server's parts holds. They have names of our own there. */
export interface PeerContent {
  readonly parts: readonly Part[];
  readonly manifest: StageManifest | undefined;
}

/**
 * What the other server's files may have: both have rows of the same reports, and the other's rows are at most so many
 * times longer.
 */
const MAX_SIZE = { times: 4, more: 2 ** 26 } as const;

/**
 * Waits for the other server's manifest of the batch. One with which nothing can begin may be of an earlier run of the
 * other server, which is about to write another.
 */
export function peerBatch(context: BatchContext, own: BatchManifest): Promise<BatchManifest> {
  const { stores, day, batch, clock } = context;
  const key = `${day.incoming("manifest")}/${batch.folder}/${MANIFEST}`;
  const last = new LastWord(clock);
  return waitingFor(context, "manifest", "the peer's manifest of this batch", async (hasGivenUp) => {
    const isLast = last.is((await stores.shared.stat(key))?.version) || hasGivenUp;
    const found = await readManifest(context, "manifest", own);
    if (found === undefined) return;
    return isLast || (found.rows !== null && hasSameSettings(own, found)) ? found : undefined;
  });
}

/** Waits for the other server's result of a stage, and fetches it. `own` is this server's. */
export async function peerResult(context: BatchContext, stage: ServerStage, own: StageManifest): Promise<PeerResult> {
  const folder = new LocalFolder<PeerContent>(`${context.work}/peer-${stage}`);
  const isPrio = context.config.peer === "prio";
  const { manifest, parts } = await folder.make(() =>
    isPrio ? fetchDescribed(context, stage, own, folder) : fetchMarked(context, stage, own, folder),
  );
  // A prio-processor that begins anew deals its rows to other parts. Between two of ours, bytes do not change.
  if (isPrio) await requirePinned(context.stores.private, pinOf(context, stage), parts, `the peer's ${stage} parts`);
  return { folder, manifest };
}

/** Where it is written down which parts the stage after this one has read. */
function pinOf({ day, batch }: BatchContext, stage: ServerStage): string {
  return `${day.internal("manifest")}/${batch.folder}/_peer_${stage}.json`;
}

/** The parts that the other server's manifest lists. */
async function fetchDescribed(
  context: BatchContext,
  stage: ServerStage,
  own: StageManifest,
  folder: LocalFolder<PeerContent>,
): Promise<PeerContent> {
  const { stores, day, batch } = context;
  const place = `${day.incoming(stage)}/${batch.folder}`;
  const what = `the peer's ${stage} result`;
  const { manifest, listed } = await waitingFor(context, stage, what, async () => {
    const found = await readManifest(context, stage, own);
    if (found === undefined) return;
    const there = new Map((await listFolder(stores.shared, place)).parts.map((part) => [part.name, part]));
    const parts = found.parts.map(({ name, size }) => (there.get(name)?.size === size ? there.get(name) : undefined));
    // Whatever has gone since the manifest was written may come back: the other server hands over again when it begins.
    return parts.includes(undefined) ? undefined : { manifest: found, listed: parts as StoredPart[] };
  });
  requireSize(listed, own, `${stores.shared.name}/${place}`);
  const fetched = await fetchParts(stores.shared, listed, folder, localName);
  const changed = fetched.find(({ sha256 }, i) => sha256 !== manifest.parts[i]?.sha256);
  if (changed !== undefined) {
    throw new OtherParts(
      `${stores.shared.name}/${place}/${changed.name}: is not what the peer's manifest says`,
      "it was changed after the peer wrote it, or the peer says what is not so",
    );
  }
  tellOfMessages(context, stage, listed);
  return { manifest, parts: fetched.map(local) };
}

/** The parts that are in the folder when the stage's `_SUCCESS` is there. */
async function fetchMarked(
  context: BatchContext,
  stage: ServerStage,
  own: StageManifest,
  folder: LocalFolder<PeerContent>,
): Promise<PeerContent> {
  const { stores, day, batch } = context;
  const place = `${day.incoming(stage)}/${batch.folder}`;
  await peerStage(context, stage);
  const listed = await listFolder(stores.shared, place);
  if (listed.parts.length === 0) throw lacking(`${stores.shared.name}/${place}`, stage);
  requireSize(listed.parts, own, `${stores.shared.name}/${place}`);
  const fetched = await fetchParts(stores.shared, listed.parts, folder, localName);
  requireSame(listed, await listFolder(stores.shared, place), `${stores.shared.name}/${place}`);
  tellOfMessages(context, stage, listed.parts);
  return { manifest: undefined, parts: fetched.map(local) };
}

/** Waits until a prio-processor has written a stage of all batches. */
export async function peerStage(context: BatchContext, stage: ServerStage): Promise<void> {
  const { stores, day } = context;
  const marker = `${day.incoming(stage)}/${SUCCESS}`;
  await waitingFor(context, stage, `the peer's ${stage}/${SUCCESS}`, () => stores.shared.stat(marker));
}

/** Whether a prio-processor, whose stage is complete, has parts of this batch. */
export async function hasPeerParts({ stores, day, batch }: BatchContext, stage: ServerStage): Promise<boolean> {
  return (await listFolder(stores.shared, `${day.incoming(stage)}/${batch.folder}`)).parts.length > 0;
}

function lacking(place: string, stage: ServerStage): PeerLacksBatch {
  return new PeerLacksBatch(`${place}: the peer's ${stage} is complete, without a part of this batch`);
}

/** The other server's manifest, or undefined when there is none yet. Throws a Failure when it is none of this batch. */
async function readManifest<T extends Manifest>(
  { stores, day, batch, sealer }: BatchContext,
  exchange: Exchange,
  own: T,
): Promise<T | undefined> {
  const key = `${day.incoming(exchange)}/${batch.folder}/${MANIFEST}`;
  const bytes = await readSmall(stores.shared, key, MAX_MANIFEST);
  if (bytes === undefined) return undefined;
  const name = `${stores.shared.name}/${key}`;
  const { manifest, isSealed } = parseManifest(bytes, own.kind, name, sealer);
  requirePeers(own, manifest, name);
  // With another secret no seal fits; whoever compares the settings can say so, and does.
  const isOfOtherSecret = manifest.kind === "batch" && own.kind === "batch" && manifest.secret !== own.secret;
  if (!isSealed && !isOfOtherSecret) {
    throw new Failure(
      `${name}: its seal does not fit`,
      "whoever wrote it does not have the servers' secret, or it was changed afterwards",
    );
  }
  return manifest as unknown as T;
}

/** Waits until `look` finds something. Throws PeerGaveUp when the other server has given the batch up. */
async function waitingFor<T>(
  context: BatchContext,
  exchange: Exchange,
  what: string,
  look: (hasGivenUp: boolean) => Promise<T | undefined>,
): Promise<T> {
  const { waiting, config, stores, day, batch, clock, tell, stand } = context;
  const notice = noticeKey(day, batch.folder);
  const last = new LastWord(clock);
  stand({ stage: exchange });
  let isTold = false;
  const place = `${stores.shared.name}/${day.incoming(exchange)}`;
  const found = await waiting.until(what, place, async () => {
    // Asked before what it would explain: whoever gives up writes it last.
    const hasGivenUp = config.peer === "prio" && last.is((await stores.shared.stat(notice))?.version);
    const there = await look(hasGivenUp);
    if (there !== undefined) return there;
    if (hasGivenUp) throw new PeerGaveUp(await readNotice(context, batch.folder), "its operator knows why");
    if (!isTold) {
      isTold = true;
      stand({ stage: exchange, waitingFor: what });
      tell({ level: "info", event: "batch-waiting", stage: exchange, message: `waiting for ${what}` });
    }
    return;
  });
  stand({ stage: exchange });
  return found;
}

/** Milliseconds for which an object must have been there: a peer that has just begun again removes or replaces it. */
const SETTLED = 30_000;

/** Tells whether what the other server says is of its present run, as far as that can be told. */
class LastWord {
  readonly #clock: Clock;
  #seen: { readonly version: string | undefined; readonly at: number; readonly isFirst: boolean } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an object came after the first look, or has stayed the same for a while. */
  is(version: string | undefined): boolean {
    const now = this.#clock.now();
    if (this.#seen?.version !== version || this.#seen === undefined) {
      this.#seen = { version, at: now, isFirst: this.#seen === undefined };
    }
    return version !== undefined && (!this.#seen.isFirst || now - this.#seen.at >= SETTLED);
  }
}

/** Throws a Failure when the other server's parts would fill the disk. */
function requireSize(parts: readonly StoredPart[], own: StageManifest, place: string): void {
  const sizeOf = (all: readonly { readonly size: number }[]): number => all.reduce((sum, { size }) => sum + size, 0);
  const [size, most] = [sizeOf(parts), MAX_SIZE.times * sizeOf(own.parts) + MAX_SIZE.more];
  if (size <= most) return;
  throw new Failure(`${place}: has ${size} bytes, expected at most ${most}: not the messages of this batch`);
}

function tellOfMessages({ tell }: BatchContext, stage: ServerStage, parts: readonly StoredPart[]): void {
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  tell({
    level: "info",
    event: "messages-fetched",
    stage,
    message: `fetched ${counted(parts.length, "part")} of the peer`,
    fields: { parts: parts.length, bytes },
  });
}

/** The name of the other server's n-th part here: nobody else chooses names of files on this machine. */
function localName({ name }: StoredPart, index: number): string {
  return `part-${String(index).padStart(5, "0")}.${name.endsWith(".gz") ? "ndjson.gz" : "ndjson"}`;
}

function local({ size, sha256, localName: name }: { readonly localName: string } & Part): Part {
  return { name, size, sha256 };
}
