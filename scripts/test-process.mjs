// Two `prio process` as real processes, over directories and over an S3 server: their totals are the plain sums, and
// the bytes are the same when both are killed again and again. Then a day of a gigabyte of shares, with the peak of
// memory. Prints what it saw. `large` or `exchanges` as an argument runs that part alone. Run `npm run build` first;
// moto is installed where it is missing.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AwsClient } from "aws4fetch";
import { Client, Config, generateKeyPair, ServerSecret } from "../dist/index.js";
import { installMoto, startMoto } from "./moto.mjs";

const DATE = "2026-03-01";
const [BATCHES, PARTS, ROWS, FIELDS] = [8, 4, 20_000, 16];
/** Of both processes together. */
const KILLS = 50;
/** The large day: one batch, whose shares for A have more than a gigabyte. */
const LARGE = { rows: 165_000, fields: 128, parts: 8, bytes: 1_000_000_000 };
const MAX_MEMORY_MB = 300;

const KEYS = { accessKeyId: "prio-test-key", secretAccessKey: "prio-test-secret" };

const bin = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "prio-process-"));

/** @typedef {"A" | "B"} Id */
/** @type {readonly Id[]} */
const SIDES = ["A", "B"];
/** @type {Record<Id, Id>} */
const other = { A: "B", B: "A" };

const keys = { A: generateKeyPair(), B: generateKeyPair() };
const secret = ServerSecret.generate().toBase64();
/** The folder of a day, in a side's stores. @param {Id} id */
const dayOf = (id) => `data/v1/${keys[other[id]].publicKey.toHex()}/survey/${DATE}`;

/**
 * The shares of a day: for each side the texts of all parts by their keys, and the plain sums by batch.
 *
 * @typedef {{ shares: Record<Id, Map<string, string>>, sums: Map<string, number[]> }} Day
 */

/** Values and their packets. @returns {Day} */
function encodeDay() {
  /** @type {Day} */
  const day = { shares: { A: new Map(), B: new Map() }, sums: new Map() };
  for (let b = 0; b < BATCHES; b++) {
    const batchId = `question-${b}`;
    const both = { serverA: keys.A.publicKey, serverB: keys.B.publicKey };
    const client = new Client(new Config({ batchId, fields: FIELDS, ...both }));
    const sums = new Array(FIELDS).fill(0);
    for (let part = 0; part < PARTS; part++) {
      const texts = { A: "", B: "" };
      for (let i = 0; i < ROWS / BATCHES / PARTS; i++) {
        const values = Array.from({ length: FIELDS }, () => randomInt(2));
        values.forEach((value, k) => {
          sums[k] += value;
        });
        const { a, b: second } = client.encode(values);
        const id = `${part}-${i}`;
        texts.A += `{"id": "${id}", "payload": "${Buffer.from(a).toString("base64")}"}\n`;
        texts.B += `{"id": "${id}", "payload": "${Buffer.from(second).toString("base64")}"}\n`;
      }
      for (const id of SIDES) {
        day.shares[id].set(`${dayOf(id)}/raw/shares/batch_id=${batchId}/part-${part}.json`, texts[id]);
      }
    }
    day.sums.set(batchId, sums);
  }
  for (const id of SIDES) day.shares[id].set(`${dayOf(id)}/raw/shares/_SUCCESS`, "");
  return day;
}

/**
 * Where the two sides meet: how a store is called in a configuration, and how this script writes and reads objects.
 *
 * @typedef {object} Place
 * @property {string} name
 * @property {(id: Id, store: string) => string} urlOf
 * @property {(id: Id, store: string, key: string, text: string) => Promise<void>} put
 * @property {(id: Id, store: string) => Promise<Map<string, Buffer>>} objects
 * @property {Record<string, unknown>} service
 */

/** Stores in directories. @param {string} folder @returns {Place} */
function directories(folder) {
  const at = (/** @type {Id} */ id, /** @type {string} */ store) => join(folder, `${id}-${store}`);
  for (const id of SIDES)
    for (const store of ["ingest", "private", "shared"]) mkdirSync(at(id, store), { recursive: true });
  return {
    name: "directories",
    urlOf: at,
    put(id, store, key, text) {
      const path = join(at(id, store), key);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, text);
      return Promise.resolve();
    },
    objects(id, store) {
      const files = readdirSync(at(id, store), { recursive: true, withFileTypes: true }).filter((file) =>
        file.isFile(),
      );
      const paths = files.map((file) => join(file.parentPath, file.name)).sort();
      return Promise.resolve(new Map(paths.map((path) => [path.slice(at(id, store).length + 1), readFileSync(path)])));
    },
    service: {},
  };
}

