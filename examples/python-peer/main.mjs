// Server B for a server A that runs Mozilla's Python command `prio`. It reads the files that A's operator sends and
// writes those that B's operator sends back (docs/WIRE.md, section 7). From a recorded batch it produces, byte for
// byte, the files that Python produced as server B.
//
//   node examples/python-peer/main.mjs [folder of a recorded batch] [folder for the output]

import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Config, PrioError, PrivateKey, PublicKey, publish, Server, ServerSecret } from "prio";
import { readRows, readValue, writeRow, writeValue } from "./files.mjs";

const recorded = process.argv[2] ?? fileURLToPath(new URL("../../vectors/cli-clean", import.meta.url));
const output = process.argv[3] ?? mkdtempSync(join(tmpdir(), "prio-python-peer-"));

/** @param {string} path */
const input = (path) => readFileSync(join(recorded, path), "utf8");
/** @param {string} path @param {string} text */
function save(path, text) {
  const file = join(output, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

// ---- what both operators have agreed on -----------------------------------------------------------------------------

const { n_data: fields, batch_id: batchId } = readValue(input("config.json"));
const keysA = readValue(input("server_a_keys.json"));
const keysB = readValue(input("server_b_keys.json"));
const config = new Config({
  fields,
  batchId,
  serverA: PublicKey.fromHex(keysA.public_key),
  serverB: PublicKey.fromHex(keysB.public_key),
});
const options = {
  id: /** @type {const} */ ("B"),
  privateKey: PrivateKey.fromHex(keysB.private_key),
  secret: ServerSecret.fromBase64(readValue(input("shared_seed.json")).shared_seed),
};
const shares = readRows(input("server_b/raw/data.ndjson"));
console.log(`batch ${batchId}: ${fields} fields, ${shares.length} rows for server B\n`);

/** @param {string} text */
const fromBase64 = (text) => new Uint8Array(Buffer.from(text, "base64"));

/**
 * Goes through the raw shares as the Python command does in each stage: with a fresh session, so that query points
 * start anew, and leaving out the rows that fail. `step` gets one report and returns what to write for it.
 *
 * @template T
 * @param {Server} server
 * @param {(verifier: import("prio").Verifier, id: string) => T | null} step
 */
function stage(server, step) {
  /** @type {{ id: string, result: T }[]} */
  const rows = [];
  /** @type {Map<string, number>} */
  const errors = new Map();
  for (const { id, payload } of shares) {
    let reason = "not valid, or missing at A";
    try {
      const result = step(server.open(fromBase64(payload)), id);
      if (result !== null) {
        rows.push({ id, result });
        continue;
      }
    } catch (error) {
      if (!(error instanceof PrioError)) throw error;
      reason = error.code;
    }
    errors.set(reason, (errors.get(reason) ?? 0) + 1);
  }
  return { rows, errors, failed: shares.length - rows.length };
}

/** @param {string} name @param {ReturnType<typeof stage>} result */
function report(name, { rows, errors, failed }) {
  const reasons = [...errors].map(([reason, count]) => `${count} ${reason}`).join(", ");
  console.log(
    `  ${name.padEnd(10)} ${String(rows.length).padStart(3)} rows, ${failed} errors ${reasons && `(${reasons})`}`,
  );
}

/** The messages of a file by report id. @param {string} path */
const messages = (path) => new Map(readRows(input(path)).map(({ id, payload }) => [id, fromBase64(payload)]));

// ---- verify1: to A --------------------------------------------------------------------------------------------------

const first = stage(new Server(config, options), (verifier) => verifier.verify1());
save("verify1/data.ndjson", first.rows.map(({ id, result }) => writeRow(id, result)).join(""));
report("verify1", first);

// ---- verify2: A's verify1 has come, ours goes with it ---------------------------------------------------------------

const first1 = new Map(first.rows.map(({ id, result }) => [id, result]));
const firstA = messages("server_b/intermediate/external/verify1/data.ndjson");
const second = stage(new Server(config, options), (verifier, id) => {
  const ofA = firstA.get(id);
  const ofB = first1.get(id);
  return ofA && ofB ? verifier.verify2(ofA, ofB) : null;
});
save("verify2/data.ndjson", second.rows.map(({ id, result }) => writeRow(id, result)).join(""));
report("verify2", second);

// ---- aggregate: A's verify2 has come --------------------------------------------------------------------------------

const second1 = new Map(second.rows.map(({ id, result }) => [id, result]));
const secondA = messages("server_b/intermediate/external/verify2/data.ndjson");
const server = new Server(config, options);
const counted = stage(server, (verifier, id) => {
  const ofA = secondA.get(id);
  const ofB = second1.get(id);
  if (!ofA || !ofB) return null;
  // As with Python, each stage starts anew: this verifier is told what the stage before it sent.
  verifier.resume(ofB);
  const verified = verifier.check(ofA, ofB);
  if (verified !== null) server.aggregate(verified);
  return verified;
});
const share = server.totalShare();
const payload = Buffer.from(share).toString("base64");
save("aggregate/data.ndjson", writeValue({ payload, error: counted.failed, total: shares.length }));
report("aggregate", counted);

// ---- publish: A's total share has come ------------------------------------------------------------------------------

const ofA = readValue(input("server_b/intermediate/external/aggregate/data.ndjson"));
const countedByA = ofA.total - ofA.error;
if (countedByA !== server.reports) {
  console.error(`python-peer: A counted ${countedByA} reports, B ${server.reports}: nothing is published`);
  process.exit(1);
}
const totals = publish(config, fromBase64(ofA.payload), share).map(Number);
const timestamp = `${new Date().toISOString().slice(0, -1)}000`;
save("processed/data.ndjson", writeValue({ id: randomUUID(), timestamp, payload: totals }));
console.log(`  publish    ${totals.join(" ")}\n`);

// ---- against what Python wrote as server B --------------------------------------------------------------------------

let same = true;
for (const name of ["verify1", "verify2", "aggregate"]) {
  const python = input(`server_b/intermediate/internal/${name}/data.ndjson`);
  const ours = readFileSync(join(output, name, "data.ndjson"), "utf8");
  const digest = createHash("sha256").update(ours).digest("hex").slice(0, 16);
  console.log(`  ${name.padEnd(10)} sha256 ${digest}…  ${ours === python ? "the bytes that Python wrote" : "DIFFERS"}`);
  same &&= ours === python;
}
const published = readValue(input("server_b/processed/data.ndjson"));
const sameTotals = JSON.stringify(totals) === JSON.stringify(published.payload);
console.log(`  totals     ${sameTotals ? "those that Python published" : "DIFFER"}`);
console.log(`\nfiles for server A: ${output}`);
process.exitCode = same && sameTotals ? 0 : 1;
