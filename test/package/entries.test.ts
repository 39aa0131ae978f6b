// The entries of the package are one library: what one of them makes, the others accept, however they are loaded. The
// same sources give the same bytes anywhere.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { bundle, library, programs } from "../../scripts/bundle.mjs";
import { distFiles, manifest, read, root } from "./built.js";

const scratch = mkdtempSync(join(tmpdir(), "prio-entries-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const node = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });

/** The names by which the library is imported: `prio`, `prio/prio1`. */
const entries = Object.entries(manifest.exports).flatMap(([name, target]) =>
  typeof target === "string" ? [] : [name.replace(/^\./, manifest.name)],
);

const modules = distFiles().filter((path) => path.endsWith(".js"));

/** A program that loads each entry into `loaded`, with import() and with require() in either order, and runs `code`. */
const program = (importFirst: boolean, code: string) => `
const { createRequire } = await import("node:module");
const require = createRequire(process.cwd() + "/x.js");
const ways = [(name) => import(name), (name) => require(name)];
const loaded = [];
for (const load of ${importFirst ? "ways" : "ways.reverse()"}) {
  for (const name of ${JSON.stringify(entries)}) loaded.push({ ...(await load(name)) });
}
${code}`;

// A bundler that uses the package would warn of it, since the package has no side effects.
test("no module imports another for nothing but its effects", () => {
  expect(modules.filter((path) => /^import "/m.test(read(`dist/${path}`)))).toEqual([]);
});

describe.each([true, false])("with import() %s before require()", (importFirst) => {
  const run = (code: string) => node("--input-type=module", "--eval", program(importFirst, code)).trim();

  test("what two entries call by one name is one thing", () => {
    expect(entries).toEqual(expect.arrayContaining(["prio", "prio/prio1"]));
    const code = `
      let compared = 0;
      for (const one of loaded) for (const other of loaded) for (const name of Object.keys(one)) {
        if (!(name in other) || name === "__esModule") continue;
        if (one[name] !== other[name]) throw new Error(name + " differs");
        compared++;
      }
      console.log(compared);`;
    // `prio` and `prio/prio1` have the same names. Each is loaded twice, and each load is compared with each.
    expect(Number(run(code))).toBeGreaterThanOrEqual((2 * 2) ** 2 * 10);
  });

  test("errors, keys, configurations and the choice of cryptography go from any entry to any other", () => {
    const code = `
      const of = (name) => loaded.filter((library) => name in library);
      for (const one of of("Config")) for (const other of of("Config")) {
        const [serverA, serverB] = [one.generateKeyPair().publicKey, other.generateKeyPair().publicKey];
        const config = new other.Config({ fields: 1, batchId: "b", serverA, serverB });
        new one.Client(config).encode([1]);
        try { one.PublicKey.fromHex("no"); console.log("accepted"); }
        catch (error) { if (!(error instanceof other.PrioError)) throw error; }
        for (const choice of ["noble", "native"]) {
          one.setCrypto(choice);
          if (other.cryptoInUse() === "noble" !== (choice === "noble")) throw new Error(choice + " stayed inside");
        }
      }
      console.log("one library");`;
    expect(run(code)).toBe("one library");
  });
});

test("every class and function of every entry goes by its name", async () => {
  for (const entry of entries) {
    const names = Object.entries<{ name: string }>(await import(/* @vite-ignore */ entry));
    expect(names.length).toBeGreaterThan(0);
    // Constants, such as the tables of DAP's code points, have no names.
    const named = names.filter(([, value]) => typeof value === "function");
    expect(named.length).toBeGreaterThan(0);
    for (const [name, value] of named) expect(value.name).toBe(name);
  }
  for (const path of modules) expect(read(`dist/${path}`)).not.toMatch(/^var (\w+) = class (?! ?\1 |\{|extends )/m);
});

test("entries with sources of their own share PrioError, keys and the choice of cryptography", async () => {
  const apart = { "dist/index.js": "src/index.ts", "dist/a/keys.js": "src/crypto/keys.ts" };
  const { files } = await bundle(root, { ...apart, "dist/a/provider.js": "src/crypto/provider.ts" });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true });
    writeFileSync(join(scratch, path), text);
  }
  writeFileSync(join(scratch, "package.json"), '{ "type": "module" }');
  const load = (path: string) => import(/* @vite-ignore */ pathToFileURL(join(scratch, path)).href);
  const prio: typeof import("../../src/index.js") = await load("dist/index.js");
  const keys: typeof import("../../src/crypto/keys.js") = await load("dist/a/keys.js");
  const provider: typeof import("../../src/crypto/provider.js") = await load("dist/a/provider.js");
  expect(() => keys.PublicKey.fromHex("no")).toThrow(prio.PrioError);
  const [serverA, serverB] = [keys.generateKeyPair().publicKey, prio.generateKeyPair().publicKey];
  expect(() => new prio.Config({ fields: 1, batchId: "b", serverA, serverB })).not.toThrow();
  for (const choice of ["noble", "native"] as const) {
    prio.setCrypto(choice);
    expect(provider.cryptoInUse()).toBe(prio.cryptoInUse());
    expect(provider.cryptoInUse() === "noble").toBe(choice === "noble");
  }
});

test("every file of src and of a bundled package is in dist once", () => {
  const inputs = modules.flatMap((path) => {
    const comments = read(`dist/${path}`).matchAll(/^\/\/ ((?:src|node_modules)\/.*)$/gm);
    return [...new Set(Array.from(comments, ([, input]) => input))];
  });
  expect(inputs).toEqual(expect.arrayContaining(["src/errors.ts", "src/prio1/server.ts", "src/cli/main.ts"]));
  expect(inputs).toHaveLength(new Set(inputs).size);
});

test("every entry of the library has its declarations, and typedoc documents it", () => {
  const sources = Object.values(library(root));
  expect(JSON.parse(read("typedoc.json")).entryPoints).toEqual([...new Set(sources)]);
  // The reference calls a module by the name that one imports.
  for (const source of sources) {
    const name = source.replace(/^src/, manifest.name).replace(/\/index\.ts$/, "");
    expect(read(source)).toContain(`\n * @module ${name}\n`);
  }
  for (const target of Object.values(manifest.exports)) {
    if (typeof target !== "string") expect(target["types"]).toBe(target["default"]?.replace(/\.js$/, ".d.ts"));
  }
});

test("a copy of the repository elsewhere builds the same dist, byte for byte", async () => {
  const copy = join(scratch, "somewhere", "else");
  const packages = ["@noble", "@msgpack", "commander", "get-east-asian-width", "aws4fetch"].map(
    (name) => `node_modules/${name}`,
  );
  for (const path of ["package.json", "tsconfig.json", "src", ...packages]) {
    cpSync(join(root, path), join(copy, path), { recursive: true });
  }
  const { files } = await bundle(copy);
  expect([...files.keys()]).toEqual(expect.arrayContaining(["dist/index.js", ...Object.keys(programs)]));
  const built = distFiles().filter((path) => !path.endsWith(".d.ts"));
  expect([...files.keys()].sort()).toEqual(built.map((path) => `dist/${path}`));
  for (const [path, text] of files) expect(text === read(path), `${path}: run \`npm run build\``).toBe(true);
});
