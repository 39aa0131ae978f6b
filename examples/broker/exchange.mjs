// One server's part of the exchange. It is a machine that is fed with messages, in any order and any number of times,
// and that gives back the messages to send. It knows nothing of the broker.
//
// Whatever it answers follows from the messages in its state alone. So a process that was killed is the same machine
// again once it has read them, and sends again what it may not have sent. The other server takes each message once.

import { createHash } from "node:crypto";
import { Admission, PrioError, publish, Server } from "prio";
import { FileReplayRecord } from "prio/replays";

/** @import { Config, PrivateKey, ReplayKeys, ServerId, ServerSecret, Verifier } from "prio" */
/** @import { State } from "./state.mjs" */

/**
 * @typedef {"data" | "verify1" | "verify2" | "close" | "opened" | "total"} Type What a message is: a client's packet;
 *   the two rounds between the servers; the operator's wish to close the batch; the ids of the reports that a server
 *   has opened; its share of the totals.
 * @typedef {{ type: Type, from: ServerId | "clients", id: string, body: Uint8Array }} Message `id` is the report's, and
 *   empty for the last three.
 * @typedef {{ type: Type, to: ServerId, id: string, body: Uint8Array }} Outgoing
 * @typedef {{ packet: Uint8Array, keys: ReplayKeys, verifier: Verifier, mine1: Uint8Array, mine2?: Uint8Array }} Opened
 *   A packet, and what was sent because of it.
 * @typedef {{ opened?: Opened, theirs1?: Uint8Array, theirs2?: Uint8Array }} Progress What is there of a report whose
 *   check is not over.
 * @typedef {{ reports: number, digest: string, share: string }} Total
 * @typedef {{ totals: number[], reports: number } | { refused: string }} Outcome
 * @typedef {{ id: string, packet?: string, theirs1?: string, theirs2?: string }} SavedProgress In base64.
 * @typedef {{ snapshot: string, verdicts: [string, boolean][], pending: SavedProgress[], isClosed: boolean,
 *   openedByPeer?: string[], mine?: Total, theirs?: Total, outcome?: Outcome }} Saved What a checkpoint holds.
 * @typedef {object} Options
 * @property {Config} config
 * @property {ServerId} id
 * @property {PrivateKey} privateKey
 * @property {ServerSecret} secret
 * @property {number} minimum of fewer reports, nothing is published
 * @property {number} checkpointAfter so many messages: then the total is put on disk, and what led to it is forgotten
 */

const FOREIGN_STATE = "expected the state of the server and the secret that the replay record belongs to";

export class Exchange {
  #options;
  #peer;
  #state;
  #record;
  /** @type {Server} */
  #server;
  #admission;
  /** The reports whose check is not over. @type {Map<string, Progress>} */
  #pending = new Map();
  /** Those whose check is over, and whether it held. @type {Map<string, boolean>} */
  #verdicts = new Map();
  #isClosed = false;
  /** The reports that the other server has opened, once it has closed the batch. @type {string[] | undefined} */
  #openedByPeer;
  /** @type {Total | undefined} */
  #mine;
  /** @type {Total | undefined} */
  #theirs;
  /** How the batch ended. @type {Outcome | undefined} */
  outcome;
  #inJournal = 0;
  /** @type {Outgoing[]} */
  #outgoing = [];
  /** Messages that changed nothing, by the reason. @type {Record<string, number>} */
  ignored = {};

