// The program of test/janus/src that reads and writes messages with Janus' own crate. scripts/test-janus.mjs builds
// it.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Janus' crate, one question at a time. */
export class MessagesPeer {
  readonly #child;
  readonly #answers;

  constructor() {
    const folder = process.env["JANUS_PEER"];
    if (folder === undefined) throw new Error("run scripts/test-janus.mjs, which says where Janus is");
    this.#child = spawn(join(folder, "janus-messages"), { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async #ask(...words: string[]): Promise<string> {
    this.#child.stdin.write(`${words.join(" ")}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`janus_messages ended at ${words[0]} ${words[1]}`);
    return value === "-" ? "" : value;
  }

  /** What Janus writes of a message that it has read, in hex, or "refused: …". */
  read(kind: string, message: Uint8Array): Promise<string> {
    return this.#ask("read", kind, message.length === 0 ? "-" : toHex(message));
  }

  /** A message that Janus made of random values. */
  async make(kind: string, seed: number): Promise<Uint8Array> {
    return fromHex(await this.#ask("make", kind, String(seed)));
  }

  end(): void {
    this.#child.stdin.end();
  }
}
