// A RabbitMQ of our own, with its data in a folder and on ports that nobody else uses. It takes the place of the broker
// that operators have running.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** Debian's own; its /usr/sbin/rabbitmq-server would run as another user, in another folder. */
const program = ["/usr/lib/rabbitmq/bin/rabbitmq-server"].find((path) => existsSync(path)) ?? "rabbitmq-server";

/** A port of this machine that nobody uses. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}

export class RabbitMq {
  #folder;
  #port;
  #env;
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #process;

  /** @param {string} folder @param {number} port @param {string} definitions users, queues and permissions: a file */
  static async start(folder, port, definitions) {
    const broker = new RabbitMq(folder, port, await freePort(), await freePort());
    const settings = {
      "listeners.tcp.1": `127.0.0.1:${port}`,
      load_definitions: definitions,
      "log.console": "true",
      "log.file": "false",
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "rabbitmq.conf"), lines.join(""));
    await broker.start();
    return broker;
  }

  /**
   * @private
   * @param {string} folder
   * @param {number} port
   * @param {number} epmdPort of Erlang's register of nodes
   * @param {number} nodePort of the node
   */
  constructor(folder, port, epmdPort, nodePort) {
    this.#folder = folder;
    this.#port = port;
    this.#env = {
      ...process.env,
      HOME: folder,
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_NODENAME: "prio@localhost",
      RABBITMQ_DIST_PORT: String(nodePort),
      RABBITMQ_MNESIA_BASE: join(folder, "data"),
      RABBITMQ_LOG_BASE: join(folder, "log"),
      RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq.conf"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
    };
  }

  /** Returns when clients can connect. */
  async start() {
    const child = spawn(program, { env: this.#env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`rabbitmq-server ended with ${code}: see ${this.#folder}`);
    });
    const ready = (async () => {
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.includes("Server startup complete")) break;
      }
      // Nobody reads the rest, and a full pipe would stop the broker.
      child.stdout.resume();
    })();
    await Promise.race([ready, ended]);
    ended.catch(() => undefined);
  }

  /** As a crash of the machine would. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Stops the broker, and what Erlang started beside it. */
  async stop() {
    await this.#end("SIGTERM");
    const epmd = ["-port", String(this.#env.ERL_EPMD_PORT), "-kill"];
    await promisify(execFile)("epmd", epmd, { env: this.#env }).catch(() => undefined);
  }

  /** @param {NodeJS.Signals} signal */
  async #end(signal) {
    const child = this.#process;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // The server is a group of processes.
    process.kill(signal === "SIGKILL" ? -child.pid : child.pid, signal);
    await ended;
  }

  get url() {
    return `amqp://127.0.0.1:${this.#port}`;
  }
}
