// docs/cli.md says what the command does: the help of every command word for word, every reason, and the exchange that
// it shows works when it is run. UPDATE_DOCS=1 writes the generated parts anew.

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { REASONS } from "../../../src/batch/rows.js";
import { COMMANDS } from "../command-names.js";
import { scratch } from "../support.js";
import { bash, bin, prio, root } from "./command.js";

const path = `${root}/docs/cli.md`;
const folder = scratch();
afterAll(() => folder.remove());

async function help(): Promise<string> {
  const { stdout } = await prio(["--help"]);
  const names = [...stdout.toString().matchAll(/^ {2}([a-z][-a-z0-9]+) {2,}/gm)].map(([, name]) => name as string);
  expect(names).toHaveLength(COMMANDS.length + 1);
  const texts = [["prio", stdout.toString()]];
  for (const name of names.filter((x) => x !== "help")) {
    texts.push([`prio ${name}`, (await prio([name, "--help"])).stdout.toString()]);
  }
  return texts.map(([name, text]) => `### ${name}\n\n\`\`\`text\n${text?.trimEnd()}\n\`\`\`\n`).join("\n");
}

const reasons = Object.entries(REASONS)
  .map(([reason, meaning]) => `| \`${reason}\` | ${meaning} |\n`)
  .join("");

it("holds every command's help and every reason, as the command has them", async () => {
  const generated = { reasons, help: await help() };
  const text = readFileSync(path, "utf8");
  const wanted = text
    .replace(/(\| reason \|.*\n\|.*\n)[\s\S]*?(?=\nWhen nearly)/, (_, head: string) => head + generated.reasons)
    .replace(/(## Every command's help\n\n)[\s\S]*$/, (_, head: string) => head + generated.help);
  if (process.env["UPDATE_DOCS"]) writeFileSync(path, wanted);
  else expect(text).toBe(wanted);
}, 30_000);

it("README, guide, docs/cli.md and shared-seed --help say alike how long a secret lives", async () => {
  const sentence = "A shared secret lasts as long as the --replays directory bound to it";
  const plain = (text: string) => text.replaceAll("`", "").replace(/\s+/g, " ");
  for (const name of ["README.md", "docs/guide.md", "docs/cli.md"]) {
    expect(plain(readFileSync(`${root}/${name}`, "utf8")).split(sentence), name).toHaveLength(
      name === "docs/cli.md" ? 3 : 2,
    );
  }
  expect(plain((await prio(["shared-seed", "--help"])).stdout.toString())).toContain(sentence);
});

it("shows an exchange that publishes the sums", async () => {
  const script = /## The whole exchange[\s\S]*?```sh\n([\s\S]*?)```/.exec(readFileSync(path, "utf8"))?.[1] as string;
  writeFileSync(folder.path("prio"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  const said = await bash(`set -eu\nPATH=${folder.path()}:$PATH\n${script}`, { cwd: folder.path() });
  const begun = ["a", "b"].map((server) => `prio: ${server}/replays: a new replay record begins\n`).join("");
  expect([said.code, said.stderr]).toEqual([0, begun]);
  expect(said.stdout.toString()).toBe(`${"0 errors out of 3 total\n".repeat(7)}3 reports
0  2   66.7 %  ██████████████████████████▋
1  0    0.0 %
2  3  100.0 %  ████████████████████████████████████████
`);
  const { payload } = JSON.parse(readFileSync(folder.path("processed/data.ndjson"), "utf8")) as { payload: number[] };
  expect(payload).toEqual([2, 0, 3]);
}, 60_000);
