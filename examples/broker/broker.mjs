// The broker as the parties see it: a durable queue for each server, and messages that the broker has on disk when
// `send` returns. No connection is made twice: a program whose connection breaks ends, and is started again.

import { connect } from "amqplib";

/** @import { ChannelModel, ConfirmChannel, ConsumeMessage } from "amqplib" */
/** @import { ServerId } from "prio" */
/** @import { Message, Type } from "./exchange.mjs" */

/** Messages that a server has not acknowledged yet: at most so many. */
const PREFETCH = 200;
/** @type {Record<string, Message["from"]>} */
const users = { "server-A": "A", "server-B": "B", clients: "clients" };

export class Broker {
  #connection;
  #url;
  #batchId;
  /** @type {ConfirmChannel | undefined} */
  #open;
  /** Rejects when the connection ends. @type {Promise<never>} */
  #broken;
  /** @type {(error: Error) => void} */
  #fail = () => undefined;
  /** @type {ConsumeMessage[]} */
  #inbox = [];
  /** @type {(() => void) | undefined} */
  #wake;

  /** @param {URL} url with the user's name and password @param {string} batchId */
  static async open(url, batchId) {
    const broker = new Broker(await connect(url.href), url, batchId);
    broker.#open = await broker.#connection.createConfirmChannel();
    broker.#channel.on("error", broker.#fail);
    broker.#channel.on("return", ({ fields }) => broker.#fail(new Error(`there is no queue ${fields.routingKey}`)));
    return broker;
  }

  /**
   * @private
   * @param {ChannelModel} connection
   * @param {URL} url
   * @param {string} batchId
   */
  constructor(connection, url, batchId) {
    this.#connection = connection;
    this.#url = url;
    this.#batchId = batchId;
    this.#broken = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    // Whoever waits for something hears of it.
    this.#broken.catch(() => undefined);
    connection.on("error", this.#fail);
    connection.on("close", () => this.#fail(new Error("the connection to the broker ended")));
  }

  get #channel() {
    return /** @type {ConfirmChannel} */ (this.#open);
  }

  /**
   * Returns when the broker has all of these messages on disk.
   *
   * @param {{ type: Type, to: ServerId, id: string, body: Uint8Array }[]} messages
   */
  async send(messages) {
    const { username: userId } = this.#url;
    for (const { type, to, id, body } of messages) {
      this.#channel.sendToQueue(`prio.${to}`, Buffer.from(body), {
        type,
        messageId: id,
        // The broker refuses a message with the name of another user.
        userId,
        correlationId: this.#batchId,
        persistent: true,
        mandatory: true,
      });
    }
    await Promise.race([this.#channel.waitForConfirms(), this.#broken]);
  }

  /** Lets the messages of a queue come. @param {ServerId} id */
  async listen(id) {
    await this.#channel.prefetch(PREFETCH);
    await this.#channel.consume(`prio.${id}`, (message) => {
      if (message === null) return this.#fail(new Error(`the queue prio.${id} was deleted`));
      this.#inbox.push(message);
      this.#wake?.();
    });
  }

  /** Waits for messages, and returns all that have come. `done` tells the broker that it may forget them. */
  async receive() {
    const waiting = new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
    });
    if (this.#inbox.length === 0) await Promise.race([waiting, this.#broken]);
    const group = this.#inbox.splice(0);
    const last = /** @type {ConsumeMessage} */ (group.at(-1));
    return {
      messages: group.map((message) => this.#read(message)).filter((message) => message !== null),
      redelivered: group.filter(({ fields }) => fields.redelivered).length,
      done: () => this.#channel.ack(last, true),
    };
  }

  /** @param {ConsumeMessage} message @returns {Message | null} null for what is not of this batch */
  #read({ content, properties }) {
    const { type, messageId, correlationId, userId } = properties;
    const from = users[userId];
    if (correlationId !== this.#batchId || from === undefined || typeof messageId !== "string") return null;
    return { type, from, id: messageId, body: new Uint8Array(content) };
  }

  async close() {
    await this.#connection.close();
  }
}
