// Builds dist/: the bundles with their source maps, and the library's declarations. Also THIRD-PARTY-NOTICES, for the
// packages that have code in a bundle; in CI a stale THIRD-PARTY-NOTICES is an error instead of being rewritten.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { bundle, library } from "./bundle.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Writes the declarations of the library's entries and of the files that these import, and no others. */
function declarations() {
  const host = {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (/** @type {ts.Diagnostic} */ problem) => fail([problem]),
  };
  const config = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.build.json"), {}, host);
  if (config === undefined) throw new Error("build: tsconfig.build.json cannot be read");
  const program = ts.createProgram(config.fileNames, config.options);
  /** @type {Map<string, string>} */
  const emitted = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) => emitted.set(resolve(path), text));
  fail([...config.errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics]);

  const reached = new Set(Object.keys(library(root)).map((path) => join(root, path.replace(/\.js$/, ".d.ts"))));
  for (const path of reached) {
    const text = emitted.get(path);
    if (text === undefined) throw new Error(`build: no declarations for ${relative(root, path)}`);
    write(path, text);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith(".")) reached.add(resolve(dirname(path), fileName.replace(/\.js$/, ".d.ts")));
    }
  }
}

/**
 * Ends the build when the compiler has anything to say.
 *
 * @param {readonly ts.Diagnostic[]} problems
 */
function fail(problems) {
  if (problems.length === 0) return;
  const unique = ts.sortAndDeduplicateDiagnostics(problems);
  const host = { getCanonicalFileName: String, getCurrentDirectory: () => root, getNewLine: () => "\n" };
  throw new Error(`build: no declarations\n${ts.formatDiagnostics(unique, host)}`);
}

/**
 * The folder of the package that a bundled file belongs to, or null for a file of our own.
 *
 * @param {string} path
 */
function packageFolder(path) {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
  return match?.[1] ?? null;
}

/**
 * Name, version, licence id and the licence files' full text of one bundled package.
 *
 * @param {string} folder
 */
function notice(folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const title = `${manifest.name} ${manifest.version}`;
  const files = readdirSync(join(root, folder)).filter((name) => /^(licen[cs]e|copying|notice)\b/i.test(name));
  if (!files.some((name) => !/^notice/i.test(name)))
    throw new Error(`build: bundled package ${title} has no licence file`);
  if (typeof manifest.license !== "string") throw new Error(`build: bundled package ${title} names no licence`);
  const texts = files.sort().map((name) =>
    readFileSync(join(root, folder, name), "utf8")
      .replaceAll("\r\n", "\n")
      .trim(),
  );
  return { title, text: [`${title} (${manifest.license})`, ...texts].join("\n\n") };
}

/** @param {string[]} inputs the paths of all bundled files */
function thirdPartyNotices(inputs) {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== null));
  const notices = [...folders].map(notice).sort((a, b) => (a.title < b.title ? -1 : 1));
  const rule = "=".repeat(80);
  const intro = "The files in dist/ contain code of the packages below, under these licences.";
  return `${[intro, ...notices.map(({ text }) => text)].join(`\n\n${rule}\n\n`)}\n`;
}

/** @param {string} text */
function writeNotices(text) {
  const file = join(root, "THIRD-PARTY-NOTICES");
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  if (process.env["CI"]) {
    throw new Error("build: THIRD-PARTY-NOTICES is out of date; run `npm run build` and commit it");
  }
  writeFileSync(file, text);
}

/**
 * Writes a file and the folders above it. A file for the shell gets the right to run.
 *
 * @param {string} path
 * @param {string} text
 */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
}

rmSync(join(root, "dist"), { recursive: true, force: true });
const { files, inputs } = await bundle(root);
for (const [path, text] of files) write(join(root, path), text);
declarations();
writeNotices(thirdPartyNotices(inputs));
for (const path of files.keys()) if (path.endsWith(".js")) process.stdout.write(`built ${path}\n`);
