// Prio v1, as the page uses it and speaks of it.

import { publish } from "prio";
import type { Protocol } from "../protocol.js";
import { configFor } from "./batch.js";
import { split } from "./glass-client.js";

export const prio1: Protocol = {
  id: "prio1",
  servers: { A: "Server A", B: "Server B" },
  digits: 22,
  startServer: () => new Worker(new URL("./server.worker.ts", import.meta.url), { type: "module" }),
  client(keys) {
    const config = configFor(keys);
    return (fields) => split(config, fields);
  },
  publish: (keys, shareA, shareB) => publish(configFor(keys), shareA, shareB).map(Number),

  split:
    "Each value becomes two numbers of 88 bits: one is random, the other makes up the difference. They add up to the " +
    "value modulo a prime.",
  note: ({ a, b }) =>
    "Your page adds a proof that every value is 0 or 1, and seals two packets: " +
    `${a.share.length} bytes that only A can open, ${b.share.length} that only B can. ` +
    "All of B's shares grow from a seed of 16 bytes.",
  check:
    "Each server opens its half and computes on it. They exchange two rounds of short messages, which tell whether " +
    "every value is 0 or 1, and nothing else.",
  upload: (id, { share }) => [
    `${share.length} bytes, sealed: `,
    id === "A" ? " Inside: shares and the proof." : " Inside: a seed, from which its shares grow.",
  ],
  reason: (id, reason) =>
    ({
      counted: "out is 0: every value is 0 or 1. Random numbers hide d and e, which therefore say nothing.",
      proof: "out is not 0: some value is neither 0 nor 1. Nobody learns which. The total stays as it was.",
      malformed:
        "The packet does not open: somebody changed it, or it is for another server. The total stays as it was.",
      "the other refused":
        `${id === "A" ? "B" : "A"} could not open its packet, so there is nothing to check. ` +
        "The total stays as it was.",
    })[reason],
  flipped: "the changed packet does not open",
};
