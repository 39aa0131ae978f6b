// The images of deploy/Dockerfile, and the compose files beside it, without a daemon: buildah builds the images over a
// Debian with Node, and runc runs each service as its compose file says. What is in the image, what a container may do,
// the command's stages, both sides of a day with an S3 server (moto) between them and one of them killed, and the
// broker example with RabbitMQ. Installs Debian's packages where they are missing; what cannot run is named in one
// line. Run `npm run build` first. Arguments are the names of the checks to run, by default all.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, RabbitMq } from "../examples/broker/rabbitmq.mjs";
import { Builder, installTools } from "./containers/build.mjs";
import { readCompose } from "./containers/compose.mjs";
import { Runtime, runsContainers } from "./containers/runtime.mjs";

/** @import { Service } from "./containers/compose.mjs" */
/** @import { ImageConfig } from "./containers/build.mjs" */
/** @typedef {{ root: string, config: ImageConfig }} Image */

const MOTO = ["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"];
/** The user of the compose files, and of the mounted folders. */
const USER = 1000;
const DAY = "2026-03-01";
/** Bytes that our layers may add to a base. */
const MOST_OWN = 16e6;
/** What no image may have in it. */
const DECOY = "a secret that lies beside the sources";

const repository = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "prio-containers-"));

/**
 * What a step is given.
 *
 * @typedef {object} Setting
 * @property {Builder} builder
 * @property {string} context a checkout
 * @property {string} base
 * @property {Image} production
 * @property {Image} development
 * @property {Runtime} runtime
 */

/** A new folder of the containers' user. @param {string} name */
function ownFolder(name) {
  const path = join(folder, name);
  mkdirSync(path);
  chownSync(path, USER, USER);
  return path;
}

/** The files of the repository, as somebody has checked them out and worked there: with what must not get out. */
function checkout() {
  const context = join(folder, "checkout");
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: repository, encoding: "utf8" });
  for (const path of files.split("\0").filter((path) => path !== "" && existsSync(join(repository, path)))) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    cpSync(join(repository, path), join(context, path));
  }
  for (const path of [
    ...[".env", ".npmrc", "keys.json", "secret.json", "a/keys.json", "trial/a/keys.json", "deploy/trial/a/secret.json"],
    ...["deploy/kubernetes/keys.json", "deploy/kubernetes/secret.json", "spark/keys.json"],
    ...[".git/config", "src/.env.local", "test/server.key", "node_modules/x/index.js", "data.ndjson"],
  ]) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    writeFileSync(join(context, path), DECOY);
  }
  return context;
}

/**
 * The paths of all files below a folder, links not followed.
 *
 * @param {string} root
 * @param {string} [below]
 * @returns {Generator<string>}
 */
function* filesBelow(root, below = root) {
  for (const entry of readdirSync(below, { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else yield relative(root, path);
  }
}

/** @param {Setting} setting */
function contents({ builder, base, production, development }) {
  const { User, Entrypoint, Env = [] } = production.config;
  assert.deepEqual([User, Entrypoint], ["1000:1000", ["prio"]]);
  assert.deepEqual(
    Env.filter((variable) => !variable.startsWith("PATH=")),
    [],
  );

  // Every file is the base's, or of the package as it is published.
  const own = [...filesBelow(production.root)].filter((path) => !existsAt(join(base, path)));
  const [{ files }] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], { cwd: repository, encoding: "utf8" }),
  );
  const packed = files.map((/** @type {{ path: string }} */ { path }) => `opt/prio/${path}`);
  assert.deepEqual(own.sort(), [...packed, "usr/local/bin/prio"].sort());
  assert.equal(readlinkSync(join(production.root, "usr/local/bin/prio")), "/opt/prio/dist/cli.js");
  const programs = [...filesBelow(production.root)].map((path) => path.split("/").at(-1));
  const tools = ["npm", "npx", "corepack", "gcc", "g++", "cc", "make", "python3", "curl", "git"];
  assert.deepEqual(
    tools.filter((tool) => programs.includes(tool)),
    [],
  );

  // Nothing that lies about in a checkout is in either image, or in what is remembered of its making.
  for (const { root, config } of [production, development]) {
    assert.ok(!JSON.stringify(config).includes(DECOY));
    const found = spawnSync("grep", ["-rlF", DECOY, join(root, "prio"), join(root, "opt")], { encoding: "utf8" });
    const ownScript = join(root, "prio/scripts/test-containers.mjs");
    assert.deepEqual(
      found.stdout.split("\n").filter((path) => path !== "" && path !== ownScript),
      [],
    );
  }
  const bytes = own.reduce((sum, path) => sum + lstatSync(join(production.root, path)).size, 0);
  assert.ok(bytes < MOST_OWN);
  return (
    `${own.length} files of ours, ${(bytes / 1e6).toFixed(1)} MB, over a base of ${builder.sizeOf("base")}; ` +
    "no secret, no development dependency, no compiler, no package manager"
  );
}

