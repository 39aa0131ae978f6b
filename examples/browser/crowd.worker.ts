// Simulated visitors, in a worker so that the page stays responsive. Honest ones answer at random through the public
// client; one in twenty cheats when asked to.

import { Client } from "prio";
import type { ProtocolId, Report, ToCrowd, Visitor } from "./messages.js";
import { configFor } from "./prio1/batch.js";
import { reportOf, split as splitPrio1 } from "./prio1/glass-client.js";
import { encode, split as splitPrio3 } from "./prio3/glass-client.js";
import { cheat, MAX_NUMBER, questions, toFields } from "./questions.js";

/** How visitors make a report of their fields: the honest ones, and those whose values are no bits. */
type Clients = Record<"honest" | "cheat", (fields: readonly number[]) => Report>;

const clientsOf: Record<ProtocolId, (keys: ToCrowd["keys"]) => Clients> = {
  prio1(keys) {
    const config = configFor(keys);
    const client = new Client(config);
    return { honest: (fields) => reportOf(client.encode(fields)), cheat: (fields) => splitPrio1(config, fields) };
  },
  prio3: () => ({ honest: encode, cheat: splitPrio3 }),
};

addEventListener("message", ({ data: { protocol, keys, visitors, cheaters } }: MessageEvent<ToCrowd>) => {
  const clients = clientsOf[protocol](keys);
  const made = Array.from({ length: visitors }, (): Visitor => {
    const yes = questions.map((question) => Math.random() * 100 < question.yes);
    // Few cups are likelier than many.
    const cups = Math.floor(Math.random() * Math.random() * (MAX_NUMBER + 1));
    const fields = toFields({ yes, cups });
    if (cheaters && Math.random() < 1 / 20) return { report: clients.cheat(cheat(fields)), fields: null };
    return { report: clients.honest(fields), fields };
  });
  postMessage(made);
});
