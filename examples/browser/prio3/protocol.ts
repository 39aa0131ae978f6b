// Prio3, as the page uses it and speaks of it.

import type { Protocol } from "../protocol.js";
import { vdaf } from "./batch.js";
import { split } from "./glass-client.js";

export const prio3: Protocol = {
  id: "prio3",
  servers: { A: "Server A, leader", B: "Server B, helper" },
  digits: 32,
  startServer: () => new Worker(new URL("./server.worker.ts", import.meta.url), { type: "module" }),
  client: () => split,
  publish: (_keys, shareA, shareB, reports) => vdaf.unshard([shareA, shareB], reports).map(Number),

  split:
    "Each value becomes two numbers of 128 bits: one is random, the other makes up the difference. They add up to " +
    "the value modulo a prime.",
  note: ({ a, b }) =>
    `Your page adds a proof that every value is 0 or 1: ${a.share.length} bytes for A and ${b.share.length} for B. ` +
    `${a.common.length} more are for both. All of B's shares grow from a seed of 32 bytes. Sealing them is the ` +
    "application's work, and this page leaves it out.",
  check:
    "Each server computes on its half. A sends B one message, B checks the proof for both and answers. The messages " +
    "tell whether every value is 0 or 1, and nothing else.",
  upload: (id, { share, common }) => [
    `${share.length} bytes, and ${common.length} that ${id === "A" ? "B" : "A"} gets too: `,
    id === "A" ? " Inside: shares and the proof." : " Inside: a seed, from which its shares grow.",
  ],
  reason: (id, reason) =>
    ({
      counted:
        id === "A"
          ? "B checked the proof for both and says that it holds. A compares the random numbers that the check used: " +
            "they are its own."
          : "out is 0, and p is what g makes of its numbers: every value is 0 or 1. The numbers are random, and say " +
            "nothing else.",
      proof:
        "out is not 0, or p is not what g makes of its numbers: a value is neither 0 nor 1, or something was " +
        "changed. Nobody learns which. The total stays as it was.",
      malformed: "These bytes are no share for this server. The total stays as it was.",
      "the other refused":
        id === "A"
          ? "B checked the proof for both and says that it does not hold. The total stays as it was."
          : "A could not read its share, so there is nothing to check. The total stays as it was.",
    })[reason],
  flipped: "the proof does not fit the changed share",
};