/** Whether there is anything, be it a link to nothing. @param {string} path */
function existsAt(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** @param {string} name of a compose file @param {Record<string, string>} variables */
const composed = (name, variables) =>
  readCompose(join(repository, `deploy/${name}.yaml`), { PRIO_USER: `${USER}:${USER}`, ...variables });

/** @param {Record<string, Service>} services @param {string} name */
function serviceOf(services, name) {
  const service = services[name];
  if (service === undefined) throw new Error(`expected a service ${name}`);
  return service;
}

/** @param {Setting} setting */
async function confinement({ production, runtime }) {
  const own = ownFolder("operator");
  for (const name of ["work", "replays"]) mkdirSync(join(own, name));
  for (const name of ["process.json", "keys.json", "secret.json", "s3-keys"]) writeFileSync(join(own, name), "{}");
  for (const name of readdirSync(own)) chownSync(join(own, name), USER, USER);
  const service = serviceOf(composed("operator", { PRIO_FOLDER: own }), "prio");
  const look = [
    "id -u; id -g; cat /proc/1/comm; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status",
    // access(2) as the kernel answers it: what is read-only is not writable, whoever asks.
    "find / -path /proc -prune -o -path /dev -prune -o ! -type l -writable -print 2>/dev/null || true",
  ];
  const { code, stdout, stderr } = await runtime.run(production, service, {
    entrypoint: ["sh", "-c", look.join("; ")],
    command: [],
  });
  assert.equal(code, 0, stderr);
  const [uid, gid, one, ...rest] = stdout.trim().split("\n");
  assert.deepEqual([uid, gid, one], [`${USER}`, `${USER}`, "sh"]);
  const none = "0000000000000000";
  assert.deepEqual(rest.slice(0, 3), [`CapBnd:\t${none}`, `CapEff:\t${none}`, "NoNewPrivs:\t1"].sort(byProcStatus));
  const writable = rest.slice(3).filter((path) => !path.startsWith("/sys"));
  assert.deepEqual(writable, ["/var/lib/prio/replays", "/var/lib/prio/work"]);

  const version = await runtime.run(production, service, { command: ["--version"] });
  assert.deepEqual(version, { code: 0, stdout: `${packageVersion()}\n`, stderr: "" });
  return "user 1000, process 1, no capability, and only the mounted folders can be written to";
}

/** The order in which the kernel lists these. @param {string} a @param {string} b */
function byProcStatus(a, b) {
  const order = ["CapEff", "CapBnd", "NoNewPrivs"];
  return order.findIndex((name) => a.startsWith(name)) - order.findIndex((name) => b.startsWith(name));
}

const packageVersion = () => JSON.parse(readFileSync(join(repository, "package.json"), "utf8")).version;

/** The commands of docs/cli.md, from keys to totals. @param {Setting} setting */
async function stages({ production, runtime }) {
  const [, script = ""] = /^## The whole exchange$[\s\S]*?^```sh\n([\s\S]*?)^```$/m.exec(read("docs/cli.md")) ?? [];
  const own = ownFolder("stages");
  const service = serviceOf(composed("pair", { PRIO_FOLDER: own }), "setup");
  const { code, stdout, stderr } = await runtime.run(production, service, {
    entrypoint: ["sh", "-euc", `cd /trial\n${script}`],
    command: [],
  });
  assert.equal(code, 0, stderr);
  const [published] = readdirSync(join(own, "processed"));
  const { payload } = JSON.parse(readFileSync(join(own, "processed", published ?? ""), "utf8"));
  assert.deepEqual(payload, [2, 0, 3]);
  assert.match(stdout, /3 reports/);
  return "keygen, shared-seed, encode-shares, verify1, verify2, aggregate and publish give [2,0,3]";
}

const read = (/** @type {string} */ path) => readFileSync(join(repository, path), "utf8");

/**
 * moto in a folder of its own; null where it cannot be had.
 *
 * @returns {Promise<{ port: number, end(): void } | null>}
 */
async function startS3() {
  const python = join(folder, "moto/bin/python");
  const makesVenv = () => spawnSync("python3", ["-m", "venv", "--clear", join(folder, "moto")]).status === 0;
  if (!makesVenv()) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["-qq", "install", "--yes", "--no-install-recommends", "python3-venv"], { env });
    if (!makesVenv()) return null;
  }
  if (spawnSync(python, ["-m", "pip", "install", "--quiet", ...MOTO], { stdio: "inherit" }).status !== 0) return null;
  const port = await freePort();
  const child = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", `${port}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  // It says on standard error that it runs, and then each request: somebody has to read them.
  await new Promise((resolve, reject) => {
    child.on("exit", (code) => reject(new Error(`moto ended with ${code}`)));
    child.stderr.on("data", (text) => /Running on/.test(String(text)) && resolve(undefined));
  });
  return { port, end: () => void child.kill("SIGKILL") };
}