/** Stores in buckets of a server. @param {string} endpoint @returns {Promise<Place>} */
async function buckets(endpoint) {
  const client = new AwsClient({ ...KEYS, service: "s3", region: "us-east-1" });
  const bucket = (/** @type {Id} */ id, /** @type {string} */ store) => `${id.toLowerCase()}-${store}`;
  /** @param {string} path @param {RequestInit} [init] */
  const ask = async (path, init) => {
    const response = await client.fetch(`${endpoint}/${path}`, init);
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response;
  };
  const escaped = (/** @type {string} */ key) => key.split("/").map(encodeURIComponent).join("/");
  for (const id of SIDES) {
    for (const store of ["ingest", "private", "shared"]) await ask(bucket(id, store), { method: "PUT" });
  }
  return {
    name: "an S3 server (moto)",
    urlOf: (id, store) => `s3://${bucket(id, store)}`,
    put: async (id, store, key, text) => {
      await ask(`${bucket(id, store)}/${escaped(key)}`, { method: "PUT", body: text });
    },
    async objects(id, store) {
      const listing = await (await ask(`${bucket(id, store)}?list-type=2&max-keys=1000`)).text();
      assert.match(listing, /<IsTruncated>false</);
      const found = [...listing.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
      /** @type {Map<string, Buffer>} */
      const objects = new Map();
      for (const key of found.sort()) {
        const response = await ask(`${bucket(id, store)}/${escaped(key)}`);
        objects.set(key, Buffer.from(await response.arrayBuffer()));
      }
      return objects;
    },
    service: { endpoint, pathStyle: true },
  };
}

/** A side's configuration. @param {string} folder @param {Place} place @param {Id} id @param {object[]} batches */
function configure(folder, place, id, batches) {
  const path = join(folder, `${id}.json`);
  writeFileSync(join(folder, `${id}-key`), keys[id].privateKey.toHex(), { mode: 0o600 });
  writeFileSync(join(folder, "secret"), secret, { mode: 0o600 });
  const stores = {
    ingest: place.urlOf(id, "ingest"),
    private: place.urlOf(id, "private"),
    shared: place.urlOf(id, "shared"),
    peer: place.urlOf(other[id], "shared"),
    internal: place.service,
    external: place.service,
  };
  const config = {
    ...{ server: id, app: "survey", batches, stores, minReports: 1 },
    publicKeyInternal: keys[id].publicKey.toHex(),
    publicKeyExternal: keys[other[id]].publicKey.toHex(),
    privateKeyFiles: [`${id}-key`],
    sharedSecretFile: "secret",
    work: `${id}-work`,
    replays: `${id}-replays`,
    retry: { delay: 0.05, exponent: 1.5 },
    deadline: 1200,
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** Starts a side. @param {string} config */
function start(config) {
  const env = {
    PATH: process.env["PATH"],
    SOURCE_DATE_EPOCH: "1772323200",
    AWS_ACCESS_KEY_ID: KEYS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  };
  const argv = [bin, "process", "--config", config, "--date", DATE, "--quiet"];
  const child = spawn(process.execPath, argv, { env, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr?.on("data", (piece) => {
    stderr += piece;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, stderr }));
  return { child, ended };
}

/** Runs a side to its end, and kills it so many times before. @param {string} config @param {number} kills */
async function runSide(config, kills) {
  let killed = 0;
  for (;;) {
    const { child, ended } = start(config);
    const timer = killed < kills ? setTimeout(() => child.kill("SIGKILL"), 150 + randomInt(1200)) : undefined;
    const { code, signal, stderr } = await ended;
    clearTimeout(timer);
    if (signal === "SIGKILL") {
      killed++;
      continue;
    }
    assert.deepEqual([code, stderr], [0, ""]);
    return killed;
  }
}

/** What is published and exchanged, without what is of one run alone. @param {Place} place */
async function outcome(place) {
  const digest = createHash("sha256");
  /** @type {Record<Id, Map<string, number[]>>} */
  const totals = { A: new Map(), B: new Map() };
  for (const id of SIDES) {
    for (const store of ["private", "shared"]) {
      for (const [key, bytes] of await place.objects(id, store)) {
        if (/_status\.json$|\/_locks\/|\/_replays\//.test(key)) continue;
        digest.update(`${id} ${store} ${key} ${bytes.length}\n`).update(bytes);
        const [, batch] = /processed\/publish\/batch_id=([^/]*)\/part/.exec(key) ?? [];
        if (batch !== undefined) totals[id].set(batch, JSON.parse(bytes.toString("utf8")).payload);
      }
    }
  }
  return { digest: digest.digest("hex"), totals };
}

/** A whole day at both sides. @param {string} name @param {Place} place @param {Day} day @param {number} kills */
async function exchange(name, place, day, kills) {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const id of SIDES) for (const [key, text] of day.shares[id]) await place.put(id, "ingest", key, text);
  const batches = [...day.sums.keys()].map((batch_id) => ({ batch_id, n_data: FIELDS }));
  const started = performance.now();
  const killed = await Promise.all(SIDES.map((id) => runSide(configure(folder, place, id, batches), kills / 2)));
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const { digest, totals } = await outcome(place);
  for (const id of SIDES) assert.deepEqual(totals[id], day.sums, `${place.name}: server ${id}`);
  const count = killed.reduce((sum, n) => sum + n, 0);
  const how = kills === 0 ? "" : `, killed ${count} times`;
  const size = `${BATCHES} batches × ${PARTS} parts, ${ROWS} rows`;
  console.log(`process: ${place.name}${how}: ${size}: both published the plain sums, ${seconds} s`);
  if (kills > 0) assert.ok(count >= 0.8 * kills, `only ${count} kills came before the end`);
  return digest;
}

/** A day of a gigabyte of shares: the peak of memory of each process. */
async function large() {
  const folder = join(root, "large");
  const place = directories(folder);
  const batchId = "large";
  const values = Array.from({ length: LARGE.fields }, (_, k) => k % 2);
  const line = `${JSON.stringify({ payload: values })}\n`;
  const raw = (/** @type {Id} */ id) => join(place.urlOf(id, "ingest"), dayOf(id), "raw/shares");
  const input = join(folder, "values");
  mkdirSync(input);
  for (let part = 0; part < LARGE.parts; part++) {
    writeFileSync(join(input, `part-${part}.ndjson`), line.repeat(Math.ceil(LARGE.rows / LARGE.parts)));
  }
  const argv = ["encode-shares", "--quiet", "--batch-id", batchId, "--n-data", `${LARGE.fields}`, "--input", input];
  argv.push(
    "--public-key-hex-internal",
    keys.A.publicKey.toHex(),
    "--public-key-hex-external",
    keys.B.publicKey.toHex(),
  );
  for (const id of SIDES) argv.push(`--output-${id}`, join(raw(id), `batch_id=${batchId}`));
  const [code] = await once(
    spawn(process.execPath, [bin, ...argv], { stdio: ["ignore", "ignore", "inherit"] }),
    "close",
  );
  assert.equal(code, 0);
  rmSync(input, { recursive: true });
  for (const id of SIDES) writeFileSync(join(raw(id), "_SUCCESS"), "");
  const sizes = readdirSync(join(raw("A"), `batch_id=${batchId}`), { withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name)).length);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(bytes > LARGE.bytes, `${bytes} bytes of shares`);

  const started = performance.now();
  const peaks = await Promise.all(
    SIDES.map(async (id) => {
      const { child, ended } = start(configure(folder, place, id, [{ batch_id: batchId, n_data: LARGE.fields }]));
      let peak = 0;
      const timer = setInterval(() => {
        try {
          const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
          peak = Math.max(peak, Number(kilobytes ?? 0) / 1024);
        } catch {
          // It has just ended.
        }
      }, 100);
      const { code: exitCode, stderr } = await ended;
      clearInterval(timer);
      assert.deepEqual([exitCode, stderr], [0, ""]);
      return Math.round(peak);
    }),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const { totals } = await outcome(place);
  const rows = LARGE.parts * Math.ceil(LARGE.rows / LARGE.parts);
  for (const id of SIDES)
    assert.deepEqual(
      totals[id].get(batchId),
      values.map((value) => value * rows),
    );
  const gigabytes = (bytes / 1e9).toFixed(2);
  console.log(
    `process: ${gigabytes} GB of shares, ${rows} rows: at most ${peaks.join(" and ")} MB of memory, ${seconds} s`,
  );
  if (process.platform === "linux") for (const peak of peaks) assert.ok(peak > 0 && peak < MAX_MEMORY_MB);
}

/** The exchanges: undisturbed, and with kills over directories and over S3. All end with the same bytes. */
async function exchanges() {
  const day = encodeDay();
  const undisturbed = await exchange("plain", directories(join(root, "plain-stores")), day, 0);
  assert.equal(await exchange("killed", directories(join(root, "killed-stores")), day, KILLS), undisturbed);
  if (!installMoto()) {
    console.log("\n  *** no Python found, or it cannot install moto: the exchange over S3 DID NOT RUN ***\n");
    return;
  }
  const moto = await startMoto();
  try {
    assert.equal(await exchange("s3", await buckets(moto.endpoint), day, KILLS), undisturbed);
  } finally {
    moto.stop();
  }
  console.log("process: the bytes of all three exchanges are the same");
}

try {
  const only = process.argv[2];
  if (only !== "large") await exchanges();
  if (only !== "exchanges") await large();
} finally {
  rmSync(root, { recursive: true, force: true });
}
