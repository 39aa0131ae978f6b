// Completion in real shells: each shell parses its script, and completes at a Tab in a terminal of tmux.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../support.js";
import { bin, prio } from "./command.js";

const folder = scratch();
afterAll(() => folder.remove());

const isInstalled = (program: string) =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .some((directory) => spawnSync(`${directory}/${program}`, ["-V"]).pid > 0);

/** How each shell starts, and what its start file has before the line of `prio completion --help`: a short prompt. */
const SHELLS = {
  bash: { argv: ["bash", "--noprofile", "--rcfile", ".bashrc", "-i"], file: ".bashrc", prompt: 'PS1="> "' },
  zsh: { argv: ["zsh", "-i"], file: ".zshrc", prompt: 'PS1="> "' },
  fish: {
    argv: ["fish", "-i"],
    file: ".config/fish/config.fish",
    prompt: "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nfunction fish_prompt; echo '> '; end",
  },
} as const;

/** What is typed before the Tab, and the whole line after it. */
const TABS: readonly (readonly [typed: string, completed: string])[] = [
  ["prio pub", "prio publish"],
  // A directory of this name is there.
  ["prio verify1", "prio verify1"],
  ["prio verify2 --input-e", "prio verify2 --input-external"],
  ["prio aggregate --query-points rep", "prio aggregate --query-points report"],
  ["prio publish --output two", "prio publish --output two\\ words/"],
  ["prio inspect da", "prio inspect data.ndjson"],
  ["prio completion f", "prio completion fish"],
  ["prio help verify2", "prio help verify2"],
  ["prio help cl", "prio help cli"],
];

beforeAll(async () => {
  mkdirSync(folder.path("verify1"));
  mkdirSync(folder.path("two words"));
  mkdirSync(folder.path("bin"));
  mkdirSync(folder.path(".config", "fish"), { recursive: true });
  writeFileSync(folder.path("data.ndjson"), "");
  writeFileSync(folder.path("bin", "prio"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  const help = (await prio(["completion", "--help"])).stdout.toString();
  for (const { file, prompt } of Object.values(SHELLS)) {
    const [, line] =
      new RegExp(`^ *(.*prio completion .*# in ~/${file.replaceAll(".", "\\.")})$`, "m").exec(help) ?? [];
    writeFileSync(folder.path(file), `${prompt}\n${line}\n`);
  }
});

/** A shell in a terminal. `shows` waits until the screen has what is expected. */
class Terminal {
  readonly #socket: string;
  readonly #tmux: ReturnType<typeof spawn>;

  constructor(argv: readonly string[]) {
    this.#socket = folder.path(`tmux-${argv[0]}`);
    const env = {
      PATH: `${folder.path("bin")}:${process.env["PATH"]}`,
      HOME: folder.path(),
      LANG: "C.UTF-8",
      TERM: "xterm",
    };
    // In control mode, tmux says whenever a program has written to the screen.
    this.#tmux = spawn(
      "tmux",
      ["-S", this.#socket, "-f", "/dev/null", "-C", "new-session", "-x", "100", "-y", "40", ...argv],
      { env, cwd: folder.path(), stdio: ["pipe", "pipe", "inherit"] },
    );
  }

  #run(...argv: string[]): string {
    return execFileSync("tmux", ["-S", this.#socket, ...argv], { encoding: "utf8" });
  }

  /** What stands there; nothing before the terminal has started and after it has ended. */
  #screen(): string {
    return spawnSync("tmux", ["-S", this.#socket, "capture-pane", "-p"], { encoding: "utf8" }).stdout.trimEnd();
  }

  type(...keys: string[]): void {
    this.#run("send-keys", ...keys);
  }

  /** Waits for a screen whose last line is this one; the screen is in the error when it does not come. */
  async shows(line: string): Promise<void> {
    const output = this.#tmux.stdout as NodeJS.ReadableStream;
    let screen = "";
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        screen = this.#screen();
        if (screen.split("\n").at(-1) !== line) return;
        clearTimeout(deadline);
        output.removeListener("data", look);
        resolve();
      };
      const deadline = setTimeout(() => {
        output.removeListener("data", look);
        reject(new Error(`expected ${JSON.stringify(line)}, got:\n${screen}`));
      }, 20_000);
      output.on("data", look);
      look();
    });
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#tmux.once("close", resolve));
    this.#run("kill-server");
    await closed;
  }
}

describe.each(["bash", "zsh", "fish"] as const)("%s", (shell) => {
  if (!isInstalled(shell)) {
    it(`is not installed here: nobody has tried the completion of ${shell}`, () => undefined);
    return;
  }

  it("parses the script", async () => {
    const { stdout } = await prio(["completion", shell]);
    const file = folder.path(`completion.${shell}`);
    writeFileSync(file, stdout);
    const { status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  if (!isInstalled("tmux")) {
    it("is not tried in a terminal: tmux is not installed here", () => undefined);
    return;
  }

  it("completes commands, options, values, directories and files at a Tab", async () => {
    const { argv } = SHELLS[shell];
    const terminal = new Terminal(argv);
    try {
      await terminal.shows(">");
      for (const [typed, completed] of TABS) {
        // What is typed after the Tab shows where the completion ended: after a space, or after a directory's slash.
        terminal.type("-l", typed);
        terminal.type("Tab", "x");
        await terminal.shows(`> ${completed}${completed.endsWith("/") ? "" : " "}x`);
        terminal.type("C-u");
        await terminal.shows(">");
      }
    } finally {
      await terminal.end();
    }
  }, 120_000);
});
