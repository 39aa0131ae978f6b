// The stores against real S3 servers: moto from PyPI, and versitygw and MinIO, built from their Go modules, which check
// signatures. Installs what is missing below node_modules/.cache; a server that cannot be had is named in one line. The
// tests are in test/s3: what every store does, wrong keys, a peer's files (boto3), kills, a gigabyte.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installMoto, python } from "./moto.mjs";

const VERSITYGW = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";
const MINIO = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c";
/** A server that says nothing for so long, in milliseconds, will not. */
const START = 60_000;
const KEYS = { accessKeyId: "prio-test-key", secretAccessKey: "prio-test-secret" };

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, "node_modules/.cache/s3");

/**
 * @typedef {object} Server
 * @property {string} name
 * @property {string} endpoint
 * @property {typeof KEYS} credentials
 * @property {boolean} checksSignatures
 */

/** Whether a command ran well. @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function runs(command, args, env = {}) {
  const { status, stderr } = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: "utf8" });
  if (status !== 0 && stderr) console.log(stderr.trim().split("\n").slice(-3).join("\n"));
  return status === 0;
}

/** @param {string} name @param {string} module */
function buildWithGo(name, module) {
  const folder = join(cache, `go-${module.replaceAll(/[^\w.-]/g, "_")}`);
  if (existsSync(join(folder, name))) return join(folder, name);
  if (spawnSync("go", ["version"]).status !== 0) return null;
  console.log(`building ${name}`);
  return runs("go", ["install", module], { GOBIN: folder }) ? join(folder, name) : null;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}

/** @type {(() => void)[]} */
const ends = [];
const folder = mkdtempSync(join(tmpdir(), "prio-s3-"));
ends.push(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Starts a server, and waits until it answers.
 *
 * @param {string} name
 * @param {string} command
 * @param {(port: number, data: string) => string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
async function start(name, command, args, env = {}) {
  const port = await freePort();
  const data = join(folder, name);
  mkdirSync(data);
  const log = join(folder, `${name}.log`);
  const fd = openSync(log, "w");
  const child = spawn(command, args(port, data), { env: { ...process.env, ...env }, stdio: ["ignore", fd, fd] });
  ends.push(() => child.kill("SIGKILL"));
  const endpoint = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const answers = await fetch(endpoint).then(
      () => true,
      () => false,
    );
    if (answers) return endpoint;
    if (child.exitCode !== null || Date.now() > end) throw new Error(`${name} did not start\n${readFileSync(log)}`);
  }
}

/** The servers that can be had. @returns {Promise<Server[]>} */
async function startServers() {
  /** @type {Server[]} */
  const servers = [];
  /** @param {string} name @param {string} what */
  const missing = (name, what) => console.log(`\n  *** no ${what} found, or it cannot install ${name}: NOT RUN ***\n`);

  if (installMoto()) {
    const endpoint = await start("moto", python, (port) => ["-m", "moto.server", "-H", "127.0.0.1", "-p", `${port}`]);
    servers.push({ name: "moto", endpoint, credentials: KEYS, checksSignatures: false });
  } else missing("moto", "Python");

  const { accessKeyId, secretAccessKey } = KEYS;
  const versitygw = buildWithGo("versitygw", VERSITYGW);
  if (versitygw !== null) {
    const keys = ["--access", accessKeyId, "--secret", secretAccessKey];
    const args = (/** @type {number} */ port, /** @type {string} */ data) => [
      ...keys,
      "--port",
      `127.0.0.1:${port}`,
      "posix",
      data,
    ];
    const endpoint = await start("versitygw", versitygw, args);
    servers.push({ name: "versitygw", endpoint, credentials: KEYS, checksSignatures: true });
  } else missing("versitygw", "Go");

  const minio = buildWithGo("minio", MINIO);
  if (minio !== null) {
    const console_ = await freePort();
    const args = (/** @type {number} */ port, /** @type {string} */ data) => [
      "server",
      data,
      "--quiet",
      "--address",
      `127.0.0.1:${port}`,
      "--console-address",
      `127.0.0.1:${console_}`,
    ];
    const env = { MINIO_ROOT_USER: accessKeyId, MINIO_ROOT_PASSWORD: secretAccessKey };
    servers.push({
      name: "MinIO",
      endpoint: await start("minio", minio, args, env),
      credentials: KEYS,
      checksSignatures: true,
    });
  } else missing("MinIO", "Go");
  return servers;
}

try {
  const servers = await startServers();
  const names = servers.map(({ name, checksSignatures }) => `${name}${checksSignatures ? " (checks signatures)" : ""}`);
  if (servers.length > 0) {
    const env = {
      ...process.env,
      PRIO_S3_SERVERS: JSON.stringify(servers),
      PRIO_BOTO3: existsSync(python) ? python : "",
    };
    const { status } = spawnSync("npx", ["vitest", "run", "--project", "s3"], { cwd: root, env, stdio: "inherit" });
    console.log(`S3: the tests ${status === 0 ? "passed" : "FAILED"} with ${names.join(", ")}`);
    process.exitCode = status ?? 1;
  }
} finally {
  for (const end of ends.reverse()) end();
}
