// The client's side over part of a file: rows of values in, rows of packets out. It runs in any thread.

import { randomUUID } from "node:crypto";
import { type Chunk, linesOf } from "../files/chunks.js";
import { Client } from "../index.js";
import { type Batch, configOf } from "./batch.js";
import { formatRow, isRefusal, parseValues, refusalOf } from "./rows.js";
import type { ChunkResult } from "./thread-messages.js";

/** Encodes rows of values into rows of packets for A and for B. */
export class EncodingSession {
  readonly #client: Client;
  readonly #count: number;
  readonly #isForIntegers: boolean;

  constructor(batch: Batch) {
    this.#client = new Client(configOf(batch));
    this.#count = batch.count;
    this.#isForIntegers = batch.precision !== undefined;
  }

  encode(chunk: Chunk): ChunkResult {
    let [a, b] = ["", ""];
    const outcomes = linesOf(chunk).map((line) => {
      const values = parseValues(line, this.#count);
      if (isRefusal(values)) return values;
      try {
        // The client checks every value itself.
        const packets = this.#isForIntegers
          ? this.#client.encodeIntegers(values as readonly number[])
          : this.#client.encode(values as readonly number[]);
        const id = randomUUID();
        a += formatRow(id, packets.a);
        b += formatRow(id, packets.b);
        return null;
      } catch (error) {
        return refusalOf(error);
      }
    });
    return { texts: [a, b], outcomes };
  }
}
