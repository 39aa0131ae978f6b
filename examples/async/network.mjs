// A bad network between the clients and the two servers: each message takes its own time, so messages overtake each
// other, and some arrive twice.

import { setTimeout as sleep } from "node:timers/promises";

/** @typedef {"A" | "B"} ServerId */

/**
 * @typedef {{ type: "packet" | "verify1" | "verify2", id: string, bytes: Uint8Array }
 *   | { type: "close" }
 *   | { type: "verified", ids: string[] }} Message
 */

export class Network {
  /** Longest delay in milliseconds. */
  jitter;
  #repeats;
  #underway = 0;
  /** @type {Record<ServerId, Message[]>} */
  #arrived = { A: [], B: [] };
  /** @type {Partial<Record<ServerId, () => void>>} */
  #waiting = {};

  /** @param {{ jitter: number, repeats: number }} options repeats: the share of messages that arrive twice */
  constructor({ jitter, repeats }) {
    this.jitter = jitter;
    this.#repeats = repeats;
  }

  /**
   * Returns at once; the message arrives later.
   *
   * @param {ServerId} to
   * @param {Message} message
   */
  send(to, message) {
    const copies = Math.random() < this.#repeats ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      this.#underway++;
      setTimeout(() => {
        this.#arrived[to].push(message);
        this.#waiting[to]?.();
      }, Math.random() * this.jitter);
    }
  }

  /**
   * The messages to one server, as they arrive.
   *
   * @param {ServerId} id
   * @returns {AsyncGenerator<Message, never>}
   */
  async *inbox(id) {
    for (;;) {
      const message = this.#arrived[id].shift();
      if (message === undefined) {
        await new Promise((resolve) => {
          this.#waiting[id] = () => resolve(undefined);
        });
        continue;
      }
      yield message;
      // Asked for the next one, the server is done with this one.
      this.#underway--;
    }
  }

  /** Waits until every message has arrived and been dealt with. */
  async quiet() {
    while (this.#underway > 0) await sleep(5);
  }
}
