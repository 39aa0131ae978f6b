// The command as a process, built for the tests of one file: what it prints, and how it ends.

import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export interface Running {
  readonly child: ChildProcess;
  /** Waits until it has printed something, and returns that, or its first group. */
  until(what: RegExp): Promise<string>;
  /** Sends a signal, and returns the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** The command, built into a folder of its own below the package, from where its dependencies are found. */
export class BuiltCommand {
  /** An empty folder, where processes run. */
  readonly folder: string;
  /** Where it is built. */
  readonly dist: string;
  readonly #children: ChildProcess[] = [];

  constructor(name: string) {
    this.folder = mkdtempSync(join(tmpdir(), "prio-process-"));
    this.dist = join(root, "node_modules/.cache", `test-${name}`);
    execFileSync(process.execPath, [join(root, "scripts/build.mjs"), this.dist]);
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return runProgram(join(this.dist, "main.js"), args, this.folder, env);
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const child = spawn(process.execPath, [join(this.dist, "main.js"), ...args], {
      cwd: this.folder,
      env: { ...process.env, ...env },
    });
    this.#children.push(child);
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    return {
      child,
      until: printed(child),
      end(signal = "SIGTERM") {
        child.kill(signal);
        return ended;
      },
    };
  }

  /** Kills what still runs. */
  kill(): void {
    for (const child of this.#children.splice(0)) child.kill("SIGKILL");
  }

  remove(): void {
    this.kill();
    for (const path of [this.folder, this.dist]) rmSync(path, { recursive: true, force: true });
  }
}

/** Runs a program of Node to its end. */
export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd, env: { ...process.env, ...env } };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr });
    });
  });
}

function printed(child: ChildProcess): (what: RegExp) => Promise<string> {
  let text = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (const look of waiting) look();
    });
  }
  return (what) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = what.exec(text);
        if (found === null) return;
        waiting.delete(look);
        resolve(found[1] ?? found[0]);
      };
      waiting.add(look);
      child.once("exit", () => reject(new Error(`it ended: ${text}`)));
      look();
    });
}
