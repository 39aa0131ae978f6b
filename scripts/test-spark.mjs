// The Spark job of spark/ as an operator runs it: both servers' steps, each a spark-submit of its own, over 20,000
// reports with bad rows and repeated ids and packets, with tasks that fail and run again. The totals are the plain
// sums, a report has one query point and one answer, and no output has a secret. Installs Java, Python's virtual
// environments and pyspark where they are missing, and says in one line if they cannot be had. Run `npm run build`
// first.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateKeyPair, ServerSecret } from "../dist/index.js";

const PYSPARK = "pyspark==4.0.5";
const [ROWS, FIELDS, PARTS] = [20_000, 128, 8];
/** Of each kind of repeated row. */
const REPEATED = 50;
/** Lines that a task has written when it fails. */
const WRITTEN = 300;
/** A step that takes so long, in milliseconds, hangs. */
const TIMEOUT = 300_000;

const path = (/** @type {string} */ relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const cli = path("dist/cli.js");
const job = path("spark/prio_spark.py");
const environment = path("node_modules/.cache/spark");
const folder = mkdtempSync(join(tmpdir(), "prio-spark-"));

/** @typedef {"a" | "b"} Side */
/** @type {readonly Side[]} */
const SIDES = ["a", "b"];
/** @type {Record<Side, Side>} */
const other = { a: "b", b: "a" };

/** Whether a command ran well. @param {string} command @param {...string} args */
function runs(command, ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, args, { env, stdio: "ignore" }).status === 0;
}

/** Installs what is missing. Returns what cannot be had. */
function missing() {
  const install = (/** @type {string} */ name) =>
    runs("apt-get", "-qq", "install", "--yes", "--no-install-recommends", name);
  if (!runs("java", "-version")) {
    console.log("installing Java");
    runs("apt-get", "-qq", "update");
    if (!install("openjdk-17-jre-headless") && !install("openjdk-21-jre-headless")) return "Java";
  }
  if (existsSync(join(environment, PYSPARK))) return;
  console.log("installing pyspark");
  if (!runs("python3", "-m", "venv", "--clear", environment)) {
    runs("apt-get", "-qq", "update");
    install("python3-venv");
    if (!runs("python3", "-m", "venv", "--clear", environment)) return "Python with virtual environments";
  }
  if (!runs(join(environment, "bin/python"), "-m", "pip", "install", "--quiet", PYSPARK)) return PYSPARK;
  mkdirSync(join(environment, PYSPARK));
  return;
}

// ---- the batch -----------------------------------------------------------------------------------------------------

const keys = { a: generateKeyPair(), b: generateKeyPair() };
const secret = ServerSecret.generate().toBase64();
/** What no output may have in it. @type {string[]} */
const secrets = [...SIDES.map((side) => keys[side].privateKey.toHex()), secret];

/** The shares of a side. @param {string} set @param {Side} side */
const sharesOf = (set, side) => join(folder, set, `server_id=${side}/batch_id=spark`);

