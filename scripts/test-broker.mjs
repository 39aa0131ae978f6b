// examples/broker with RabbitMQ: the example itself, then a batch in which both servers and the broker are killed many
// times, and what the broker's permissions and the servers refuse. Installs Debian's RabbitMQ where it is missing and
// can be installed; where it cannot, says so in one line. Run `npm run build` first.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { openFolder } from "../examples/broker/collection.mjs";
import { run, supervise } from "../examples/broker/processes.mjs";
import { freePort, RabbitMq } from "../examples/broker/rabbitmq.mjs";

const REPORTS = 3000;
/** Of each server. */
const KILLS = 10;
const BROKER_KILLS = 2;

/** Debian's package, which its own init script starts on no port of ours: it stays stopped. */
function install() {
  if (existsSync("/usr/lib/rabbitmq/bin/rabbitmq-server")) return true;
  console.log("installing RabbitMQ");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (/** @type {string[]} */ ...args) =>
    spawnSync("apt-get", ["-qq", ...args], { env, stdio: "ignore" }).status;
  apt("update");
  return apt("install", "--yes", "--no-install-recommends", "rabbitmq-server") === 0;
}

/**
 * A broker and the folders of a collection, while `use` runs.
 *
 * @param {(broker: RabbitMq, folder: string) => Promise<string>} use
 */
async function withBroker(use) {
  const folder = mkdtempSync(join(tmpdir(), "prio-broker-"));
  const port = await freePort();
  await run("setup.mjs", folder, "--url", `amqp://127.0.0.1:${port}`);
  const broker = await RabbitMq.start(join(folder, "broker"), port, join(folder, "broker/definitions.json"));
  try {
    return await use(broker, folder);
  } finally {
    await broker.stop();
    rmSync(folder, { recursive: true });
  }
}

/** The example as its README says. */
async function example() {
  const output = await run("main.mjs");
  assert.match(output, /^ {2}A killed: /m);
  assert.match(output, /^ {2}B killed: /m);
  assert.match(output, /^Both servers published the totals of the same 370 reports\.$/m);
  return "both servers killed once";
}

/** Both servers are killed at random, and the broker too. */
async function kills() {
  return await withBroker(async (broker, folder) => {
    let killed = 0;
    /** Resolved while the broker runs. */
    let running = Promise.resolve();
    /** Called when a server has printed something. */
    let notify = () => undefined;
    const server = (/** @type {"A" | "B"} */ id) => {
      let left = KILLS;
      /** Groups of messages from its start or the last kill to the next one. */
      let wait = 1 + randomInt(6);
      return supervise(join(folder, id), {
        onProgress(_progress, kill) {
          notify();
          if (left === 0 || --wait > 0) return;
          left--;
          wait = 1 + randomInt(6);
          kill();
        },
        async onEnd(how) {
          if (how === "killed") killed++;
          await running;
        },
      });
    };
    const servers = Promise.all([server("A"), server("B")]);
    const truth = JSON.parse(await run("client.mjs", join(folder, "clients"), "--reports", String(REPORTS)));
    for (let k = 0; k < BROKER_KILLS; k++) {
      await new Promise((resolve) => {
        notify = () => void resolve(undefined);
      });
      running = broker.kill().then(() => broker.start());
      await running;
    }
    await run("close.mjs", join(folder, "B"));
    assert.deepEqual(await servers, [truth, truth]);
    return (
      `${truth.reports} of ${REPORTS} reports counted once, the servers killed ${killed} times, ` +
      `the broker ${BROKER_KILLS} times`
    );
  });
}

/** Nobody reads another's queue, or sends in another's name. */
async function permissions() {
  return await withBroker(async (_broker, folder) => {
    const { url } = openFolder(join(folder, "clients"));
    /** @param {(channel: import("amqplib").ConfirmChannel) => unknown} attempt */
    const refusalOf = async (attempt) => {
      const connection = await connect(url.href);
      connection.on("error", () => undefined);
      const channel = await connection.createConfirmChannel();
      const refused = new Promise((resolve) => channel.on("error", ({ message }) => resolve(message)));
      Promise.resolve(attempt(channel)).catch(() => undefined);
      const message = await refused;
      await connection.close();
      return message;
    };
    const body = Buffer.from("verify1");
    assert.match(await refusalOf((channel) => channel.consume("prio.A", () => undefined)), /ACCESS_REFUSED/);
    assert.match(await refusalOf((channel) => channel.assertQueue("prio.C")), /ACCESS_REFUSED/);
    const forged = { userId: "server-B", type: "verify1", messageId: "1", correlationId: "broker" };
    assert.match(await refusalOf((channel) => channel.sendToQueue("prio.A", body, forged)), /user_id/);
    return "a client reads no queue, makes none, and sends nothing in a server's name";
  });
}

/** A server that cannot start says why in one line, without its password. */
function refusals() {
  const folder = mkdtempSync(join(tmpdir(), "prio-broker-"));
  try {
    execFileSync(process.execPath, [pathOf("setup.mjs"), folder, "--url", "amqp://127.0.0.1:9"], { stdio: "ignore" });
    const { status, stderr } = spawnSync(process.execPath, [pathOf("server.mjs"), join(folder, "A")], {
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /^server: .*: connect ECONNREFUSED 127\.0\.0\.1:9\n$/);
    return "a server without a broker ends with one sentence";
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} name */
const pathOf = (name) => fileURLToPath(new URL(`../examples/broker/${name}`, import.meta.url));

if (!install()) {
  console.log("\n  *** no RabbitMQ found or installed: the broker example DID NOT RUN ***\n");
} else {
  const checks = { example, kills, permissions, refusals };
  let failures = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      console.log(`broker, ${name}: ${await check()}`);
    } catch (error) {
      failures++;
      console.log(`broker, ${name}: FAILED: ${error instanceof Error ? error.stack : error}`);
    }
  }
  const { length } = Object.keys(checks);
  console.log(`broker example with RabbitMQ: ran, ${length - failures} of ${length} checks passed`);
  if (failures > 0) process.exitCode = 1;
}
