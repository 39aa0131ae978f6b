// Builds dist/: one self-contained ES module for each entry below, the library's declarations, and THIRD-PARTY-NOTICES
// for the packages that really are in a bundle. Every entry is bundled by itself, without shared chunks, so that adding
// one never changes another by a byte. In CI a stale THIRD-PARTY-NOTICES is an error instead of being rewritten.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** @type {{ source: string, output: string, platform: "neutral" | "node" }[]} */
const entries = [
  { source: "src/index.ts", output: "dist/index.js", platform: "neutral" },
  { source: "src/cli/main.ts", output: "dist/cli.js", platform: "node" },
  { source: "src/batch/worker.ts", output: "dist/cli-worker.js", platform: "node" },
];

// CommonJS packages in an ES module for Node still call require() for Node's own modules.
const nodeBanner = 'import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);';

/**
 * Bundles one entry and returns the paths of the inputs that have code in it.
 *
 * @param {typeof entries[number]} entry
 */
async function bundle({ source, output, platform }) {
  const result = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile: output,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform,
    mainFields: ["module", "main"],
    charset: "utf8",
    legalComments: "inline",
    metafile: true,
    logLevel: "warning",
    ...(platform === "node" ? { banner: { js: nodeBanner } } : {}),
  });
  giveClassesTheirNames(join(root, output));
  const inputs = result.metafile.outputs[output]?.inputs ?? {};
  return Object.keys(inputs).filter((path) => (inputs[path]?.bytesInOutput ?? 0) > 0);
}

/**
 * esbuild writes `var Config = class _Config` for a class that speaks of itself, and so it would be called when it is inspected.
 * (Its option keepNames costs 7 KB.) Inside of the class the name is the class's own either way.
 *
 * @param {string} path
 */
function giveClassesTheirNames(path) {
  let text = readFileSync(path, "utf8");
  for (const [, name = ""] of text.matchAll(/^var (\w+) = class _\1 /gm)) {
    text = text.replaceAll(new RegExp(`(?<![\\w$.])_${name}(?![\\w$])`, "g"), name);
  }
  writeFileSync(path, text);
}

/** Writes the declarations of src/index.ts and of the files that it reaches by them, and no other. */
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

  const reached = new Set([join(dist, "index.d.ts")]);
  for (const path of reached) {
    const text = emitted.get(path);
    if (text === undefined) throw new Error(`build: no declarations for ${relative(root, path)}`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
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

rmSync(dist, { recursive: true, force: true });
const inputs = (await Promise.all(entries.map(bundle))).flat();
declarations();
writeNotices(thirdPartyNotices(inputs));
for (const { output } of entries) process.stdout.write(`built ${output}\n`);