  /**
   * @param {Options} options
   * @param {string} replays the directory of the replay record
   * @param {() => State} openState is called when no other process has the record
   */
  constructor(options, replays, openState) {
    const { config, id, privateKey, secret } = options;
    this.#options = options;
    this.#peer = id === "A" ? /** @type {const} */ ("B") : /** @type {const} */ ("A");
    // The record outlives the batch: no packet is opened in two of them. It lets this server open a packet again that
    // it opened before it was killed.
    this.#record = FileReplayRecord.open(replays, { server: id, secret, reopensAnswered: true });
    const state = openState();
    this.#state = state;
    const session = /** @type {const} */ ({ id, privateKey, secret, queryPoints: "report" });
    this.#admission = new Admission(config, { secret, queryPoints: "report", replays: this.#record });
    const saved = /** @type {Saved | undefined} */ (state.content);
    this.#server = saved ? Server.restore(config, session, fromBase64(saved.snapshot)) : new Server(config, session);
    if (saved) this.#restore(saved);
    // Before the checkpoint, all was sent. After it, nobody knows.
    this.#outgoing = [];
    for (const entry of state.entries) {
      if (!this.#take(messageOf(entry))) throw new Error(FOREIGN_STATE);
    }
    this.#inJournal = state.entries.length;
    this.#record.commit();
  }

  get counts() {
    const counted = [...this.#verdicts.values()].filter(Boolean).length;
    return { pending: this.#pending.size, counted, refused: this.#verdicts.size - counted };
  }

  /**
   * Takes messages. When this returns, they may be forgotten by everybody else, once the messages that it returns have
   * been sent.
   *
   * @param {Message[]} messages
   */
  receive(messages) {
    const taken = messages.filter((message) => this.#take(message));
    this.#state.append(taken.map(entryOf));
    this.#record.commit();
    this.#inJournal += taken.length;
    return this.#outgoing.splice(0);
  }

  /** To be called when all that `receive` returned has been sent. */
  sent() {
    if (this.#inJournal < this.#options.checkpointAfter) return;
    this.#state.checkpoint(this.#saved());
    this.#inJournal = 0;
  }

  close() {
    this.#state.close();
    this.#record.close();
  }

  /** Takes one message. False if it changed nothing. @param {Message} message */
  #take(message) {
    const { type, from, id, body } = message;
    const expected = type === "data" ? undefined : type === "close" ? this.#options.id : this.#peer;
    // The broker vouches for the sender. Nobody but the other server may say what the other server says.
    if (expected !== undefined && from !== expected) return this.#ignore("foreign");
    switch (type) {
      case "data":
        return this.#takePacket(id, body);
      case "verify1":
        return this.#takeMessage(id, "theirs1", body);
      case "verify2":
        return this.#takeMessage(id, "theirs2", body);
      case "close":
        if (this.#isClosed) return this.#ignore("repeated");
        this.#close();
        break;
      case "opened":
        if (this.#openedByPeer !== undefined) return this.#ignore("repeated");
        this.#openedByPeer = parse(body);
        if (!this.#isClosed) this.#close();
        break;
      case "total":
        if (this.#theirs !== undefined) return this.#ignore("repeated");
        this.#theirs = parse(body);
        break;
      default:
        return this.#ignore("unknown");
    }
    this.#finish();
    return true;
  }

  /** @param {string} id @param {Uint8Array} packet */
  #takePacket(id, packet) {
    const progress = this.#pending.get(id) ?? {};
    if (progress.opened !== undefined || this.#verdicts.has(id)) return this.#ignore("repeated");
    // The servers agree on the reports of a batch when it closes. One more would be in one total alone.
    if (this.#isClosed) return this.#ignore("late");
    const opened = this.#open(id, packet);
    if (typeof opened === "string") return this.#ignore(opened);
    progress.opened = opened;
    this.#send("verify1", id, opened.mine1);
    return this.#advance(id, progress);
  }

  /**
   * Opens a packet and makes the first message. Returns why not, if it cannot.
   *
   * @param {string} id
   * @param {Uint8Array} packet
   */
  #open(id, packet) {
    try {
      const report = this.#server.openPacket(packet, id);
      const keys = report.replayKeys;
      const admitted = this.#admission.admit(keys);
      if ("replayed" in admitted) return "replayed";
      const verifier = this.#server.verifier(report, admitted);
      return { packet, keys, verifier, mine1: verifier.verify1() };
    } catch (error) {
      // Bytes that are no packet spoil one report. Anything else is a fault of this server, which must not go on.
      if (error instanceof PrioError) return error.code;
      throw error;
    }
  }

  /** @param {string} id @param {"theirs1" | "theirs2"} round @param {Uint8Array} body */
  #takeMessage(id, round, body) {
    const progress = this.#pending.get(id) ?? {};
    if (progress[round] !== undefined || this.#verdicts.has(id)) return this.#ignore("repeated");
    return this.#advance(id, { ...progress, [round]: body });
  }

  /**
   * Does what has become possible for a report, and keeps its progress. False, and nothing is kept, if a message of the
   * other server is none.
   *
   * @param {string} id
   * @param {Progress} progress
   */
  #advance(id, progress) {
    const { opened, theirs1, theirs2 } = progress;
    try {
      if (opened !== undefined && theirs1 !== undefined) {
        opened.mine2 ??= this.#answer(id, opened, theirs1);
        if (theirs2 !== undefined) {
          const report = opened.verifier.check(...this.#inOrder(opened.mine2, theirs2));
          if (report !== null) this.#server.aggregate(report);
          this.#verdicts.set(id, report !== null);
          this.#pending.delete(id);
          this.#finish();
          return true;
        }
      }
    } catch (error) {
      if (error instanceof PrioError) return this.#ignore(`peer: ${error.code}`);
      throw error;
    }
    this.#pending.set(id, progress);
    return true;
  }

  /** Makes and sends the second message. @param {string} id @param {Opened} opened @param {Uint8Array} theirs1 */
  #answer(id, { verifier, keys, mine1 }, theirs1) {
    const messages = this.#inOrder(mine1, theirs1);
    const mine2 = verifier.verify2(...messages);
    // A report is answered once. A second answer, to another message, would give its values away.
    const digest = createHash("sha256").update(Buffer.concat(messages)).digest();
    if (!this.#record.answer(keys, digest)) throw new Error(`${id}: answered before, for another message`);
    this.#send("verify2", id, mine2);
    return mine2;
  }

  #close() {
    this.#isClosed = true;
    const open = [...this.#pending].filter(([, { opened }]) => opened !== undefined).map(([id]) => id);
    this.#send("opened", "", Buffer.from(JSON.stringify([...this.#verdicts.keys(), ...open])));
  }

  /**
   * Sends the share of the totals when it is final: when the check of every report is over that both servers have
   * opened. They will be the same reports at both, because each message arrives in the end.
   */
  #finish() {
    if (!this.#isClosed || this.#openedByPeer === undefined) return;
    if (this.#mine === undefined) {
      if (this.#openedByPeer.some((id) => this.#pending.get(id)?.opened !== undefined)) return;
      const counted = [...this.#verdicts].filter(([, valid]) => valid).map(([id]) => id);
      const digest = createHash("sha256").update(JSON.stringify(counted.sort())).digest("hex");
      const reports = this.#server.reports;
      // The other server could add its own share: too small a total must not leave.
      const share = reports < this.#options.minimum ? "" : toBase64(this.#server.totalShare());
      this.#mine = { reports, digest, share };
      this.#send("total", "", Buffer.from(JSON.stringify(this.#mine)));
    }
    if (this.#theirs !== undefined) this.outcome ??= this.#publish(this.#mine, this.#theirs);
  }

  /** @param {Total} mine @param {Total} theirs @returns {Outcome} */
  #publish(mine, theirs) {
    if (mine.reports !== theirs.reports || mine.digest !== theirs.digest) {
      return { refused: `the servers counted different reports: ${mine.reports} here, ${theirs.reports} there` };
    }
    if (mine.share === "" || theirs.share === "") return { refused: `too few reports: ${mine.reports}` };
    const shares = this.#inOrder(fromBase64(mine.share), fromBase64(theirs.share));
    return { reports: mine.reports, totals: publish(this.#options.config, ...shares).map(Number) };
  }

  /** @param {Type} type @param {string} id @param {Uint8Array} body */
  #send(type, id, body) {
    this.#outgoing.push({ type, to: this.#peer, id, body });
  }

  /** @param {string} reason */
  #ignore(reason) {
    this.ignored[reason] = (this.ignored[reason] ?? 0) + 1;
    return false;
  }

  /** A's message first. @param {Uint8Array} mine @param {Uint8Array} theirs @returns {[Uint8Array, Uint8Array]} */
  #inOrder(mine, theirs) {
    return this.#options.id === "A" ? [mine, theirs] : [theirs, mine];
  }

  /** @returns {Saved} */
  #saved() {
    return {
      snapshot: toBase64(this.#server.snapshot()),
      verdicts: [...this.#verdicts],
      pending: [...this.#pending].map(([id, { opened, theirs1, theirs2 }]) => ({
        id,
        ...(opened && { packet: toBase64(opened.packet) }),
        ...(theirs1 && { theirs1: toBase64(theirs1) }),
        ...(theirs2 && { theirs2: toBase64(theirs2) }),
      })),
      isClosed: this.#isClosed,
      ...(this.#openedByPeer && { openedByPeer: this.#openedByPeer }),
      ...(this.#mine && { mine: this.#mine }),
      ...(this.#theirs && { theirs: this.#theirs }),
      ...(this.outcome && { outcome: this.outcome }),
    };
  }

  /** @param {Saved} saved */
  #restore({ verdicts, pending, isClosed, openedByPeer, mine, theirs, outcome }) {
    this.#verdicts = new Map(verdicts);
    for (const { id, packet, theirs1, theirs2 } of pending) {
      /** @type {Progress} */
      const progress = {};
      if (packet !== undefined) {
        const opened = this.#open(id, fromBase64(packet));
        if (typeof opened === "string") throw new Error(FOREIGN_STATE);
        progress.opened = opened;
      }
      if (theirs1 !== undefined) progress.theirs1 = fromBase64(theirs1);
      if (theirs2 !== undefined) progress.theirs2 = fromBase64(theirs2);
      this.#advance(id, progress);
    }
    this.#isClosed = isClosed;
    this.#openedByPeer = openedByPeer;
    this.#mine = mine;
    this.#theirs = theirs;
    this.outcome = outcome;
  }
}

/** What the other server says at the end, over a connection that is its own: it is believed to be JSON. */
const parse = (/** @type {Uint8Array} */ body) => JSON.parse(Buffer.from(body).toString());
const toBase64 = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("base64");
const fromBase64 = (/** @type {string} */ text) => new Uint8Array(Buffer.from(text, "base64"));

/** A message as JSON can hold it. @param {Message} message */
const entryOf = ({ body, ...message }) => ({ ...message, body: toBase64(body) });
/** @param {unknown} entry @returns {Message} */
function messageOf(entry) {
  const { body, ...message } = /** @type {ReturnType<typeof entryOf>} */ (entry);
  return { ...message, body: fromBase64(body) };
}
