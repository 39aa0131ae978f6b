// Two sides of a deployment in directories, for tests: keys, shares of batches, and the unattended run of each.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatRow } from "../../src/batch/rows.js";
import { partitionName } from "../../src/files/partition-name.js";
import { Client, Config, generateKeyPair, type ServerId, ServerSecret } from "../../src/index.js";
import { type Clock, systemClock } from "../../src/process/clock.js";
import { type ProcessConfig, readConfig } from "../../src/process/config.js";
import type { ProcessEvent } from "../../src/process/events.js";
import { type DayResult, type ProcessRun, processDay } from "../../src/process/run.js";
import { openStores } from "../../src/process/side-stores.js";

export const DATE = "2026-03-01";
export const SIDES = ["A", "B"] as const;
export const other = { A: "B", B: "A" } as const;

/** Values of reports, by batch id, in parts. */
export type Values = Readonly<Record<string, readonly (readonly (readonly number[])[])[]>>;

export interface SideOptions {
  /** Values of the configuration's file in place of those of the deployment. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly date?: string;
  readonly secret?: string;
  readonly run?: Partial<ProcessRun>;
}

/** What one side's run said. */
export interface SideResult extends DayResult {
  readonly events: readonly ProcessEvent[];
  /** The state of each batch, and why it ended. */
  readonly states: Readonly<Record<string, string>>;
}

/** A deployment in a directory. */
export class Deployment {
  readonly root: string;
  /** The day that shares and folders are of. */
  date: string = DATE;
  readonly keys = { A: generateKeyPair(), B: generateKeyPair() };
  readonly secret: string = ServerSecret.generate().toBase64();
  readonly batches: readonly { batch_id: string; n_data: number; precision?: number }[];

  constructor(batches: Deployment["batches"]) {
    // What a run writes is put on disk at once, which takes long: in memory, where there is such a place.
    this.root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "prio-process-"));
    this.batches = batches;
    for (const side of SIDES)
      for (const store of ["ingest", "private", "shared"]) mkdirSync(this.at(side, store), { recursive: true });
  }

  at(side: ServerId, ...names: string[]): string {
    return join(this.root, side, ...names);
  }

  /** The folder of a day in one of a side's stores. */
  day(side: ServerId, store: "ingest" | "private" | "shared", ...names: string[]): string {
    return this.at(side, store, "data/v1", this.keys[other[side]].publicKey.toHex(), "survey", this.date, ...names);
  }

  /** Writes the shares of batches, and `_SUCCESS` last. */
  share(values: Values): void {
    for (const [batchId, parts] of Object.entries(values)) {
      for (const [number, reports] of parts.entries()) this.sharePart(batchId, number, reports);
    }
    for (const side of SIDES) writeFileSync(this.day(side, "ingest", "raw/shares", "_SUCCESS"), "");
  }

  sharePart(batchId: string, number: number, reports: readonly (readonly number[])[]): void {
    const batch = this.batches.find((entry) => entry.batch_id === batchId);
    const { n_data = 0, precision } = batch ?? {};
    const common = { batchId, serverA: this.keys.A.publicKey, serverB: this.keys.B.publicKey };
    const config =
      precision === undefined
        ? new Config({ ...common, fields: n_data })
        : Config.forIntegers({ ...common, count: n_data, precision });
    const client = new Client(config);
    const rows = { A: "", B: "" };
    for (const [i, values] of reports.entries()) {
      const { a, b } = precision === undefined ? client.encode(values) : client.encodeIntegers(values);
      const id = `${number}-${i}`;
      rows.A += formatRow(id, a);
      rows.B += formatRow(id, b);
    }
    for (const side of SIDES) {
      const folder = this.day(side, "ingest", "raw/shares", partitionName("batch_id", batchId) ?? "");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `part-${String(number).padStart(5, "0")}.json`), rows[side]);
    }
  }

  /** Writes a side's configuration, and returns its path. */
  writeConfig(side: ServerId, config: Readonly<Record<string, unknown>> = {}): string {
    const path = this.at(side, "config.json");
    const json = {
      server: side,
      app: "survey",
      batches: this.batches,
      publicKeyInternal: this.keys[side].publicKey.toHex(),
      publicKeyExternal: this.keys[other[side]].publicKey.toHex(),
      stores: { ingest: "./ingest", private: "./private", shared: "./shared", peer: `../${other[side]}/shared` },
      work: "work",
      replays: "replays",
      minReports: 1,
      jobs: 1,
      retry: { delay: 0.005, exponent: 1 },
      deadline: 60,
      ...config,
    };
    writeFileSync(path, JSON.stringify(json));
    return path;
  }

  config(side: ServerId, { config = {}, env = {} }: SideOptions = {}): ProcessConfig {
    return readConfig(this.writeConfig(side, config), env);
  }

  /** Runs a side's day. */
  async run(side: ServerId, options: SideOptions = {}): Promise<SideResult> {
    const { signal = new AbortController().signal, date = DATE, secret = this.secret, env = {} } = options;
    const events: ProcessEvent[] = [];
    const config = this.config(side, options);
    const result = await processDay(
      {
        config,
        stores: openStores(config, {}, () => undefined),
        keys: { privateKeys: [this.keys[side].privateKey.toHex()], secret },
        env: { SOURCE_DATE_EPOCH: "1772323200", ...env },
        clock: systemClock,
        signal,
        version: "1.2.3",
        onEvent: (event) => events.push(event),
        onProgress: () => undefined,
        ...options.run,
      },
      date,
    );
    const states = result.batches.map(({ batch, state, reason }) => [
      batch,
      reason === undefined ? state : `${state}: ${reason.replaceAll(`${this.root}/`, "")}`,
    ]);
    return { ...result, events, states: Object.fromEntries(states) };
  }

  /** Runs both sides at a time. */
  async runBoth(options: Partial<Record<ServerId, SideOptions>> = {}): Promise<Record<ServerId, SideResult>> {
    const [A, B] = await Promise.all(SIDES.map((side) => this.run(side, options[side])));
    return { A, B } as Record<ServerId, SideResult>;
  }

  /** What a side has published: the rows by batch folder. */
  published(
    side: ServerId,
  ): Record<string, { id: string; timestamp: string; payload: number[]; error: number; total: number }> {
    const folder = this.day(side, "private", "processed/publish");
    const batches = existing(folder);
    return Object.fromEntries(
      batches.map((batch) => [batch, JSON.parse(readFileSync(join(folder, batch, "part-00000.json"), "utf8"))]),
    );
  }

  /** All files below a side's stores, with their bytes in hex. */
  files(side: ServerId, ...stores: string[]): Record<string, string> {
    return Object.fromEntries(
      stores.flatMap((store) =>
        filesBelow(this.at(side, store)).map((path) => [
          `${store}/${path}`,
          readFileSync(this.at(side, store, path), "latin1"),
        ]),
      ),
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const existing = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** A clock on which half a second or more passes with each wait, in a millisecond. */
export function hurried(): Clock {
  const start = Date.parse("2026-03-01T12:00:00Z");
  let now = 0;
  return {
    now: () => now,
    date: () => new Date(start + now),
    sleep: async (milliseconds, signal) => {
      await systemClock.sleep(1, signal);
      now += Math.max(milliseconds, 500);
    },
  };
}
