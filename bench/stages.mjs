// A batch of reports for the command line, and the stages of both servers over it: what cli.mjs and commands.mjs
// measure.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @typedef {"A" | "B"} ServerId */
/**
 * @typedef {{ stage: string, server: ServerId, argv: string[], output: string }} Stage `output` is the file that it
 * writes.
 */

export const FIELDS = 128;
const bin = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
/** Our command, as a program and its first argument. */
export const ours = [process.execPath, bin];

/** What `keygen` and `shared-seed` print. @param {string} name */
const made = (name) => JSON.parse(execFileSync(process.execPath, [bin, name], { encoding: "utf8" }));

/** A folder with files of values, keys of both servers and their secret. */
export class Batch {
  #folder = mkdtempSync(join(tmpdir(), "prio-bench-"));
  #keys = { A: made("keygen"), B: made("keygen") };
  #secret = made("shared-seed").shared_seed;

  /** @param {string[]} names */
  at(...names) {
    return join(this.#folder, ...names);
  }

  /** Writes a file of values. @param {string} file @param {number} reports */
  write(file, reports) {
    const row = (/** @type {number} */ i) =>
      Array.from({ length: FIELDS }, (_, k) => ((i * 31 + k * 17) % 7 < 3 ? 1 : 0));
    const lines = Array.from({ length: reports }, (_, i) => `${JSON.stringify({ payload: row(i) })}\n`);
    writeFileSync(this.at(file), lines.join(""));
  }

  /**
   * The stages over a file, in an order in which each has its inputs. They write below the folder `to`, and read what
   * the stages before wrote below `from`.
   *
   * @param {string} file
   * @param {string} from
   * @param {string} to
   * @returns {Stage[]}
   */
  stages(file, from, to) {
    /** @type {(server: ServerId, stage: string, before?: string) => Stage} */
    const exchange = (server, stage, before) => ({
      stage,
      server,
      argv: [
        ...[stage, "--input", this.at(from, "raw", server, file), "--output", this.at(to, stage, server)],
        ...(before === undefined ? [] : ["--input-internal", this.at(from, before, server, file)]),
        ...(before === undefined ? [] : ["--input-external", this.at(from, before, server === "A" ? "B" : "A", file)]),
      ],
      output: this.at(to, stage, server, file),
    });
    const raw = ["--output-A", this.at(to, "raw/A"), "--output-B", this.at(to, "raw/B")];
    return [
      {
        stage: "encode-shares",
        server: "A",
        argv: ["encode-shares", "--input", this.at(file), ...raw],
        output: this.at(to, "raw/A", file),
      },
      exchange("A", "verify1"),
      exchange("B", "verify1"),
      exchange("A", "verify2", "verify1"),
      exchange("B", "verify2", "verify1"),
      exchange("A", "aggregate", "verify2"),
      exchange("B", "aggregate", "verify2"),
    ];
  }

  /**
   * Runs a command to its end and returns what it wrote on standard error.
   *
   * @param {string[]} command
   * @param {ServerId} server
   */
  run([program = "", ...argv], server) {
    const { status, stderr, error } = spawnSync(program, argv, { env: this.#environment(server), encoding: "utf8" });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`bench: ${program} ${argv.join(" ")} ended with ${status}: ${stderr}`);
    return stderr;
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @param {ServerId} server */
  #environment(server) {
    const [own, other] = server === "A" ? [this.#keys.A, this.#keys.B] : [this.#keys.B, this.#keys.A];
    return {
      ...process.env,
      BATCH_ID: "bench",
      N_DATA: String(FIELDS),
      SERVER_ID: server,
      PRIVATE_KEY_HEX: own.private_key,
      SHARED_SECRET: this.#secret,
      PUBLIC_KEY_HEX_INTERNAL: own.public_key,
      PUBLIC_KEY_HEX_EXTERNAL: other.public_key,
    };
  }
}
