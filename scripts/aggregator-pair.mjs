// A leader and a helper as real processes of `prio-aggregator`, and tasks that two operators make with its commands:
// for the tests and measurements that kill them, feed them rubbish, or load them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */
/** @typedef {"leader" | "helper"} Role */

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "aggregator/dist/main.js");

/** Bundles the command. The library must be built. */
export async function buildAggregator() {
  const build = spawn(process.execPath, [join(root, "aggregator/scripts/build.mjs")], { stdio: "inherit" });
  const [code] = await once(build, "exit");
  if (code !== 0) throw new Error("the aggregator cannot be built");
}

/** Ports that nothing uses. @param {number} count @returns {Promise<number[]>} */
export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => /** @type {import("node:net").AddressInfo} */ (server.address()).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/**
 * One operator's command, with the operator's database and key.
 *
 * @param {string[]} args
 * @param {Record<string, string>} env
 * @returns {Promise<string>} standard output
 */
export async function command(args, env) {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`prio-aggregator ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** A process of an aggregator, which can be killed and started again. */
export class Server {
  /** @type {ChildProcess | null} */
  #child = null;
  /** @type {Promise<unknown>} */
  #exited = Promise.resolve();
  #isEnding = false;
  /** How it ended by itself, which it should not. @type {string | null} */
  fault = null;

  /**
   * @param {string} name
   * @param {Record<string, string>} env the settings
   * @param {string} log a file to which standard output and errors are appended
   */
  constructor(name, env, log) {
    this.name = name;
    this.env = env;
    this.log = log;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** Starts it. Resolves when it serves. */
  async start() {
    this.#isEnding = false;
    const child = spawn(process.execPath, [bin, "serve"], {
      env: { ...process.env, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    const file = createWriteStream(this.log, { flags: "a" });
    child.stdout.pipe(file, { end: false });
    child.stderr.pipe(file, { end: false });
    this.#exited = once(child, "close").then(([code, signal]) => {
      file.end();
      if (!this.#isEnding) this.fault = `${this.name} ended by itself with ${code ?? signal}`;
    });
    let text = "";
    await new Promise((resolve) => {
      child.stdout.on("data", (/** @type {Buffer} */ chunk) => {
        if (text.includes('"msg":"started"')) return;
        text += chunk.toString();
        if (text.includes('"msg":"started"')) resolve(undefined);
      });
      this.#exited.then(resolve);
    });
  }

  /** @param {NodeJS.Signals} signal */
  async end(signal) {
    this.#isEnding = true;
    this.#child?.kill(signal);
    await this.#exited;
    this.#child = null;
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    this.#child?.kill(signal);
  }

  /** Lines of the log. @returns {Record<string, unknown>[]} */
  lines() {
    const lines = readFileSync(this.log, "utf8").split("\n");
    return lines.filter((line) => line.startsWith("{") && line.endsWith("}")).map((line) => JSON.parse(line));
  }
}

/**
 * The two operators' environments, and a way to make a task of both.
 *
 * @param {string} folder
 * @param {Record<Role, string>} databases
 * @param {Record<string, string>} settings of all processes
 */
export async function operators(folder, databases, settings = {}) {
  const ports = await freePorts(4);
  /** @type {(role: Role, index: number) => Promise<Record<string, string>>} */
  const environment = async (role, index) => {
    const key = join(folder, `${role}.key`);
    await command(["keys", "new-secret", "--output", key], {});
    return {
      PRIO_AGGREGATOR_KEY_FILE: key,
      PRIO_AGGREGATOR_DATABASE: databases[role],
      PRIO_AGGREGATOR_LISTEN: `127.0.0.1:${ports[index]}`,
      PRIO_AGGREGATOR_ADMIN_LISTEN: `127.0.0.1:${ports[index + 2]}`,
      PRIO_AGGREGATOR_REFRESH_SECONDS: "1",
      ...settings,
    };
  };
  const env = { leader: await environment("leader", 0), helper: await environment("helper", 1) };
  const urls = { leader: `http://127.0.0.1:${ports[0]}/dap`, helper: `http://127.0.0.1:${ports[1]}/api/helper` };
  let tasks = 0;
  return {
    env,
    urls,
    /**
     * Makes a task at both, and what its collector needs.
     *
     * @param {string} vdaf
     * @param {string[]} options of the leader's `task create`
     * @param {string[]} own of the helper's `task import`
     */
    async addTask(vdaf, options = [], own = []) {
      const path = (/** @type {string} */ name) => join(folder, `${name}-${tasks}`);
      tasks++;
      const [collectorKey, document, tokenFile] = [path("collector-key"), path("document"), path("token")];
      const made = await command(
        ["task", "create", "--role", "leader", "--url", urls.leader, "--peer", urls.helper, "--vdaf", vdaf].concat(
          ["--allow-http", "--allow-small", "--min-batch-size", "10", "--time-precision", "60s"],
          ["--new-collector-key", collectorKey, "--report-expiry", "never", "--json"],
          options,
        ),
        env.leader,
      );
      const { id } = JSON.parse(made);
      await command(["task", "export", id, "--for", "peer", "--output", document], env.leader);
      await command(["task", "import", document, "--yes", "--report-expiry", "never", ...own], env.helper);
      const { peerToken, verifyKeySeed } = JSON.parse(readFileSync(document, "utf8"));
      const collector = await command(
        ["task", "export", id, "--for", "collector", "--token-output", tokenFile],
        env.leader,
      );
      return {
        id,
        document: JSON.parse(collector),
        token: readFileSync(tokenFile, "utf8").trim(),
        collectorKey: readFileSync(collectorKey, "utf8").trim(),
        peerToken: /** @type {string} */ (peerToken),
        verifyKeySeed: /** @type {string} */ (verifyKeySeed),
      };
    },
  };
}

/** What an aggregator's admin port says of its tasks. @param {Record<string, string>} env */
export async function statusOf(env) {
  const answer = await fetch(`http://${env["PRIO_AGGREGATOR_ADMIN_LISTEN"]}/status.json`);
  return /** @type {{ tasks: any[] }} */ (await answer.json());
}