/** The sums of what pair/setup.sh lets 300 clients report. */
function pairTruth() {
  const clients = Array.from({ length: 300 }, (_, i) => i);
  const sum = (/** @type {(i: number) => number} */ of) => clients.reduce((total, i) => total + of(i), 0);
  const every = (/** @type {number} */ n) => sum((i) => Number(i % n === 0));
  return { visits: [sum((i) => i % 2), every(3), every(5)], ages: [sum((i) => 18 + (i % 60)), sum((i) => i % 7)] };
}

/** A day of both sides, with `prio process` killed in the middle. @param {Setting} setting */
async function pair({ production, runtime }) {
  const s3 = await startS3();
  if (s3 === null) return "DID NOT RUN: no Python found, or it cannot install moto";
  const own = ownFolder("pair");
  try {
    const services = composed("pair", { PRIO_FOLDER: own, S3_PORT: `${s3.port}` });
    const [setup, a, b] = ["setup", "a", "b"].map((name) => serviceOf(services, name));
    if (setup === undefined || a === undefined || b === undefined) throw new Error("expected three services");
    const made = await runtime.run(production, setup);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^ready: /m);
    // In the trial's own server, a folder is a bucket.
    for (const bucket of ["shared-a", "shared-b"]) {
      const { ok } = await fetch(`http://127.0.0.1:${s3.port}/${bucket}`, { method: "PUT" });
      assert.ok(ok);
    }

    // B begins and is stopped, so that A finds its manifest, checks its shares, and waits. Another run beside it is
    // refused. Then it is killed.
    const begun = runtime.start(production, b);
    await begun.wrote(/visits.*waiting for/);
    assert.equal(await begun.kill("TERM"), 143);
    const first = runtime.start(production, a);
    await first.wrote(/visits.*verify1.*handed over/);
    const second = await runtime.run(production, a);
    assert.equal(second.code, 7, second.stderr);
    assert.match(second.stderr, /another run is there/);
    assert.equal(await first.kill("KILL"), 137);

    // Started again, it goes on as soon as the dead run's lock in the store counts as left behind.
    const options = { environment: { RETRY_DELAY: "1", RETRY_BACKOFF_EXPONENT: "1" } };
    const again = runtime.start(production, a, options);
    const other = runtime.start(production, b, options);
    const codes = await Promise.all([again.ended, other.ended]);
    assert.deepEqual(codes, [0, 0], `${again.output.stderr}\n${other.output.stderr}`);

    const truth = pairTruth();
    for (const side of ["a", "b"]) {
      for (const [batch, totals] of Object.entries(truth)) assert.deepEqual(publishedBy(own, side, batch), totals);
    }

    // What operator.yaml asks now and then whether a container is well: the stores answer, or they do not.
    const check = serviceOf(composed("operator", { PRIO_FOLDER: own }), "prio").healthcheck ?? [];
    const [entrypoint = "", ...command] = check;
    const ask = (/** @type {Record<string, string>} */ environment) =>
      runtime.run(production, a, { entrypoint: [entrypoint], command: [...command, "--date", DAY], environment });
    const well = await ask({});
    assert.equal(well.code, 0, well.stderr);
    const states = JSON.parse(well.stdout).batches.map((/** @type {{ state: string }} */ { state }) => state);
    assert.deepEqual(states, ["published", "published"]);
    s3.end();
    const ill = await ask({ BUCKET_INTERNAL_ENDPOINT: "http://s3:9", BUCKET_EXTERNAL_ENDPOINT: "http://s3:9" });
    assert.notEqual(ill.code, 0);
  } finally {
    s3.end();
  }
  return "both sides publish the totals of 300 reports in 2 batches over S3 (moto), one killed and started again";
}

