// Runs the command inside the test's process: arguments in, exit code and what was said out.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { runCommand } from "../../src/cli/command.js";
import type { PrgKey } from "../../src/index.js";

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * What verify1 says without a record. `prio` leaves it out of what the command said: only replay-options.test.ts is
 * about it.
 */
export const REPLAYS_WARNING: RegExp = /^prio: warning: without --replays DIR.*\n/gm;

export interface CommandOptions {
  stdin?: string | Uint8Array | Readable;
  env?: Record<string, string>;
  /** Makes both outputs look like a terminal of so many columns. */
  columns?: number;
  /** Keeps {@link REPLAYS_WARNING}. */
  warnsOfReplays?: boolean;
}

export async function prio(
  argv: readonly string[],
  { stdin = "", env = {}, columns, warnsOfReplays = false }: CommandOptions = {},
): Promise<CommandResult> {
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  const [stdout, stderr] = [sink(terminal), sink(terminal)];
  const code = await runCommand(argv, {
    stdin: stdin instanceof Readable ? stdin : Readable.from([Buffer.from(stdin)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
  });
  const said = stderr.text();
  return { code, stdout: stdout.text(), stderr: warnsOfReplays ? said : said.replaceAll(REPLAYS_WARNING, "") };
}

/** A stream that keeps what is written to it, with `more` as further properties. */
export function sink<T extends object>(more: T): { stream: Writable & T; text: () => string } {
  const pieces: Buffer[] = [];
  const stream = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(piece);
      done();
    },
  });
  return { stream: Object.assign(stream, more), text: () => Buffer.concat(pieces).toString() };
}

/** A fresh folder; `path` names a file in it, `empty` removes all that is in it. */
export function scratch(): { path: (...names: string[]) => string; empty: () => void; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "prio-test-"));
  return {
    path: (...names) => join(folder, ...names),
    empty: () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const vectors = new URL("../../vectors/", import.meta.url);

/** The batches that the Python command wrote. The last one is Mozilla's own, from when libprio keyed with the seed. */
export const RECORDED_BATCHES = ["cli-clean", "cli-dirty", "prio-processor/cli"] as const;

export function recordedBatch(name: (typeof RECORDED_BATCHES)[number]) {
  const at = (path: string) => new URL(`${name}/${path}`, vectors);
  const text = (path: string) => readFileSync(at(path), "utf8");
  const json = <T>(path: string) => JSON.parse(text(path)) as T;
  interface Keys {
    private_key: string;
    public_key: string;
  }
  const { n_data, batch_id } = json<{ n_data: number; batch_id: string }>("config.json");
  const keys = { a: json<Keys>("server_a_keys.json"), b: json<Keys>("server_b_keys.json") };
  const secret = json<{ shared_seed: string }>("shared_seed.json").shared_seed;
  const prgKey: PrgKey = name === "prio-processor/cli" ? "seed" : "batch";
  return {
    fields: n_data,
    batchId: batch_id,
    prgKey,
    text,
    path: (path: string) => at(path).pathname,
    keys,
    secret,
    /** The environment that every stage of one server shares. */
    env: (server: "a" | "b") => {
      const other = server === "a" ? "b" : "a";
      return {
        BATCH_ID: batch_id,
        N_DATA: String(n_data),
        PRG_KEY: prgKey,
        SERVER_ID: server.toUpperCase(),
        PRIVATE_KEY_HEX: keys[server].private_key,
        SHARED_SECRET: secret,
        PUBLIC_KEY_HEX_INTERNAL: keys[server].public_key,
        PUBLIC_KEY_HEX_EXTERNAL: keys[other].public_key,
      };
    },
  };
}

/** Every secret of a recorded batch, to look for in what was said. */
export function secretsOf({ keys, secret }: ReturnType<typeof recordedBatch>): string[] {
  return [keys.a.private_key, keys.b.private_key, secret];
}
