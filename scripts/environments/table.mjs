// The environments that the package is tested in: what each is made of, how the program is loaded, and the cryptography
// that it must find there. Each kind of environment is one project, and gives one or more rows of the table in
// docs/runtimes.md.

import { runtimes } from "../runtimes.mjs";
import { browsers } from "./browsers.mjs";
import { esbuild, rollup, vite, webpack } from "./bundlers.mjs";
import { jest } from "./jest.mjs";
import { next } from "./next.mjs";
import { metro } from "./react-native.mjs";
import { jsdom, realm, ses } from "./realms.mjs";
import { typescript } from "./typescript.mjs";
import { packageOf, versions } from "./versions.mjs";
import { workerd } from "./workerd.mjs";

/** @import { Project } from "./project.mjs" */

/**
 * @typedef {object} Row
 * @property {string} name of the environment
 * @property {string[]} [packages] those whose versions the table shows; by default the kind's first
 * @property {string} [version] of what is not a package here
 * @property {() => string} [installed] the version of what the machine has; throws Missing where it has none
 * @property {string} how the program is loaded there, and with what settings
 * @property {string} outcome what the program leaves: the cryptography chosen, and noble, which it asks for then; for
 *   a compiler, that it compiled
 * @property {(project: Project) => string | Promise<string>} run returns the outcome
 * @property {boolean} [required] whether CI fails where the machine has none
 */

/**
 * @typedef {object} Kind
 * @property {string} name of its folder in scripts/consumer/, if it has one
 * @property {string[]} packages
 * @property {(project: Project) => void} [build] once, before its rows
 * @property {Row[]} rows
 */

/** @type {Kind[]} */
export const kinds = [
  jest,
  jsdom,
  realm,
  ses,
  vite,
  webpack,
  esbuild,
  rollup,
  next,
  metro,
  workerd,
  browsers,
  typescript,
];

const [start, end] = ["<!-- environments: npm run test:environments -- --write -->", "<!-- /environments -->"];

/**
 * The version of an environment that the repository pins; null for what each machine has in its own version.
 *
 * @param {Kind} kind
 * @param {Row} row
 */
export function pinnedVersion({ packages }, row) {
  if (row.installed !== undefined) return null;
  return (
    row.version ??
    (row.packages ?? packages.slice(0, 1)).map((name) => `${packageOf(name)} ${versions[name]}`).join(", ")
  );
}

/** What the table says of an outcome: the choice alone, or the code of a refusal. @param {Row} row */
const cryptographyOf = ({ outcome }) =>
  outcome === "compiled" ? "–" : outcome.replace(/ and noble$/, "").replace(/^PrioError (.+)$/, "PrioError `$1`");

/**
 * The rows of the table: the runtimes of `npm run test:runtimes`, then the environments.
 *
 * @param {(row: Row) => string} installed the version of what the machine has
 */
export function tableRows(installed) {
  return [
    ...runtimes.map(({ name, specifier }) => [
      name,
      specifier.replace(/.*@/, ""),
      "`import` and `require()`",
      "native",
    ]),
    ...kinds.flatMap((kind) =>
      kind.rows.map((row) => [row.name, pinnedVersion(kind, row) ?? installed(row), row.how, cryptographyOf(row)]),
    ),
  ];
}

/**
 * The text of docs/runtimes.md with the table in it.
 *
 * @param {string} text
 * @param {(row: Row) => string} installed
 */
export function withTable(text, installed) {
  const head = [
    ["environment", "version", "how", "cryptography"],
    ["---", "---", "---", "---"],
  ];
  const table = [...head, ...tableRows(installed)].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const [before, rest] = text.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`environments: no ${start} … ${end}`);
  return `${before}${start}\n${table}\n${end}${after}`;
}