/** @param {string} set @param {number} rows @param {...string} more */
function generate(set, rows, ...more) {
  const args = ["generate", "--batch-id", "spark", "--n-data", FIELDS, "--rows", rows, "--seed", set, ...more];
  const both = ["--public-key-hex-internal", keys.a.publicKey.toHex(), "--public-key-hex-external"];
  const argv = [cli, ...args, ...both, keys.b.publicKey.toHex(), "--output", join(folder, set), "--quiet"];
  const { status, stderr } = spawnSync(process.execPath, argv.map(String), { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

/** @typedef {{ id: string, payload: string }} Row */

/** The rows of all parts of a directory. @param {string} directory @returns {Row[]} */
function rowsOf(directory) {
  const parts = readdirSync(directory).filter((name) => name.startsWith("part-"));
  const lines = parts.sort().flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n"));
  return lines.filter((line) => line.startsWith('{"id"') && line.endsWith("}")).map((line) => JSON.parse(line));
}

/** Rows that must not count: an honest client's other packet under an old id, and an old packet under a new id. */
function repeat() {
  for (const side of SIDES) {
    const rows = rowsOf(sharesOf("raw", side)).filter(({ id, payload }) => id && payload);
    // Of the same reports at both sides: the parts of both begin with them.
    const ids = new Set(rows.map(({ id }) => id));
    const shared = rowsOf(sharesOf("raw", other[side])).filter(({ id }) => ids.has(id));
    const old = shared.slice(0, REPEATED).map(({ id }) => rows.find((row) => row.id === id));
    const fresh = rowsOf(sharesOf("more", side));
    const repeated = old.flatMap((row, i) => [
      { id: row?.id, payload: fresh[i]?.payload },
      { id: `again-${i}`, payload: row?.payload },
    ]);
    const text = repeated.map((row) => `${JSON.stringify(row)}\n`).join("");
    writeFileSync(join(sharesOf("raw", side), "part-99999.ndjson"), text);
    secrets.push(
      ...old.map((row) => `${row?.payload.slice(0, 200)}`),
      ...fresh.map((row) => row.payload.slice(0, 200)),
    );
  }
}

// ---- the steps -----------------------------------------------------------------------------------------------------

const at = (/** @type {Side} */ side, /** @type {string} */ name) => join(folder, `server-${side}`, name);

/**
 * The command as a side's executors have it: keeps what each task has answered. At server A, the first task of each
 * step writes some of its rows and then fails.
 *
 * @param {Side} side
 */
function writeCommand(side) {
  const failing = `
if case "$1" in verify1|verify2|aggregate) mkdir '${at(side, "failed")}'"-$1" 2>/dev/null;; *) false;; esac; then
  '${process.execPath}' '${cli}' "$@" 2>/dev/null | head -n ${WRITTEN} | tee "$answers"
  exit 1
fi`;
  const script = `#!/bin/sh
answers=$(mktemp '${at(side, "answers")}'"/$1-XXXXXX")
${side === "a" ? failing : ""}
'${process.execPath}' '${cli}' "$@" >"$answers"
status=$?
cat "$answers"
exit $status
`;
  mkdirSync(at(side, "answers"), { recursive: true });
  writeFileSync(at(side, "prio"), script, { mode: 0o700 });
  writeFileSync(at(side, "key"), keys[side].privateKey.toHex(), { mode: 0o600 });
  writeFileSync(at(side, "secret"), secret, { mode: 0o600 });
}

/** Runs a step. @param {Side} side @param {string} step @param {...string} args */
async function submit(side, step, ...args) {
  const session = ["--master", "local[2,3]", "--conf", "spark.ui.enabled=false"];
  const argv = [...session, job, step, ...args];
  const env = { ...process.env, PYSPARK_PYTHON: join(environment, "bin/python") };
  const child = spawn(join(environment, "bin/spark-submit"), argv, { cwd: folder, env, timeout: TIMEOUT });
  let [stdout, said] = ["", ""];
  child.stdout.on("data", (piece) => {
    stdout += piece;
    said += piece;
  });
  child.stderr.on("data", (piece) => {
    said += piece;
  });
  const [code] = await once(child, "close");
  for (const text of secrets) {
    assert.ok(!said.toLowerCase().includes(text.toLowerCase()), `${step} of ${side} shows a secret`);
  }
  return { code, said, result: code === 0 ? JSON.parse(stdout.trim().split("\n").at(-1) ?? "") : undefined };
}

/** The options of a step that are files of secrets. @param {Side} side @param {Side} [of] */
const secretFiles = (side, of = side) => [
  "--prio",
  at(side, "prio"),
  "--private-key-file",
  at(of, "key"),
  "--shared-secret-file",
  at(side, "secret"),
];

/** @param {Side} side @param {string} raw @param {string} run @param {...string} more */
function admit(side, raw, run, ...more) {
  const [own, their] = [keys[side], keys[other[side]]].map((pair) => pair.publicKey.toHex());
  const batch = ["--server-id", side.toUpperCase(), "--batch-id", "spark", "--n-data", `${FIELDS}`];
  const pair = ["--public-key-hex-internal", `${own}`, "--public-key-hex-external", `${their}`];
  const files = ["--input", raw, "--output", at(side, `admitted${run}`), "--replays", at(side, "replays")];
  return submit(side, "admit", ...batch, ...pair, ...files, "--run", run, ...more);
}

/**
 * A step over both servers' messages.
 *
 * @param {Side} side
 * @param {string} step
 * @param {string} from
 * @param {string} [to]
 */
function answer(side, step, from, to = step) {
  const inputs = ["--input-internal", at(side, from), "--input-external", at(other[side], from)];
  const files = step === "publish" ? secretFiles(side).slice(0, 2) : secretFiles(side);
  return submit(side, step, ...files, "--input", at(side, "admitted1"), ...inputs, "--output", at(side, to));
}

/** Runs a step of both sides. @param {(side: Side) => ReturnType<typeof submit>} step */
async function both(step) {
  const ended = await Promise.all(SIDES.map(step));
  return ended.map(({ code, said, result }) => {
    assert.equal(code, 0, said.slice(-4000));
    return result;
  });
}

/** All answers to an id, of all attempts at a step. @param {Side} side @param {string} step */
function answersOf(side, step) {
  /** @type {Map<string, Set<string>>} */
  const answers = new Map();
  for (const name of readdirSync(at(side, "answers")).filter((name) => name.startsWith(`${step}-`))) {
    const lines = readFileSync(join(at(side, "answers"), name), "utf8").split("\n");
    for (const line of lines.filter((line) => line.endsWith("}"))) {
      const { id, payload } = JSON.parse(line);
      answers.set(id, (answers.get(id) ?? new Set()).add(payload));
    }
  }
  return answers;
}

// ---- what must be --------------------------------------------------------------------------------------------------

async function exchange() {
  generate("raw", ROWS, "--bad", "2%", "--parts", `${PARTS}`);
  generate("more", REPEATED);
  repeat();
  for (const side of SIDES) writeCommand(side);
  const sums = JSON.parse(readFileSync(join(folder, "raw/_sums.ndjson"), "utf8"));

  const admitted = await both((side) => admit(side, sharesOf("raw", side), "1"));
  for (const { malformed, repeated } of admitted) assert.ok(malformed > 0 && repeated >= 2 * REPEATED);
  console.log(
    `admitted ${admitted[0].admitted} of A's ${admitted[0].rows} rows, ${admitted[0].repeated} were repeated`,
  );

  // A packet that comes late, before all others, is not checked in the place of one that was admitted.
  const [late] = rowsOf(sharesOf("raw", "a")).filter(({ id, payload }) => id && payload);
  const [fresh] = rowsOf(sharesOf("more", "a"));
  const lateRow = `${JSON.stringify({ id: late?.id, payload: fresh?.payload })}\n`;
  writeFileSync(join(sharesOf("raw", "a"), "part-000000.ndjson"), lateRow);
  rmSync(at("a", "admitted1"), { recursive: true });
  const again = await admit("a", sharesOf("raw", "a"), "1");
  assert.equal(again.result?.admitted, admitted[0].admitted, again.said.slice(-4000));
  assert.ok(rowsOf(at("a", "admitted1")).every(({ payload }) => payload !== fresh?.payload));

  // With a wrong key, every attempt fails, and says so without a secret.
  const wrong = await submit(
    "a",
    "verify1",
    ...secretFiles("a", "b"),
    ...["--input", at("a", "admitted1"), "--output", at("a", "wrong")],
  );
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.said, /prio verify1 ended with [1-9]/);
  assert.ok(!existsSync(at("a", "wrong/_SUCCESS")));
  console.log("a failed step showed no key, no secret and no packet");
  rmSync(at("a", "failed-verify1"), { recursive: true });
  rmSync(at("a", "answers"), { recursive: true });
  mkdirSync(at("a", "answers"));

  await both((side) =>
    submit(side, "verify1", ...secretFiles(side), "--input", at(side, "admitted1"), "--output", at(side, "verify1")),
  );
  await both((side) => answer(side, "verify2", "verify1"));

  // The same step once more, after the other server has sent other messages: the answers stay.
  const [part = ""] = readdirSync(at("b", "verify1")).filter((name) => name.startsWith("part-"));
  const messages = join(at("b", "verify1"), part);
  const [first, second, ...rest] = readFileSync(messages, "utf8").split("\n");
  const swapped = [
    { id: JSON.parse(first ?? "").id, payload: JSON.parse(second ?? "").payload },
    { id: JSON.parse(second ?? "").id, payload: JSON.parse(first ?? "").payload },
  ];
  rmSync(join(at("b", "verify1"), `.${part}.crc`));
  writeFileSync(messages, [...swapped.map((row) => JSON.stringify(row)), ...rest].join("\n"));
  const repeated = await answer("a", "verify2", "verify1", "verify2-again");
  assert.equal(repeated.code, 0, repeated.said.slice(-4000));

  await both((side) => answer(side, "aggregate", "verify2"));
  await both((side) => answer(side, "publish", "aggregate"));

  for (const step of ["verify1", "verify2", "aggregate"]) {
    assert.ok(existsSync(at("a", `failed-${step}`)), `no task of ${step} failed`);
  }
  for (const step of ["verify1", "verify2"]) {
    const answers = [...answersOf("a", step).values()];
    assert.ok(answers.length >= sums.reports);
    assert.ok(
      answers.every((payloads) => payloads.size === 1),
      `a report had two answers in ${step}`,
    );
  }
  console.log("a task of each step failed and ran again: every report has one query point and one answer");

  for (const side of SIDES) {
    const [aggregate] = readLines(at(side, "aggregate"));
    const [published] = readLines(at(side, "publish"));
    assert.deepEqual(published.payload, sums.payload, `the totals of ${side} are not the plain sums`);
    assert.equal(aggregate.total - aggregate.error, sums.reports);
  }

  // A later run of the batch has none of these reports.
  const replayed = await admit("a", sharesOf("raw", "a"), "2");
  assert.equal(replayed.code, 0, replayed.said.slice(-4000));
  // Only the packet that came late was never admitted; its id was.
  assert.equal(replayed.result.admitted, 0);
  return sums.reports;
}

/** @param {string} directory */
function readLines(directory) {
  const parts = readdirSync(directory).filter((name) => name.startsWith("part-"));
  const lines = parts.flatMap((name) => readFileSync(join(directory, name), "utf8").split("\n"));
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

const lacking = missing();
if (lacking !== undefined) {
  console.log(`\n  *** ${lacking} cannot be had: the Spark job's test DID NOT RUN ***\n`);
} else {
  try {
    const reports = await exchange();
    console.log(
      `spark: ran; the totals of ${reports} valid reports of ${FIELDS} values are the plain sums, at both servers`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
