// docs/aggregator.md against the code: its tables, its commands and their options. With PRIO_WRITE_DOCS=1 the tables
// are written.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { buildProgram } from "../src/cli/program.js";
import { metricsTable, settingsTable } from "./support/documents.js";

const path = fileURLToPath(new URL("../../docs/aggregator.md", import.meta.url));
const read = (): string => readFileSync(path, "utf8");

test.each([
  ["settings", settingsTable],
  ["metrics", metricsTable],
])("the table of %s is the code's", (name, table) => {
  const between = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)([\\s\\S]*?)(\\n<!-- /${name} -->)`);
  if (process.env["PRIO_WRITE_DOCS"] === "1") {
    writeFileSync(
      path,
      read().replace(between, (_all, start: string, _old: string, end: string) => start + table() + end),
    );
  }
  expect(between.exec(read())?.[2]).toBe(table());
});

test("npx has the command in a checkout: its file is there when npm ci links it, before anything is built", () => {
  const root = fileURLToPath(new URL("../", import.meta.url));
  const { bin } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { bin: Record<string, string> };
  const file = bin["prio-aggregator"] ?? "";
  expect(file).not.toMatch(/^dist/);
  expect(readFileSync(root + file, "utf8")).toMatch(
    /^#!\/usr\/bin\/env node\n(.*\n)+import "\.\.\/dist\/main\.js";\n$/,
  );
});

describe("commands", () => {
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {}, clock: () => 0 };
  const program = buildProgram(io);

  /** The command that words name, as far as they do, and the words that are left. */
  function commandOf(words: readonly string[], command: Command = program): [Command, readonly string[]] {
    const next = command.commands.find((child) => child.name() === words[0]);
    return next === undefined ? [command, words] : commandOf(words.slice(1), next);
  }

  const blocks = [...read().matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) =>
    block.replaceAll(/\\\n\s*/g, ""),
  );
  const lines = blocks.flatMap((block) => block.split("\n")).filter((line) => /^(npx )?prio-aggregator /.test(line));

  test.each(lines)("%s", (line) => {
    const words = line
      .replace(/^(npx )?prio-aggregator /, "")
      .replace(/ (#|>).*$/, "")
      .split(/\s+/);
    const [command, rest] = commandOf(words);
    expect(command).not.toBe(program);
    const options = rest.filter((word) => word.startsWith("--"));
    const known = command.options.map(({ long }) => long);
    expect(options.filter((option) => !known.includes(option))).toEqual([]);
  });

  test("the table of a task's options names every one of them", () => {
    const [create] = commandOf(["task", "create"]);
    const own = ["--database", "--json", "--allow-http", "--peer-certificate", "--collector-certificate"];
    const text = read();
    const missing = create.options.map(({ long = "" }) => long ?? "").filter((long) => !text.includes(`\`${long}`));
    expect(missing.filter((long) => !own.includes(long))).toEqual([]);
  });

  test("every command stands in the document", () => {
    const text = read();
    const names = (command: Command, before: string): string[] =>
      command.commands.flatMap((child) =>
        child.commands.length > 0 ? names(child, `${before}${child.name()} `) : [`${before}${child.name()}`],
      );
    const missing = names(program, "").filter((name) => name !== "help" && !text.includes(name));
    expect(missing.filter((name) => !name.endsWith(" help"))).toEqual([]);
  });
});
