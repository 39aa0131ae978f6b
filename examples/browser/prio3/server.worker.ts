// One of the two servers of Prio3, in its own worker: A is the leader, B the helper. It receives clients' shares
// through the page, and the other server's messages through a channel between the two. The page's shares are not
// encrypted; your own client would seal each to its server.

import type { ServerId } from "prio";
import {
  type AggregateShare,
  type Continued,
  helperInitialize,
  leaderContinue,
  leaderInitialize,
  type OutputShare,
  type ReportToVerify,
} from "prio/prio3";
import type { FromServer, Reason, Sight, ToServer, Upload } from "../messages.js";
import { ctx, nonceOf, vdaf } from "./batch.js";
import { checkOf, elementsIn, lookInside } from "./inside.js";

/** From one server to the other. The key is said once, by A. */
type BetweenServers =
  | { kind: "key"; key: Uint8Array }
  | { kind: "request" | "response"; reportId: string; bytes: Uint8Array }
  | { kind: "refused"; reportId: string };

/** How far the check of a report has come. The leader's request, or its refusal, may be here before the share. */
interface Progress {
  upload?: Upload;
  /** The leader's turn that waits for the helper's response. */
  begun?: Continued;
  request?: Uint8Array;
  otherRefused?: boolean;
  /** Whether the page wants to be shown what comes of it. */
  watched?: boolean;
  /** What this server sent the other. */
  message?: Uint8Array;
}

const waiting = new Map<string, Progress>();
/** A report is verified once: its id is its nonce. Late messages about it change nothing. */
const decided = new Set<string>();
const total: AggregateShare = vdaf.aggregateInit();
let id: ServerId;
let link: MessagePort;
let configured = false;
let key: Uint8Array | undefined;
let refused = 0;

const toPage = (message: FromServer): void => postMessage(message);
const toOther = (message: BetweenServers): void => link.postMessage(message);

addEventListener("message", ({ data }: MessageEvent<ToServer>) => {
  if (data.kind === "start") {
    id = data.id;
    link = data.link;
    link.onmessage = ({ data: message }: MessageEvent<BetweenServers>) => hear(message);
    toPage({ kind: "key", publicKey: "" });
  } else if (data.kind === "configure") {
    configured = true;
    if (id === "A") {
      key = crypto.getRandomValues(new Uint8Array(vdaf.verifyKeySize));
      toOther({ kind: "key", key });
    }
    open();
  } else if (data.kind === "report") {
    if (!decided.has(data.reportId)) receive(data.reportId, data.upload, data.watched);
  } else {
    toPage({ kind: "total", reports: total.count, share: total.toBytes(), shown: elementsIn(total.toBytes()) });
  }
});

function hear(message: BetweenServers): void {
  if (message.kind === "key") {
    key = message.key;
    open();
  } else if (!decided.has(message.reportId)) {
    const progress = progressOf(message.reportId);
    if (message.kind === "refused") progress.otherRefused = true;
    else if (message.kind === "request") progress.request = message.bytes;
    if (message.kind === "response") finish(message.reportId, progress, message.bytes);
    else advance(message.reportId, progress);
  }
}

/** The servers are ready once they have been configured and know the key. */
function open(): void {
  if (configured && key !== undefined) toPage({ kind: "ready" });
}

function progressOf(reportId: string): Progress {
  const progress = waiting.get(reportId) ?? {};
  waiting.set(reportId, progress);
  return progress;
}

function receive(reportId: string, upload: Upload, watched: boolean): void {
  const progress = progressOf(reportId);
  Object.assign(progress, { upload, watched });
  if (id === "B") {
    advance(reportId, progress);
    return;
  }
  // The leader begins: its verifier share goes to the helper.
  const turn = leaderInitialize(vdaf, key as Uint8Array, reportToVerify(reportId, upload));
  if (turn.status === "rejected") {
    toOther({ kind: "refused", reportId });
    decide(reportId, null, "malformed");
    return;
  }
  progress.begun = turn;
  progress.message = turn.message;
  toOther({ kind: "request", reportId, bytes: turn.message });
}

/** The helper's turn, once share and request are both there; or the end of a report that the other server refused. */
function advance(reportId: string, progress: Progress): void {
  const { upload, request, otherRefused } = progress;
  if (upload === undefined) return;
  if (otherRefused) decide(reportId, null, "the other refused");
  if (otherRefused || request === undefined) return;
  const turn = helperInitialize(vdaf, key as Uint8Array, reportToVerify(reportId, upload), request);
  if (turn.status !== "finished" || turn.message === undefined) {
    toOther({ kind: "refused", reportId });
    decide(reportId, null, turn.status === "rejected" && turn.error !== undefined ? "malformed" : "proof");
    return;
  }
  progress.message = turn.message;
  toOther({ kind: "response", reportId, bytes: turn.message });
  decide(reportId, turn.output, "counted");
}

/** The leader's last turn: it believes the helper's check, and compares the joint randomness. */
function finish(reportId: string, { begun }: Progress, response: Uint8Array): void {
  if (begun === undefined) return;
  const turn = leaderContinue(vdaf, ctx, begun, response);
  if (turn.status === "finished") decide(reportId, turn.output, "counted");
  else decide(reportId, null, "proof");
}

function reportToVerify(reportId: string, { share, common }: Upload): ReportToVerify {
  return { ctx, nonce: nonceOf(reportId), publicShare: common, inputShare: share };
}

function decide(reportId: string, output: OutputShare | null, reason: Reason): void {
  const progress = progressOf(reportId);
  waiting.delete(reportId);
  decided.add(reportId);
  if (output === null) refused++;
  else total.add(output);
  if (progress.watched && progress.upload !== undefined) {
    toPage({ kind: "show", ...sight(reportId, progress, progress.upload, reason) });
  }
  toPage({ kind: "decided", reportId, counted: output !== null });
}

function sight(reportId: string, { request, message }: Progress, upload: Upload, reason: Reason): Sight {
  const inside = lookInside(key as Uint8Array, id, reportToVerify(reportId, upload));
  return {
    upload,
    shares: inside?.shares ?? null,
    point: null,
    check: inside === null ? [] : checkOf(inside.verifierShare, request),
    sent: { messages: message === undefined ? 0 : 1, bytes: message?.length ?? 0 },
    reason,
    counted: total.count,
    refused,
    total: elementsIn(total.toBytes()),
  };
}
