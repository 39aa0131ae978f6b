// Tests the packed package where programs meet it besides Node, Deno and Bun: test runners, bundlers, frameworks,
// Workers, realms and browsers. In each it runs the consumer of scripts/consumer/ on a batch recorded from libprio.
// Prints a line for each environment; `--write` also writes the table into docs/runtimes.md; other arguments are names
// of environments, the only ones to try.
//
// It exits with 1 when an environment fails. One that cannot be had here gets a line that says so. With
// PRIO_REQUIRE_BROWSER=1, as in CI, that is a failure too when it is Chromium or Firefox.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { argv, env, exit } from "node:process";
import { installHost, Missing, Project } from "./environments/project.mjs";
import { kinds, pinnedVersion, withTable } from "./environments/table.mjs";
import { pack, root, wordsOf } from "./package-under-test.mjs";

/** @import { Kind, Row } from "./environments/table.mjs" */

const names = argv.slice(2).filter((argument) => argument !== "--write");
const wanted = (/** @type {{ name: string }} */ { name }) => names.length === 0 || names.includes(name);
const unknown = names.filter((name) => !kinds.some(({ rows }) => rows.some((row) => row.name === name)));
if (unknown.length > 0) {
  console.error(`test-environments: no environment ${unknown.join(", ")}`);
  exit(1);
}

const work = mkdtempSync(join(tmpdir(), "prio-environments-"));
/** @type {Map<Row, string>} */
const versions = new Map();
let failures = 0;
let missing = 0;
const width = Math.max(...kinds.flatMap(({ rows }) => rows.map(({ name }) => name.length))) + 2;

/** @param {Row} row @param {string} text */
const say = (row, text) => console.log(`${row.name.padEnd(width)}${text}`);

/** Says that a row did not run, or failed. @param {Row} row @param {unknown} error */
function complain(row, error) {
  if (error instanceof Missing) {
    missing++;
    const cause = error.cause === undefined ? "" : `: ${wordsOf(error.cause)}`;
    const must = row.required === true && env["PRIO_REQUIRE_BROWSER"] === "1";
    if (must) failures++;
    say(row, `${must ? "FAILED" : "*** DID NOT RUN ***"} ${error.message}${cause}`);
  } else {
    failures++;
    say(row, `FAILED ${wordsOf(error)}`);
  }
}

/** @param {Kind} kind @param {Project} project */
async function tryKind(kind, project) {
  const rows = kind.rows.filter(wanted);
  try {
    project.prepare(kind.name, kind.packages);
    kind.build?.(project);
  } catch (error) {
    for (const row of rows) complain(row, error);
    return;
  }
  for (const row of rows) {
    try {
      const version = pinnedVersion(kind, row) ?? row.installed?.() ?? "";
      const outcome = await row.run(project);
      if (outcome !== row.outcome) throw new Error(`error: expected "${row.outcome}", got "${outcome}"`);
      versions.set(row, version);
      say(row, `ok: ${outcome} (${version})`);
    } catch (error) {
      complain(row, error);
    }
  }
}

try {
  const tarball = pack(work);
  const node = installHost(join(work, "node"));
  for (const kind of kinds.filter(({ rows }) => rows.some(wanted))) {
    const folder = join(work, "project");
    mkdirSync(folder);
    await tryKind(kind, new Project(folder, node, tarball));
    // One kind takes up to 400 MB, so they are not all kept at once.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  console.error(`no environment could be tried: ${error.message}: ${wordsOf(error.cause)}`);
} finally {
  rmSync(work, { recursive: true, force: true, maxRetries: 5 });
}

console.log(`\n${versions.size} environments ok, ${missing} could not be had, ${failures} FAILED`);
if (versions.size === 0) failures++;
if (argv.includes("--write")) {
  const path = join(root, "docs/runtimes.md");
  if (failures + missing > 0 || names.length > 0) {
    console.error("docs/runtimes.md stays as it is: it takes a run of all environments");
    failures++;
  } else
    writeFileSync(
      path,
      withTable(readFileSync(path, "utf8"), (row) => versions.get(row) ?? ""),
    );
}
if (failures > 0) process.exitCode = 1;
