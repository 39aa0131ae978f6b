// One of the two servers, in its own worker. It receives clients' packets through the page, and the other server's
// messages through a channel between the two. Its private key never leaves the worker.

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
import { configFor } from "./batch.js";
import { maskedValues, outcome, pointOf, sharesIn, totalOf } from "./inside.js";
import type { BetweenServers, FromServer, Sight, ToServer } from "./messages.js";

/** How far the check of a report has come. Messages of the other server may be here before the packet. */
interface Progress {
  watched?: { packet: Uint8Array; shares: bigint[] };
  verifier?: Verifier;
  verify1: { own?: Uint8Array; other?: Uint8Array };
  verify2: { own?: Uint8Array; other?: Uint8Array };
}

const keys = generateKeyPair();
const waiting = new Map<string, Progress>();
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
    receive(data.reportId, data.packet, data.watched);
  } else {
    toPage({ kind: "total", reports: server.reports, share: server.totalShare(), shown: totalOf(config, server) });
  }
});

function hear(message: BetweenServers): void {
  if (message.kind === "secret") {
    secret = ServerSecret.fromBytes(message.secret);
    open();
  } else if (message.kind === "cannot open") {
    if (waiting.has(message.reportId)) decide(message.reportId, null);
  } else {
    const progress = progressOf(message.reportId);
    progress[message.kind].other = message.bytes;
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

function receive(reportId: string, packet: Uint8Array, watched: boolean): void {
  const progress = progressOf(reportId);
  try {
    progress.verifier = server.open(packet, reportId);
  } catch (error) {
    if (!(error instanceof PrioError)) throw error;
    toOther({ kind: "cannot open", reportId });
    decide(reportId, null);
    return;
  }
  if (watched) progress.watched = { packet, shares: sharesIn(config, id, keys.privateKey, packet) };
  progress.verify1.own = progress.verifier.verify1();
  toOther({ kind: "verify1", reportId, bytes: progress.verify1.own });
  advance(reportId, progress);
}

/** Takes the check as far as the messages that are here allow. */
function advance(reportId: string, { verifier, verify1, verify2 }: Progress): void {
  if (verifier === undefined || verify1.own === undefined || verify1.other === undefined) return;
  if (verify2.own === undefined) {
    verify2.own = verifier.verify2(...inOrder(verify1.own, verify1.other));
    toOther({ kind: "verify2", reportId, bytes: verify2.own });
  }
  if (verify2.other !== undefined) decide(reportId, verifier.check(...inOrder(verify2.own, verify2.other)));
}

/** A's message first. */
function inOrder(own: Uint8Array, other: Uint8Array): [Uint8Array, Uint8Array] {
  return id === "A" ? [own, other] : [other, own];
}

function decide(reportId: string, report: VerifiedReport | null): void {
  const progress = progressOf(reportId);
  waiting.delete(reportId);
  if (report === null) refused++;
  else server.aggregate(report);
  if (progress.watched !== undefined) toPage({ kind: "show", ...sight(reportId, progress, progress.watched, report) });
  toPage({ kind: "decided", reportId, counted: report !== null });
}

function sight(
  reportId: string,
  { verify1, verify2 }: Progress,
  { packet, shares }: { packet: Uint8Array; shares: bigint[] },
  report: VerifiedReport | null,
): Sight {
  const masked = verify1.own && verify1.other ? maskedValues(config, verify1.own, verify1.other) : null;
  return {
    packet,
    shares,
    point: pointOf(config, secret as ServerSecret, reportId),
    d: masked?.d ?? null,
    e: masked?.e ?? null,
    out: verify2.own && verify2.other ? outcome(config, verify2.own, verify2.other) : null,
    verdict: report !== null ? "counted" : verify2.other === undefined ? "not opened" : "refused",
    counted: server.reports,
    refused,
    total: totalOf(config, server),
  };
}
