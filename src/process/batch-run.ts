// A batch on its way through a day, at one side: the servers agree on its settings; verify1, verify2 and aggregate are
// each handed over before the other server's result is waited for; then the totals are published. Every step finds what
// an earlier run has done, so a run that was killed anywhere goes on, and ends with the same bytes.

import { requireFirstSettings, requireSameSettings } from "./agreement.js";
import type { BatchContext } from "./batch-context.js";
import { type Exchange, MANIFEST } from "./layout.js";
import { type BatchManifest, formatManifest, MAX_MANIFEST, parseManifest, type StageManifest } from "./manifest.js";
import { removeNotice } from "./notice.js";
import { handOver, type OwnResult, ownResult, storedResult } from "./own-result.js";
import { hasPeerParts, type PeerResult, peerBatch, peerResult, peerStage } from "./peer-result.js";
import { isPublished, publishTotals } from "./publication.js";
import { fetchRawShares, pinShares, type RawFolder, tellOfLateParts } from "./raw-shares.js";
import { putSmall, readSmall } from "./small-object.js";
import { runStage, TooFewReports } from "./stage-run.js";

/** How a batch ended in this run. */
export type Outcome =
  | { readonly state: "published"; readonly result: StageManifest | undefined }
  /** Neither server has shares of it. */
  | { readonly state: "empty" }
  /** Only one server has shares of it. */
  | { readonly state: "missing"; readonly where: "here" | "there" };

/** Called when a batch is through an exchange, or never will be in this run. */
export type Passed = (exchange: Exchange) => void;

/** Takes a batch as far as it goes. Throws what keeps it from going on. */
export async function runBatch(context: BatchContext, passed: Passed): Promise<Outcome> {
  const { config, stand } = context;
  if (await isPublished(context)) return again(context);
  await removeNotice(context, context.batch.folder);
  stand({ stage: "raw" });
  const raw = await fetchRawShares(context);
  const missing = await agree(context, raw);
  passed("manifest");
  if (missing !== undefined || raw === undefined) return missing ?? { state: "empty" };

  let peer: PeerResult | undefined;
  let own: OwnResult | undefined;
  for (const stage of ["verify1", "verify2", "aggregate"] as const) {
    stand({ stage });
    const [internal, external] = [own?.folder, peer?.folder];
    own = await ownResult(context, stage, (output) =>
      runStage(context, stage, { raw: raw.folder, output, internal, external }),
    );
    requireEnough(own.manifest, stage === "aggregate" ? Math.max(1, config.minReports) : 1);
    await handOver(context, stage, own);
    passed(stage);
    peer = await peerResult(context, stage, own.manifest);
  }
  stand({ stage: "publish" });
  await publishTotals(context, own as OwnResult, peer as PeerResult);
  await tellOfLateParts(context, raw.shares);
  return { state: "published", result: own?.manifest };
}

/** A batch that was published before: the other server may have lost something, and gets it again. */
async function again(context: BatchContext): Promise<Outcome> {
  let result: StageManifest | undefined;
  for (const stage of ["verify1", "verify2", "aggregate"] as const) {
    if ((await storedResult(context, stage)) === undefined) break;
    const own = await ownResult(context, stage, () => Promise.reject(new Error("process: a stored result has gone")));
    await handOver(context, stage, own);
    result = own.manifest;
  }
  return { state: "published", result };
}

/** Few reports hide nobody: what this server knows of them stays here. */
function requireEnough({ reports, kind }: StageManifest, minimum: number): void {
  if (reports >= minimum) return;
  throw new TooFewReports(
    `${kind}: ${reports} valid reports are fewer than ${minimum}`,
    "few reports hide nobody; minReports says how many there must be",
  );
}

/**
 * Tells the other server what this one has, and compares the settings. Returns the outcome when there is nothing to do.
 */
async function agree(context: BatchContext, raw: RawFolder | undefined): Promise<Outcome | undefined> {
  const { config, stores, day, batch, sealer } = context;
  const own = await ownBatch(context, raw);
  const text = formatManifest(own, sealer);
  await putSmall(stores.peer, `${day.outgoing("manifest")}/${batch.folder}/${MANIFEST}`, text);
  const missing = config.peer === "prio" ? await compare(context, own) : await lookFor(context, raw);
  if (missing !== undefined || raw === undefined) return missing;
  // From here on, packets are checked: with these settings, and no others.
  await pinShares(context, raw.shares);
  await putSmall(stores.private, `${day.internal("manifest")}/${batch.folder}/${MANIFEST}`, text);
  return undefined;
}

/** Compares the settings with those of another `prio process`. Throws a Disagreement. */
async function compare(context: BatchContext, own: BatchManifest): Promise<Outcome | undefined> {
  const peer = await peerBatch(context, own);
  requireSameSettings(own, peer);
  const message = `agreed on the settings: ${own.rows ?? "no"} rows here, ${peer.rows ?? "no"} rows there`;
  const isOther = peer.version !== own.version;
  context.tell({
    level: isOther ? "warn" : "info",
    event: "batch-agreed",
    stage: "manifest",
    message: isOther ? `${message}; version ${own.version} of prio here, ${peer.version} there` : message,
    fields: { rowsHere: own.rows, rowsThere: peer.rows },
  });
  if (peer.rows === null) return own.rows === null ? { state: "empty" } : { state: "missing", where: "there" };
  return own.rows === null ? { state: "missing", where: "here" } : undefined;
}

/** Without shares, looks whether a prio-processor has some. */
async function lookFor(context: BatchContext, raw: RawFolder | undefined): Promise<Outcome | undefined> {
  if (raw !== undefined) return undefined;
  await peerStage(context, "verify1");
  return (await hasPeerParts(context, "verify1")) ? { state: "missing", where: "here" } : { state: "empty" };
}

/** The manifest of the batch: the one with which its packets began to be checked, or else a new one. */
async function ownBatch(context: BatchContext, raw: RawFolder | undefined): Promise<BatchManifest> {
  const { config, stores, day, batch, about, role, sealer, version } = context;
  const own: BatchManifest = {
    kind: "batch",
    ...about,
    server: config.server,
    settings: {
      n_data: batch.count,
      precision: batch.precision ?? 0,
      prgKey: config.prgKey,
      queryPoints: config.queryPoints,
      publicKeyA: role.batch.publicKeyA,
      publicKeyB: role.batch.publicKeyB,
    },
    secret: sealer.fingerprint(about),
    version,
    rows: raw?.shares.rows ?? null,
    parts: raw?.shares.parts.length ?? 0,
    bytes: raw?.shares.parts.reduce((sum, { size }) => sum + size, 0) ?? 0,
  };
  const key = `${day.internal("manifest")}/${batch.folder}/${MANIFEST}`;
  const before = await readSmall(stores.private, key, MAX_MANIFEST);
  if (before === undefined) return own;
  const { manifest: first } = parseManifest(before, "batch", `${stores.private.name}/${key}`, sealer);
  requireFirstSettings(first, own);
  return first;
}
