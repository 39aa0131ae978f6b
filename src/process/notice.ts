// Notices that a server leaves for the other: it has given a batch up, or its configuration does not have the batch.
// Why, only its own operator learns.

import { type DayLayout, EXCHANGES, GIVEN_UP, MANIFEST } from "./layout.js";
import type { SideStores } from "./side-stores.js";
import { putSmall, readSmall } from "./small-object.js";

/** In bytes; a notice has less than a hundred. */
const MAX_NOTICE = 1024;
/** Most unknown batches that are answered, whatever the other server writes. */
const MAX_UNKNOWN = 100;
/** Stands for the stage of a batch that the configuration does not have. */
const NOT_CONFIGURED = "configuration";
/** What a notice may name. Everything else in it is the other server's text, and is not shown. */
const STAGES = ["raw", ...EXCHANGES, "publish"];

/** Where notices go and come from. */
export interface NoticePlace {
  readonly stores: Pick<SideStores, "shared" | "peer">;
  readonly day: DayLayout;
}

/** Tells the other server that this one has given a batch up, and at which stage. */
export async function writeNotice({ stores, day }: NoticePlace, folder: string, stage: string): Promise<void> {
  await putSmall(stores.peer, `${day.outgoing("manifest")}/${folder}/${GIVEN_UP}`, `${JSON.stringify({ stage })}\n`);
}

export async function removeNotice({ stores, day }: NoticePlace, folder: string): Promise<void> {
  await stores.peer.delete(`${day.outgoing("manifest")}/${folder}/${GIVEN_UP}`);
}

/** The key of the notice that the other server would leave. */
export function noticeKey(day: DayLayout, folder: string): string {
  return `${day.incoming("manifest")}/${folder}/${GIVEN_UP}`;
}

/** What the other server's notice says, as the end of a sentence about a batch. */
export async function readNotice({ stores, day }: NoticePlace, folder: string): Promise<string> {
  const bytes = await readSmall(stores.shared, noticeKey(day, folder), MAX_NOTICE);
  const stage = stageIn(bytes?.toString("utf8") ?? "");
  if (stage === NOT_CONFIGURED) return "the peer's configuration does not have this batch";
  return stage !== undefined && STAGES.includes(stage)
    ? `the peer has given this batch up at ${stage}`
    : "the peer has given this batch up";
}

function stageIn(text: string): string | undefined {
  try {
    const stage = (JSON.parse(text) as { stage?: unknown } | null)?.stage;
    return typeof stage === "string" ? stage : undefined;
  } catch {
    return undefined;
  }
}

/** Folders of batches that the other server has begun, and this one does not know. Tells the other so. */
export async function answerUnknown(place: NoticePlace, known: ReadonlySet<string>): Promise<readonly string[]> {
  const { stores, day } = place;
  const start = `${day.incoming("manifest")}/`;
  const unknown: string[] = [];
  for await (const { key } of stores.shared.list(`${start}batch_id=`)) {
    const [folder = "", name, ...rest] = key.slice(start.length).split("/");
    if (name !== MANIFEST || rest.length > 0 || known.has(folder)) continue;
    unknown.push(folder);
    if (unknown.length === MAX_UNKNOWN) break;
  }
  for (const folder of unknown) await writeNotice(place, folder, NOT_CONFIGURED);
  return unknown;
}
