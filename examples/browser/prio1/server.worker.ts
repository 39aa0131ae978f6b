// One of the two servers of Prio v1, in its own worker. It receives clients' packets through the page, and the other
// server's messages through a channel between the two. Its private key never leaves the worker.

import {
  type Config,
  generateKeyPair,
  PrioError,
  Server,
  type ServerId,
  ServerSecret,
  type VerifiedReport,
  type Verifier,
} from "prio";
import type { FromServer, Reason, Sight, ToServer, Upload } from "../messages.js";
import { configFor } from "./batch.js";
import { maskedValues, outcome, pointOf, sharesIn, totalOf } from "./inside.js";

/** From one server to the other. The secret is said once, by A. */
type BetweenServers =
  | { kind: "secret"; secret: Uint8Array }
  | { kind: "verify1" | "verify2"; reportId: string; bytes: Uint8Array }
  | { kind: "cannot open"; reportId: string };

/** How far the check of a report has come. Messages of the other server may be here before the packet. */
interface Progress {
  /** What the page gave, if it wants to be shown what comes of it. */
  watched?: Upload;
  verifier?: Verifier;
  otherRefused?: boolean;
  verify1: { own?: Uint8Array; other?: Uint8Array };
  verify2: { own?: Uint8Array; other?: Uint8Array };
}

const keys = generateKeyPair();
const waiting = new Map<string, Progress>();
/** Reports of the past: messages about them that come late change nothing. */
const decided = new Set<string>();
let id: ServerId;
let link: MessagePort;
let config: Config;
let secret: ServerSecret | undefined;
let server: Server;
let refused = 0;

const toPage = (message: FromServer): void => postMessage(message);
const toOther = (message: BetweenServers): void => link.postMessage(message);

addEventListener("message", ({ data }: MessageEvent<ToServer>) => {
  if (data.kind === "start") {
    id = data.id;
    link = data.link;
    link.onmessage = ({ data: message }: MessageEvent<BetweenServers>) => hear(message);
    toPage({ kind: "key", publicKey: keys.publicKey.toHex() });
  } else if (data.kind === "configure") {
    config = configFor(data.keys);
    if (id === "A") {
      secret = ServerSecret.generate();
      toOther({ kind: "secret", secret: secret.toBytes() });
    }
    open();
  } else if (data.kind === "report") {
    receive(data.reportId, data.upload, data.watched);
  } else {
    toPage({ kind: "total", reports: server.reports, share: server.totalShare(), shown: totalOf(config, server) });
  }
});

function hear(message: BetweenServers): void {
  if (message.kind === "secret") {
    secret = ServerSecret.fromBytes(message.secret);
    open();
  } else if (!decided.has(message.reportId)) {
    const progress = progressOf(message.reportId);
    if (message.kind === "cannot open") progress.otherRefused = true;
    else progress[message.kind].other = message.bytes;
    advance(message.reportId, progress);
  }
}

/** Opens the session once the configuration and the secret are both there. */
function open(): void {
  if (config === undefined || secret === undefined) return;
  server = new Server(config, { id, privateKey: keys.privateKey, secret, queryPoints: "report" });
  toPage({ kind: "ready" });
}

function progressOf(reportId: string): Progress {
  const progress = waiting.get(reportId) ?? { verify1: {}, verify2: {} };
  waiting.set(reportId, progress);
  return progress;
}

function receive(reportId: string, upload: Upload, watched: boolean): void {
  const progress = progressOf(reportId);
  if (watched) progress.watched = upload;
  try {
    progress.verifier = server.open(upload.share, reportId);
  } catch (error) {
    if (!(error instanceof PrioError)) throw error;
    toOther({ kind: "cannot open", reportId });
    decide(reportId, null, "malformed");
    return;
  }
  progress.verify1.own = progress.verifier.verify1();
  toOther({ kind: "verify1", reportId, bytes: progress.verify1.own });
  advance(reportId, progress);
}

/** Takes the check as far as the messages that are here allow. */
function advance(reportId: string, { verifier, otherRefused, verify1, verify2 }: Progress): void {
  if (verifier === undefined || verify1.own === undefined) return;
  if (otherRefused) decide(reportId, null, "the other refused");
  if (otherRefused || verify1.other === undefined) return;
  if (verify2.own === undefined) {
    verify2.own = verifier.verify2(...inOrder(verify1.own, verify1.other));
    toOther({ kind: "verify2", reportId, bytes: verify2.own });
  }
  if (verify2.other === undefined) return;
  const report = verifier.check(...inOrder(verify2.own, verify2.other));
  decide(reportId, report, report === null ? "proof" : "counted");
}

/** A's message first. */
function inOrder(own: Uint8Array, other: Uint8Array): [Uint8Array, Uint8Array] {
  return id === "A" ? [own, other] : [other, own];
}

function decide(reportId: string, report: VerifiedReport | null, reason: Reason): void {
  const progress = progressOf(reportId);
  waiting.delete(reportId);
  decided.add(reportId);
  if (report === null) refused++;
  else server.aggregate(report);
  if (progress.watched !== undefined) toPage({ kind: "show", ...sight(reportId, progress, progress.watched, reason) });
  toPage({ kind: "decided", reportId, counted: report !== null });
}

function sight(reportId: string, { verifier, verify1, verify2 }: Progress, upload: Upload, reason: Reason): Sight {
  const masked = verify1.own && verify1.other ? maskedValues(config, verify1.own, verify1.other) : undefined;
  const out = verify2.own && verify2.other ? outcome(config, verify2.own, verify2.other) : undefined;
  const sent = [verify1.own, verify2.own].flatMap((bytes) => bytes ?? []);
  return {
    upload,
    shares: verifier === undefined ? null : sharesIn(config, id, keys.privateKey, upload.share),
    point: verifier === undefined ? null : pointOf(config, secret as ServerSecret, reportId),
    check: [
      { name: "d", ...masked?.d },
      { name: "e", ...masked?.e },
      { name: "out", ...(out && { ...out, holds: out.sum === 0n }) },
    ],
    sent: { messages: sent.length, bytes: sent.reduce((sum, { length }) => sum + length, 0) },
    reason,
    counted: server.reports,
    refused,
    total: totalOf(config, server),
  };
}