/** @param {string} own @param {string} side @param {string} batch */
function publishedBy(own, side, batch) {
  const root = join(own, side, "private");
  const path = [...filesBelow(root)].find((file) =>
    file.endsWith(`processed/publish/batch_id=${batch}/part-00000.json`),
  );
  return JSON.parse(readFileSync(join(root, path ?? ""), "utf8")).payload;
}

/** `prio process --watch` as operator.yaml runs it, until the daemon ends it. @param {Setting} setting */
async function signals({ production, runtime }) {
  const own = ownFolder("watch");
  const services = composed("pair", { PRIO_FOLDER: own });
  const made = await runtime.run(production, serviceOf(services, "setup"));
  assert.equal(made.code, 0, made.stderr);
  for (const [from, to] of [
    ["a/keys.json", "keys.json"],
    ["a/secret.json", "secret.json"],
  ])
    cpSync(join(own, from ?? ""), join(own, to ?? ""));
  for (const name of ["work", "replays", "stores"]) mkdirSync(join(own, name));
  const { publicKeyInternal, publicKeyExternal } = JSON.parse(readFileSync(join(own, "a/process.json"), "utf8"));
  const config = { ...JSON.parse(read("deploy/operator/process.json")), publicKeyInternal, publicKeyExternal };
  const stores = Object.fromEntries(["ingest", "private", "shared", "peer"].map((name) => [name, `/stores/${name}`]));
  writeFileSync(join(own, "process.json"), JSON.stringify({ ...config, stores }));
  for (const name of Object.keys(stores)) mkdirSync(join(own, "stores", name));
  for (const path of [
    "keys.json",
    "secret.json",
    "work",
    "replays",
    ...Object.keys(stores).map((x) => `stores/${x}`),
  ]) {
    chownSync(join(own, path), USER, USER);
  }
  const service = serviceOf(composed("operator", { PRIO_FOLDER: own }), "prio");
  const mounts = [{ source: join(own, "stores"), target: "/stores", readOnly: false }];
  const container = runtime.start(production, service, { mounts });
  await container.wrote(/"day-started"/);
  assert.equal(await container.kill("TERM"), 143);
  assert.deepEqual(
    [...filesBelow(join(own, "work"))].filter((path) => path.startsWith("lock")),
    [],
  );
  return "SIGTERM ends prio process --watch, process 1, with 143, and it gives its lock back";
}

/** Both servers over RabbitMQ, one of them killed. @param {Setting} setting */
async function broker({ development, runtime }) {
  if (!existsSync("/usr/lib/rabbitmq/bin/rabbitmq-server")) {
    // RUNLEVEL keeps Debian from starting it.
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    spawnSync("apt-get", ["-qq", "install", "--yes", "--no-install-recommends", "rabbitmq-server"], { env });
  }
  if (!existsSync("/usr/lib/rabbitmq/bin/rabbitmq-server")) return "DID NOT RUN: no RabbitMQ found or installed";
  const own = ownFolder("broker");
  const port = await freePort();
  const services = composed("broker", { PRIO_FOLDER: own, AMQP_PORT: `${port}` });
  const made = await runtime.run(development, serviceOf(services, "setup"));
  assert.equal(made.code, 0, made.stderr);
  assert.match(read("deploy/broker/rabbitmq.conf"), /^load_definitions = \/etc\/rabbitmq\/definitions\.json$/m);
  const rabbitmq = await RabbitMq.start(join(folder, "rabbitmq"), port, join(own, "broker/definitions.json"));
  try {
    const killed = runtime.start(development, serviceOf(services, "a"));
    const b = runtime.start(development, serviceOf(services, "b"));
    const { code, stdout, stderr } = await runtime.run(development, serviceOf(services, "clients"));
    assert.equal(code, 0, stderr);
    const truth = JSON.parse(stdout);
    await killed.wrote(/"counted"/);
    assert.equal(await killed.kill("KILL"), 137);
    const a = runtime.start(development, serviceOf(services, "a"));
    const closed = await runtime.run(development, serviceOf(services, "close"));
    assert.equal(closed.code, 0, closed.stderr);
    assert.deepEqual(await Promise.all([a.ended, b.ended]), [0, 0], `${a.output.stderr}\n${b.output.stderr}`);
    for (const side of ["A", "B"]) {
      assert.deepEqual(JSON.parse(readFileSync(join(own, side, "totals.json"), "utf8")), truth);
    }
    return `both servers publish the totals of the same ${truth.reports} reports, one of them killed and started again`;
  } finally {
    await rabbitmq.stop();
  }
}

