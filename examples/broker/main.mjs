// A collection over a broker: RabbitMQ, two servers and many clients, as processes of their own. Both servers are
// killed in the middle and started again, and the totals are still right.
//
//   node examples/broker/main.mjs [--reports 400]

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { run, supervise } from "./processes.mjs";
import { freePort, RabbitMq } from "./rabbitmq.mjs";

const { values } = parseArgs({ options: { reports: { type: "string", default: "400" } } });
const folder = mkdtempSync(join(tmpdir(), "prio-broker-"));
const port = await freePort();
await run("setup.mjs", folder, "--url", `amqp://127.0.0.1:${port}`);
console.log("starting RabbitMQ");
const broker = await RabbitMq.start(join(folder, "broker"), port, join(folder, "broker/definitions.json"));

/**
 * Runs a server, and kills it once when it is done with this many reports.
 *
 * @param {"A" | "B"} id
 * @param {number} reports
 */
function serve(id, reports) {
  let isKilled = false;
  return supervise(join(folder, id), {
    onProgress({ counted, refused }, kill) {
      if (isKilled || counted + refused < reports) return;
      isKilled = true;
      kill();
    },
    onEnd(how, { counted, refused, redelivered }) {
      console.log(`  ${id} ${how}: ${counted} reports counted, ${refused} refused; ${redelivered} messages came again`);
    },
  });
}

try {
  const third = Math.floor(Number(values.reports) / 3);
  const servers = Promise.all([serve("A", third), serve("B", 2 * third)]);
  const truth = JSON.parse(await run("client.mjs", join(folder, "clients"), "--reports", values.reports));
  console.log(`the clients are done: ${truth.reports} of ${values.reports} reports are honest and complete`);
  await run("close.mjs", join(folder, "A"));
  const [ofA, ofB] = await servers;
  assert.deepEqual(ofA, truth);
  assert.deepEqual(ofB, truth);
  console.log(`\n  totals   ${ofA.totals.join(" ")}\n  truth    ${truth.totals.join(" ")}`);
  console.log(`\nBoth servers published the totals of the same ${ofA.reports} reports.`);
} finally {
  await broker.stop();
  rmSync(folder, { recursive: true });
}
