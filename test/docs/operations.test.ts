// docs/operations.md: its commands run, both sides, and its tables are those of the code.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { CONFIG_SHAPE } from "../../src/process/config.js";
import { EVENTS } from "../../src/process/events.js";
import { fieldsOf } from "../../src/process/shape.js";
import { STATES } from "../../src/process/standings.js";
import { bash, bin } from "../cli/built/command.js";
import { read, root } from "../package/built.js";

const page = read("docs/operations.md");
const folder = mkdtempSync(join(tmpdir(), "prio-operations-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The table of all values. */
function configTable(): string {
  const rows = [...fieldsOf(CONFIG_SHAPE)].map(([pointer, { variable, fallback, isRequired, description }]) => {
    const value = isRequired ? "required" : fallback === undefined ? "" : `\`${JSON.stringify(fallback)}\``;
    return `| \`${pointer}\` | \`${variable}\` | ${value} | ${description} |\n`;
  });
  return rows.join("");
}

// UPDATE_DOCS=1 writes it anew.
test("the table of values is the configuration's", () => {
  const wanted = page.replace(
    /(\| value \| variable \|.*\n\|.*\n)(?:\|.*\n)*/,
    (_all, head: string) => head + configTable(),
  );
  if (process.env["UPDATE_DOCS"]) writeFileSync(join(root, "docs/operations.md"), wanted);
  else expect(page).toBe(wanted);
});

test("every event and every state is explained", () => {
  const code = new Set(
    [...page.matchAll(/^\| ((?:`[a-z-]+`(?:, )?|not begun)+) \|/gm)].flatMap(
      ([, names = ""]) => names.match(/[a-z-]+/g) ?? [],
    ),
  );
  expect([...EVENTS, ...STATES].filter((name) => !code.has(name))).toEqual([]);
});

test("a day from nothing, with both sides: every command as it stands, and the totals that the page has", async () => {
  const section = /## A day from nothing\n([\s\S]*?)\n## /.exec(page)?.[1] ?? "";
  const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
  expect(blocks.length).toBeGreaterThan(5);
  writeFileSync(join(folder, "prio"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
  const { code, stdout, stderr } = await bash(`set -eu\nPATH=${folder}:$PATH\n${blocks.join("\n")}`, {
    cwd: folder,
    env: { RETRY_DELAY: "0.1", RETRY_BACKOFF_EXPONENT: "1" },
  });
  expect([code, stderr.replaceAll(/^prio: .*\n/gm, "")]).toEqual([0, ""]);
  expect(stderr).not.toContain("warning");
  // The table of the page, but for the times.
  const shown = /```text\n(2026-03-01\n[\s\S]*?)```/.exec(section)?.[1] ?? "";
  const plain = (text: string) => text.replaceAll(/20\d\d-\d\d-\d\dT\S+Z/g, "TIME");
  expect(plain(stdout.toString())).toContain(plain(shown));
  expect(stdout.toString()).toContain('"payload": [200, 0, 200], "error": 0, "total": 200}');
  expect(stdout.toString()).toContain('"payload": [8400, 3400]');
  expect(readFileSync(join(folder, "b.txt"), "utf8")).toMatch(/^visits +published +200 +0 +200$/m);
}, 60_000);