/**
 * The image of the aggregator, as aggregator.yaml runs it, but over SQLite in a mounted folder: it serves, and nothing
 * else can be written to.
 *
 * @param {Setting} setting
 */
async function aggregator({ builder, context, runtime }) {
  builder.build("aggregator", context);
  const image = builder.unpack("aggregator");
  assert.deepEqual([image.config.User, image.config.Entrypoint], ["1000:1000", ["prio-aggregator"]]);
  const own = ownFolder("aggregator");
  for (const name of ["postgres", "data"]) mkdirSync(join(own, name));
  writeFileSync(join(own, "postgres-password"), "");
  writeFileSync(join(own, "settings.json"), JSON.stringify({ database: "sqlite:/var/lib/prio/store.sqlite" }));
  writeFileSync(join(own, "key"), `${"5a".repeat(32)}\n`, { mode: 0o600 });
  for (const name of readdirSync(own)) chownSync(join(own, name), USER, USER);
  const service = serviceOf(composed("aggregator", { PRIO_FOLDER: own }), "api");
  const [port, admin] = [await freePort(), await freePort()];
  const options = {
    mounts: [{ source: join(own, "data"), target: "/var/lib/prio", readOnly: false }],
    environment: {
      PRIO_AGGREGATOR_LISTEN: `127.0.0.1:${port}`,
      PRIO_AGGREGATOR_ADMIN_LISTEN: `127.0.0.1:${admin}`,
    },
  };
  const container = runtime.start(image, service, options);
  await container.wrote(/"started"/);
  assert.equal((await fetch(`http://127.0.0.1:${admin}/readyz`)).status, 200);
  assert.equal((await fetch(`http://127.0.0.1:${admin}/`)).status, 200);
  const keys = await fetch(`http://127.0.0.1:${port}/hpke_config`);
  assert.equal(keys.headers.get("content-type"), "application/ppm-dap;message=hpke-config-list");
  assert.equal(await container.kill("TERM"), 0);

  const list = await runtime.run(image, service, { ...options, command: ["keys", "list", "--json"] });
  assert.deepEqual([list.code, JSON.parse(list.stdout)[0].state], [0, "active"]);
  const programs = [...filesBelow(image.root)].map((path) => path.split("/").at(-1));
  const tools = ["npm", "npx", "corepack", "gcc", "make", "esbuild", "tsc", "vitest"];
  assert.deepEqual(
    tools.filter((tool) => programs.includes(tool)),
    [],
  );
  return "serves as user 1000 from a file system that it cannot write to, and ends when it is asked to";
}

/** @type {Builder | undefined} */
let builder;

/** @returns {Promise<Setting | string>} why nothing can run */
async function prepare() {
  if (process.getuid?.() !== 0) return "only root can build a base";
  const missing = installTools();
  if (missing.length > 0) return `no ${missing.join(", ")} found or installed`;
  builder = new Builder(folder);
  console.log("making a base of Debian and Node");
  const base = builder.makeBase();
  if (!(await runsContainers(join(folder, "probe"), base))) return "runc can run no container here";
  const context = checkout();
  console.log("building both images");
  builder.build("development", context);
  builder.build("production", context);
  return {
    builder,
    context,
    base,
    production: builder.unpack("production"),
    development: builder.unpack("development"),
    runtime: new Runtime(join(folder, "containers"), ["s3", "rabbitmq"]),
  };
}

try {
  const setting = await prepare();
  if (typeof setting === "string") {
    console.log(`\n  *** ${setting}: the containers DID NOT RUN ***\n`);
  } else {
    const all = { contents, confinement, stages, signals, pair, broker, aggregator };
    const wanted = process.argv.slice(2);
    const checks = Object.entries(all).filter(([name]) => wanted.length === 0 || wanted.includes(name));
    // The pair waits for a lock most of the time.
    const results = await Promise.all(
      checks.map(async ([name, check]) => {
        try {
          const start = Date.now();
          const result = await check(setting);
          console.log(`containers, ${name}: ${result} (${Math.round((Date.now() - start) / 1000)} s)`);
          return true;
        } catch (error) {
          console.log(`containers, ${name}: FAILED: ${error instanceof Error ? error.stack : error}`);
          return false;
        }
      }),
    );
    await setting.runtime.end();
    const passed = results.filter((result) => result).length;
    const means = `buildah (chroot, ${setting.builder.driver}) and runc`;
    console.log(`containers: ran with ${means}, ${passed} of ${results.length} checks passed`);
    if (passed < results.length) process.exitCode = 1;
  }
} finally {
  builder?.end();
  rmSync(folder, { recursive: true, force: true });
}
