// What this server made of a batch in a stage. It counts once it is in the private store, manifest last. From there it
// can be fetched again when the copies here are lost. Then it is handed over: written as a whole into the peer's store.

import type { ServerStage } from "../batch/batch.js";
import { Failure } from "../files/failure.js";
import type { Store } from "../stores/store.js";
import type { BatchContext } from "./batch-context.js";
import { counted } from "./events.js";
import { type Exchange, MANIFEST, SUCCESS } from "./layout.js";
import { LocalFolder } from "./local-folder.js";
import { formatManifest, MAX_MANIFEST, type Part, parseManifest, type StageManifest } from "./manifest.js";
import { isThere, putSmall, readSmall } from "./small-object.js";
import { fetchParts, listFolder, putParts } from "./transfer.js";

/** A stage's parts here, and its manifest. */
export interface OwnResult {
  readonly folder: LocalFolder<StageManifest>;
  readonly manifest: StageManifest;
}

/** The manifest of a stage that is in the private store, or undefined. */
export async function storedResult(
  { stores, day, batch, sealer }: Pick<BatchContext, "stores" | "day" | "batch" | "sealer">,
  stage: ServerStage,
): Promise<StageManifest | undefined> {
  const key = `${day.internal(stage)}/${batch.folder}/${MANIFEST}`;
  const bytes = await readSmall(stores.private, key, MAX_MANIFEST);
  if (bytes === undefined) return undefined;
  const name = `${stores.private.name}/${key}`;
  const { manifest, isSealed } = parseManifest(bytes, stage, name, sealer);
  if (!isSealed) throw new Failure(`${name}: was made with another secret, or has changed`);
  return manifest;
}

/** What this server made in a stage: from the private store, from an earlier run, or by `run`. */
export async function ownResult(
  context: BatchContext,
  stage: ServerStage,
  run: (folder: LocalFolder<StageManifest>) => Promise<StageManifest>,
): Promise<OwnResult> {
  const { stores, day, batch, work } = context;
  const folder = new LocalFolder<StageManifest>(`${work}/${stage}`);
  const place = `${day.internal(stage)}/${batch.folder}`;
  const stored = await storedResult(context, stage);
  if (stored !== undefined) {
    if (!isSame(folder.read(), stored)) {
      folder.remove();
      await folder.make(() => fetchResult(stores.private, place, stored, folder));
    }
    await putSmall(stores.private, `${place}/${SUCCESS}`, "");
    return { folder, manifest: stored };
  }
  const manifest = await folder.make(() => run(folder));
  await putResult(context, stores.private, place, { folder, manifest });
  return { folder, manifest };
}

/** Writes a result into the peer's store, unless it is there. */
export async function handOver(context: BatchContext, stage: ServerStage, result: OwnResult): Promise<void> {
  const { stores, day, batch, tell } = context;
  const place = `${day.outgoing(stage)}/${batch.folder}`;
  if (!(await putResult(context, stores.peer, place, result))) return;
  tellOfHandOver(tell, stage, result.manifest);
}

function tellOfHandOver(tell: BatchContext["tell"], stage: Exchange, { parts }: StageManifest): void {
  const bytes = parts.reduce((sum, { size }) => sum + size, 0);
  tell({
    level: "info",
    event: "handed-over",
    stage,
    message: `handed over ${counted(parts.length, "part")}`,
    fields: { parts: parts.length, bytes },
  });
}

/** Writes a result into a folder of a store: parts, manifest, `_SUCCESS`. Returns false when all of it was there. */
async function putResult(
  { sealer }: BatchContext,
  store: Store,
  place: string,
  { folder, manifest }: OwnResult,
): Promise<boolean> {
  const text = formatManifest(manifest, sealer);
  const key = `${place}/${MANIFEST}`;
  const isDone = await isThere(store, key, text);
  if (isDone && (await hasParts(store, place, manifest.parts))) {
    await putSmall(store, `${place}/${SUCCESS}`, "");
    return false;
  }
  // While the parts change, nobody may take the folder for complete.
  if (!isDone) for (const name of [SUCCESS, MANIFEST]) await store.delete(`${place}/${name}`);
  await putParts(folder, manifest.parts, store, place);
  await putSmall(store, key, text);
  await putSmall(store, `${place}/${SUCCESS}`, "");
  return true;
}

/** Whether a folder has just these parts, by their names and sizes. The manifest, which came last, says the rest. */
async function hasParts(store: Store, place: string, parts: readonly Part[]): Promise<boolean> {
  const there = new Map((await listFolder(store, place)).parts.map(({ name, size }) => [name, size]));
  return there.size === parts.length && parts.every(({ name, size }) => there.get(name) === size);
}

/** Fetches this server's own parts again. Throws a Failure when they are not those of the manifest. */
async function fetchResult(
  store: Store,
  place: string,
  manifest: StageManifest,
  folder: LocalFolder<StageManifest>,
): Promise<StageManifest> {
  const { parts } = await listFolder(store, place);
  const fetched = await fetchParts(store, parts, folder, ({ name }) => name);
  const digests = new Map(fetched.map(({ name, sha256 }) => [name, sha256]));
  const other = manifest.parts.find(({ name, sha256 }) => digests.get(name) !== sha256);
  if (other !== undefined || fetched.length !== manifest.parts.length) {
    throw new Failure(
      `${store.name}/${place}: ${other?.name ?? "a part"} is not what the manifest says`,
      "remove the batch's folder of this stage and of those after it; the next run makes them again",
    );
  }
  return manifest;
}

function isSame(a: StageManifest | undefined, b: StageManifest): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}
