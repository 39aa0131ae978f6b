// One server: takes messages from its queue, in groups, until the totals are published.
//
//   node examples/broker/server.mjs FOLDER
//
// The order is what matters. A group of messages is on this server's disk before anything that follows from it is sent,
// and what follows is with the broker before the group is acknowledged. So the broker gives each message again until
// this server has it and has sent what follows.

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Broker } from "./broker.mjs";
import { openFolder } from "./collection.mjs";
import { Exchange } from "./exchange.mjs";
import { State } from "./state.mjs";

/** @param {string} folder */
async function serve(folder) {
  const { batchId, config, minimum, url, server } = openFolder(folder);
  const options = { config, minimum, checkpointAfter: 500, ...server() };
  const exchange = new Exchange(options, join(folder, "replays"), () => new State(join(folder, batchId)));
  const broker = await Broker.open(url, batchId);
  let redelivered = 0;
  const report = () => console.log(JSON.stringify({ ...exchange.counts, redelivered, ignored: exchange.ignored }));

  // What a process before this one may not have sent.
  await broker.send(exchange.receive([]));
  report();
  await broker.listen(options.id);
  while (exchange.outcome === undefined) {
    const group = await broker.receive();
    redelivered += group.redelivered;
    await broker.send(exchange.receive(group.messages));
    exchange.sent();
    group.done();
    report();
  }
  await broker.close();
  exchange.close();

  // The outcome follows from the state. If the process is killed here, the next one writes the same file.
  const path = join(folder, "totals.json");
  writeFileSync(`${path}.tmp`, `${JSON.stringify(exchange.outcome)}\n`);
  renameSync(`${path}.tmp`, path);
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("server: expected a folder");
await serve(folder).catch((error) => {
  console.error(`server: ${folder}: ${error.message}`);
  // Not everything is closed, and nothing needs to be: the next process goes on from what is on disk.
  process.exit(1);
});
