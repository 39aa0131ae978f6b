// Runs the command in this process, with streams of its own, over a store in a temporary folder.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { runProgram } from "../../src/cli/program.js";
import { Secrets } from "../../src/tasks/secrets.js";

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An operator: a folder with a store and a key. */
export class Operator {
  readonly folder: string = mkdtempSync(join(tmpdir(), "prio-operator-"));
  readonly key: string = Secrets.newKeyText();
  now = 1_800_000_000;

  get database(): string {
    return `sqlite:${join(this.folder, "store.db")}`;
  }

  get env(): Record<string, string> {
    return { PRIO_AGGREGATOR_KEY: this.key, PRIO_AGGREGATOR_DATABASE: this.database };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async run(args: readonly string[], given: { env?: Record<string, string>; stdin?: string } = {}): Promise<Ran> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const stdin = Readable.from(given.stdin === undefined ? [] : [Buffer.from(given.stdin)]);
    const status = await runProgram(args, {
      ...{ stdin, stdout, stderr },
      env: { ...this.env, ...given.env },
      clock: () => this.now,
    });
    const text = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString() ?? "";
    return { status, stdout: text(stdout), stderr: text(stderr) };
  }

  /** Runs what must succeed. */
  async must(args: readonly string[], given: { env?: Record<string, string>; stdin?: string } = {}): Promise<Ran> {
    const ran = await this.run(args, given);
    if (ran.status !== 0) throw new Error(`${args.join(" ")}: status ${ran.status}: ${ran.stderr}`);
    return ran;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const LEADER_URL = "https://leader.example/dap/";
export const HELPER_URL = "https://helper.example/";

/** What makes a task as its leader. */
export const CREATE: readonly string[] = [
  ...["task", "create", "--role", "leader", "--url", LEADER_URL, "--peer", HELPER_URL, "--vdaf", "histogram:5"],
  ...["--time-precision", "1h", "--min-batch-size", "500"],
];
