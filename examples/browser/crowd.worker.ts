// Simulated visitors, in a worker so that the page stays responsive. Honest ones answer at random through the public
// client; one in twenty cheats when asked to.

import { Client } from "prio";
import { configFor } from "./batch.js";
import { cheat, split } from "./glass-client.js";
import type { ToCrowd, Visitor } from "./messages.js";
import { MAX_NUMBER, questions, toFields } from "./questions.js";

addEventListener("message", ({ data: { keys, visitors, cheaters } }: MessageEvent<ToCrowd>) => {
  const config = configFor(keys);
  const client = new Client(config);
  const made = Array.from({ length: visitors }, (): Visitor => {
    const yes = questions.map((question) => Math.random() * 100 < question.yes);
    // Few cups are likelier than many.
    const cups = Math.floor(Math.random() * Math.random() * (MAX_NUMBER + 1));
    const fields = toFields({ yes, cups });
    if (cheaters && Math.random() < 1 / 20) return { packets: split(config, cheat(fields)).packets, fields: null };
    return { packets: client.encode(fields), fields };
  });
  postMessage(made);
});
