// Janus, as the user has built it: its aggregator, the creator and the drivers of its jobs, its client and its
// collector, over a database of a temporary PostgreSQL. JANUS names the checkout; its programs are in target/release
// there, or where JANUS_BIN says.

import { spawn, spawnSync } from "node:child_process";
import { createDecipheriv, createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { freePort } from "../postgres.mjs";

/** A program that does not answer for so long, in milliseconds, will not. */
const START = 60_000;

/** Janus' interop client knows no other `task_info`. */
export const TASK_INFO = "task-info";

/** @typedef {{ type: string, length?: number, maxMeasurement?: number, chunkLength?: number }} VdafDocument */

/**
 * What the parties of a task agree on, and their secrets.
 *
 * @typedef {object} Task
 * @property {string} id base64url, as every other text of bytes
 * @property {string} leader
 * @property {string} helper
 * @property {number} timePrecision in seconds
 * @property {number} minBatchSize
 * @property {"time-interval" | "leader-selected"} batchMode
 * @property {VdafDocument} vdaf
 * @property {string} verifyKey
 * @property {{ id: number, publicKey: string, privateKey: string }} collector its HPKE key
 * @property {string} leaderToken what the leader shows the helper
 * @property {string} collectorToken what the collector shows the leader
 * @property {"sync" | "async"} [helperMode] how the helper answers a new job: at once by default
 */

const base64url = (/** @type {Uint8Array | string} */ bytes) => Buffer.from(bytes).toString("base64url");
const hashOf = (/** @type {string} */ token) => createHash("sha256").update(token).digest("base64url");

/** Where the programs are. @param {string} checkout */
export const programsOf = (checkout) => process.env["JANUS_BIN"] ?? join(checkout, "target", "release");

/** A VDAF in Janus' configuration, in YAML. @param {VdafDocument} vdaf */
function yamlOf({ type, length, maxMeasurement, chunkLength }) {
  const parameters = { max_measurement: maxMeasurement, length, chunk_length: chunkLength };
  return type === "Prio3Count" ? type : `!${type} ${JSON.stringify(parameters)}`;
}

/** A VDAF for Janus' client, in JSON. @param {VdafDocument} vdaf */
export function jsonOf({ type, length, maxMeasurement, chunkLength }) {
  const parameters = { max_measurement: maxMeasurement, length, chunk_length: chunkLength };
  const known = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return { type, ...Object.fromEntries(known.map(([key, value]) => [key, String(value)])) };
}

/** A task as `janus_cli provision-tasks` reads it. @param {Task} task @param {"Leader" | "Helper"} role */
function provision(task, role) {
  const isLeader = role === "Leader";
  const [own, peer] = isLeader ? [task.leader, task.helper] : [task.helper, task.leader];
  const batchMode =
    task.batchMode === "time-interval" ? "TimeInterval" : "!LeaderSelected {batch_time_window_size: null}";
  const collector = {
    id: task.collector.id,
    kem_id: "X25519HkdfSha256",
    kdf_id: "HkdfSha256",
    aead_id: "Aes128Gcm",
    public_key: task.collector.publicKey,
  };
  const bearer = (/** @type {string} */ token) => JSON.stringify({ type: "Bearer", hash: hashOf(token) });
  return [
    `- task_id: ${JSON.stringify(task.id)}`,
    `peer_aggregator_endpoint: ${JSON.stringify(peer)}`,
    `own_aggregator_endpoint: ${JSON.stringify(own)}`,
    `batch_mode: ${batchMode}`,
    `vdaf: ${yamlOf(task.vdaf)}`,
    `role: ${role}`,
    `vdaf_verify_key: ${JSON.stringify(task.verifyKey)}`,
    `task_info: ${JSON.stringify(base64url(TASK_INFO))}`,
    "report_expiry_age: null",
    `min_batch_size: ${task.minBatchSize}`,
    `time_precision: ${task.timePrecision}`,
    "tolerable_clock_skew: 1",
    `collector_hpke_config: ${JSON.stringify(collector)}`,
    ...(isLeader
      ? [
          `aggregator_auth_token: ${JSON.stringify({ type: "Bearer", token: task.leaderToken })}`,
          `collector_auth_token_hash: ${bearer(task.collectorToken)}`,
        ]
      : [
          `aggregation_mode: ${task.helperMode === "async" ? "Asynchronous" : "Synchronous"}`,
          `aggregator_auth_token_hash: ${bearer(task.leaderToken)}`,
        ]),
  ].join("\n  ");
}

/** One Janus: an aggregator for any tasks, in either role. */
export class Janus {
  #bin;
  #folder;
  #database;
  /** @type {import("node:child_process").ChildProcess[]} */
  #children = [];
  #key = randomBytes(16);
  /** Where the aggregator answers. */
  url = "";

  /** @param {string} bin @param {string} folder @param {string} database */
  constructor(bin, folder, database) {
    this.#bin = bin;
    this.#folder = folder;
    this.#database = database;
  }

  /**
   * Makes its database.
   *
   * @param {string} checkout
   * @param {string} folder for configurations and logs
   * @param {string} postgres the server's URL
   * @param {string} name of the database
   */
  static async create(checkout, folder, postgres, name) {
    mkdirSync(folder, { recursive: true });
    await query(postgres, `CREATE DATABASE ${name}`);
    const database = new URL(postgres);
    database.pathname = name;
    const migrations = readdirSync(join(checkout, "db")).filter((file) => file.endsWith(".up.sql"));
    for (const file of migrations.sort()) await query(database.href, readFileSync(join(checkout, "db", file), "utf8"));
    return new Janus(programsOf(checkout), folder, database.href);
  }

  get #environment() {
    return {
      ...process.env,
      DATASTORE_KEYS: this.#key.toString("base64url"),
      RUST_LOG: process.env["RUST_LOG"] ?? "warn",
    };
  }

  /** Writes a program's configuration. @param {string} name @param {object} settings */
  async #configure(name, settings) {
    const file = join(this.#folder, `${name}.yaml`);
    const port = await freePort();
    const common = {
      database: { url: this.#database, check_schema_version: false },
      health_check_listen_address: `127.0.0.1:${port}`,
    };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ ...common, ...settings }));
    return { file, health: `http://127.0.0.1:${port}/healthz` };
  }

  /**
   * Runs one of janus_aggregator's programs to its end.
   *
   * @param {string} name
   * @param {object} settings
   * @param {...string} args
   */
  async #run(name, settings, ...args) {
    const { file } = await this.#configure(name, settings);
    const ran = spawnSync(join(this.#bin, "janus_aggregator"), [name, "--config-file", file, ...args], {
      env: this.#environment,
      encoding: "utf8",
    });
    if (ran.status !== 0) throw new Error(`janus_aggregator ${name}: ${ran.stdout}${ran.stderr}`);
  }

  /** Starts one of them, and waits until it is well. @param {string} name @param {object} settings */
  async #start(name, settings) {
    const { file, health } = await this.#configure(name, settings);
    const log = openSync(join(this.#folder, `${name}.log`), "w");
    const child = spawn(join(this.#bin, "janus_aggregator"), [name, "--config-file", file], {
      env: this.#environment,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#children.push(child);
    for (const end = Date.now() + START; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const answers = await fetch(health).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return;
      if (child.exitCode !== null || Date.now() > end) throw new Error(`janus_aggregator ${name} did not start`);
    }
  }

  /**
   * Makes an HPKE key and the tasks, and starts all programs. `port` is where the aggregator listens.
   *
   * @param {number} port
   * @param {{ task: Task, role: "Leader" | "Helper" }[]} tasks
   */
  async start(port, tasks) {
    await this.#run("key_rotator", { key_rotator: { hpke: {} } });
    const file = join(this.#folder, "tasks.yaml");
    writeFileSync(file, `${tasks.map(({ task, role }) => provision(task, role)).join("\n")}\n`);
    await this.#run("janus_cli", {}, "provision-tasks", file);
    const driver = {
      job_discovery_interval_s: 1,
      max_concurrent_job_workers: 4,
      worker_lease_clock_skew_allowance_s: 1,
      worker_lease_duration_s: 30,
      maximum_attempts_before_failure: 5,
      batch_aggregation_shard_count: 4,
    };
    const creator = {
      batch_aggregation_shard_count: 4,
      tasks_update_frequency_s: 1,
      aggregation_job_creation_interval_s: 1,
      min_aggregation_job_size: 1,
      max_aggregation_job_size: 100,
    };
    const collections = {
      min_collection_job_retry_delay_s: 1,
      max_collection_job_retry_delay_s: 1,
      collection_job_retry_delay_exponential_factor: 1,
    };
    const uploads = {
      listen_address: `127.0.0.1:${port}`,
      max_upload_batch_size: 100,
      max_upload_batch_write_delay_ms: 100,
      batch_aggregation_shard_count: 4,
    };
    await Promise.all([
      this.#start("aggregator", uploads),
      this.#start("aggregation_job_creator", creator),
      this.#start("aggregation_job_driver", driver),
      this.#start("collection_job_driver", { ...driver, ...collections }),
    ]);
    this.url = `http://127.0.0.1:${port}/`;
  }

  /** Its HPKE keys, out of the database: `config` as on the wire, and the private key. For recorded messages. */
  async hpkeKeys() {
    const { rows } = await query(this.#database, "SELECT config_id, config, private_key FROM hpke_keys");
    const counted = (/** @type {Uint8Array} */ part) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(part.length));
      return [length, part];
    };
    return rows.map(({ config_id: id, config, private_key: sealed }) => {
      const where = [Buffer.from("hpke_keys"), Buffer.of(id), Buffer.from("private_key")];
      // ciphertext, tag of 16 bytes, nonce of 12
      const opener = createDecipheriv("aes-128-gcm", this.#key, sealed.subarray(-12));
      opener.setAAD(Buffer.concat(where.flatMap(counted)));
      opener.setAuthTag(sealed.subarray(-28, -12));
      const privateKey = Buffer.concat([opener.update(sealed.subarray(0, -28)), opener.final()]);
      return { config: config.toString("hex"), privateKey: privateKey.toString("hex") };
    });
  }

  async stop() {
    const running = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    await Promise.all(
      running.map((child) => {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        return ended;
      }),
    );
  }
}

/** @param {string} url @param {string} statements */
async function query(url, statements) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(statements);
  } finally {
    await client.end();
  }
}

/** Janus' client: a program that uploads one measurement a request. @param {string} checkout */
export async function startClient(checkout) {
  const port = await freePort();
  const env = { ...process.env, RUST_LOG: "warn" };
  const args = ["janus_interop_client", "--port", `${port}`];
  const child = spawn(join(programsOf(checkout), "janus_interop"), args, { env, stdio: "ignore" });
  const url = `http://127.0.0.1:${port}/internal/test`;
  for (const end = Date.now() + START; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const answers = await fetch(`${url}/ready`, { method: "POST" }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) break;
    if (child.exitCode !== null || Date.now() > end) throw new Error("janus_interop_client did not start");
  }
  return {
    /** @param {Task} task @param {number | boolean | number[]} measurement @param {number} [time] in seconds */
    async upload(task, measurement, time) {
      const text = (/** @type {number | boolean} */ value) => String(Number(value));
      const response = await fetch(`${url}/upload`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          task_id: task.id,
          leader: task.leader,
          helper: task.helper,
          vdaf: jsonOf(task.vdaf),
          measurement: Array.isArray(measurement) ? measurement.map(text) : text(measurement),
          time_precision: task.timePrecision,
          min_batch_size: task.minBatchSize,
          batch_mode: task.batchMode === "time-interval" ? 1 : 2,
          ...(time === undefined ? {} : { time }),
        }),
      });
      const { status, error } = /** @type {{ status: string, error?: string }} */ (await response.json());
      if (status !== "success") throw new Error(`janus_interop_client: ${error}`);
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The encoded HpkeConfig of a task's collector. @param {Task} task */
export function collectorConfig({ collector: { id, publicKey } }) {
  const key = Buffer.from(publicKey, "base64url");
  return Buffer.concat([Buffer.of(id, 0, 0x20, 0, 1, 0, 1, 0, key.length), key]);
}

/**
 * Janus' collector, once.
 *
 * @param {string} peer the folder of test/janus' programs
 * @param {Task} task
 * @param {Uint8Array} configuration the encoded TaskConfiguration
 * @param {{ start: number, duration: number }} [interval] in seconds
 */
export async function collect(peer, task, configuration, interval) {
  const hex = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("hex");
  const [id, privateKey] = [task.id, task.collector.privateKey].map((text) => hex(Buffer.from(text, "base64url")));
  const args = [id, hex(configuration), task.collectorToken, hex(collectorConfig(task)), privateKey];
  if (interval !== undefined) args.push(`${interval.start}`, `${interval.duration}`);
  const child = spawn(join(peer, "janus-collector"), /** @type {string[]} */ (args), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`Janus' collector: ${errors.trim()}`);
  const [count = 0, ...result] = (output.match(/\d+/g) ?? []).map(Number);
  return { count, result };
}

/** Whether the checkout has what this needs. @param {string} checkout */
export function missingPrograms(checkout) {
  const bin = programsOf(checkout);
  return ["janus_aggregator", "janus_interop"].filter((name) => !existsSync(join(bin, name)));
}
