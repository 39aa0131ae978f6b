// Runs containers with runc, as a daemon would: process 1 of its own namespace, as the user and with the mounts of a
// compose file, without capabilities. The network is this machine's.

import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @import { Mount, Service } from "./compose.mjs" */
/** @import { ImageConfig } from "./build.mjs" */

/**
 * @typedef {object} RunOptions
 * @property {string[]} [entrypoint] in place of the service's
 * @property {string[]} [command] in place of the service's
 * @property {Record<string, string>} [environment] besides the service's
 * @property {Mount[]} [mounts] besides the service's
 */

export class Runtime {
  #folder;
  /** @type {Set<Container>} */
  #running = new Set();
  /** Names of other containers, all of which are on this machine. */
  #hosts;

  /** @param {string} folder an empty one @param {readonly string[]} hosts */
  constructor(folder, hosts) {
    this.#folder = folder;
    this.#hosts = join(folder, "hosts");
    mkdirSync(folder, { recursive: true });
    writeFileSync(this.#hosts, `127.0.0.1 localhost ${hosts.join(" ")}\n`);
  }

  /**
   * Starts a service's container.
   *
   * @param {{ root: string, config: ImageConfig }} image
   * @param {Service} service
   * @param {RunOptions} [options]
   */
  start({ root, config }, service, options = {}) {
    const id = `prio-${randomBytes(6).toString("hex")}`;
    const bundle = join(this.#folder, id);
    mkdirSync(bundle);
    const entrypoint = options.entrypoint ?? service.entrypoint ?? config.Entrypoint ?? [];
    // As with docker, another entrypoint leaves the image's command out.
    const own = service.entrypoint === undefined && options.entrypoint === undefined ? config.Cmd : [];
    const args = [...entrypoint, ...(options.command ?? service.command ?? own ?? [])];
    const environment = { ...service.environment, ...options.environment };
    const [uid, gid] = service.user;
    if (!service.withoutCapabilities) throw new Error("expected a service without capabilities");
    const bind = (/** @type {Mount} */ { source, target, readOnly }) => ({
      destination: target,
      type: "bind",
      source,
      options: ["bind", readOnly ? "ro" : "rw", "nosuid", "nodev"],
    });
    const spec = {
      ociVersion: "1.0.2",
      hostname: id,
      root: { path: root, readonly: service.readOnly },
      process: {
        terminal: false,
        user: { uid, gid },
        args,
        env: [...(config.Env ?? []), ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
        cwd: config.WorkingDir || "/",
        noNewPrivileges: service.withoutNewPrivileges,
        capabilities: {},
      },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755"] },
        { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
        bind({ source: this.#hosts, target: "/etc/hosts", readOnly: true }),
        ...[...service.mounts, ...(options.mounts ?? [])].map(bind),
      ],
      linux: { namespaces: ["pid", "ipc", "uts", "mount"].map((type) => ({ type })) },
    };
    writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
    const container = new Container(id, bundle, this.#folder);
    this.#running.add(container);
    container.ended.then(() => this.#running.delete(container));
    return container;
  }

  /**
   * Runs a service's container to its end.
   *
   * @param {{ root: string, config: ImageConfig }} image
   * @param {Service} service
   * @param {RunOptions} [options]
   */
  async run(image, service, options = {}) {
    const container = this.start(image, service, options);
    const code = await container.ended;
    return { code, ...container.output };
  }

  /** Kills what still runs. */
  async end() {
    await Promise.all([...this.#running].map((container) => container.kill("KILL")));
  }
}

export class Container {
  #id;
  #state;
  #stdout;
  #stderr;
  /** Its exit code, when it has one. @type {Promise<number>} */
  ended;

  /** @param {string} id @param {string} bundle @param {string} folder */
  constructor(id, bundle, folder) {
    this.#id = id;
    this.#state = ["--root", join(folder, "state")];
    const child = spawn("runc", [...this.#state, "run", "--bundle", bundle, id], { stdio: ["ignore", "pipe", "pipe"] });
    this.#stdout = new Lines(child.stdout);
    this.#stderr = new Lines(child.stderr);
    this.ended = once(child, "close").then(([code]) => {
      rmSync(bundle, { recursive: true });
      return code ?? -1;
    });
  }

  /** What it has written. */
  get output() {
    return { stdout: this.#stdout.text, stderr: this.#stderr.text };
  }

  /** Waits until it has written a line like this, on either stream. @param {RegExp} pattern */
  async wrote(pattern) {
    const ended = this.ended.then((code) => {
      const { stdout, stderr } = this.output;
      throw new Error(`ended with ${code} before ${pattern}\n${stdout}${stderr}`);
    });
    await Promise.race([this.#stdout.wrote(pattern), this.#stderr.wrote(pattern), ended]);
    ended.catch(() => undefined);
  }

  /** @param {"TERM" | "KILL"} signal @returns {Promise<number>} the exit code */
  async kill(signal) {
    spawnSync("runc", [...this.#state, "kill", this.#id, signal]);
    return await this.ended;
  }
}

/** A stream of text, and who waits for a line of it. */
class Lines {
  text = "";
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {import("node:stream").Readable} stream */
  constructor(stream) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ more) => {
      this.text += more;
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** @param {RegExp} pattern */
  async wrote(pattern) {
    while (!pattern.test(this.text)) {
      await new Promise((resolve) => {
        this.#waiting.push(() => resolve(undefined));
      });
    }
  }
}

/** Whether a container runs at all in this sandbox. @param {string} folder @param {string} root of some system */
export async function runsContainers(folder, root) {
  const service = {
    ...{ image: "", target: "", user: /** @type {const} */ ([1000, 1000]), readOnly: true, withoutCapabilities: true },
    ...{ withoutNewPrivileges: true, environment: {}, entrypoint: ["/bin/true"], command: [], mounts: [] },
    healthcheck: undefined,
  };
  const runtime = new Runtime(folder, []);
  const { code, stderr } = await runtime.run({ root, config: { history: "" } }, service);
  if (code !== 0) console.log(stderr.trim());
  return code === 0;
}
