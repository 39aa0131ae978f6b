// The built command as real processes: `npm run build` comes first.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { REPLAYS_WARNING } from "../support.js";

export const root = resolve(fileURLToPath(new URL("../../..", import.meta.url)));
export const bin = `${root}/dist/cli.js`;

/** What a process inherits: nothing that could stand for an option, no colours, no CI. */
const bare = { PATH: process.env["PATH"] ?? "" };

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  /** Arguments for node itself. */
  readonly node?: readonly string[];
}

/** Starts the command and gives the process, for tests that disturb it. */
export function start(argv: readonly string[], { env = {}, cwd, node = [] }: Options = {}): ChildProcess {
  return spawn(process.execPath, [...node, bin, ...argv], { cwd: cwd ?? root, env: { ...bare, ...env } });
}

/** Collects what a process says until it ends. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (piece: Buffer) => stdout.push(piece));
  child.stderr?.on("data", (piece: Buffer) => stderr.push(piece));
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return {
    code,
    signal,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString().replaceAll(REPLAYS_WARNING, ""),
  };
}

/** Runs the command to its end. */
export function prio(argv: readonly string[], options: Options = {}): Promise<Ended> {
  const child = start(argv, options);
  // A process that fails early does not read what it is given.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.stdin ?? "");
  return ended(child);
}

/** Runs a script of bash with `prio` in its path, which `folder` must hold as a file. */
export function bash(script: string, { env = {}, cwd }: Options = {}): Promise<Ended> {
  return ended(
    spawn("bash", ["-c", script], { cwd: cwd ?? root, env: { ...bare, ...env }, stdio: ["ignore", "pipe", "pipe"] }),
  );
}
