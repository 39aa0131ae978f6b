// docs/runtimes.md against the scripts that run what it tells of, and against the built code. Nothing of it runs here.

import vm from "node:vm";
import esbuild from "esbuild";
import { describe, expect, test } from "vitest";
import { kinds, pinnedVersion, tableRows } from "../../scripts/environments/table.mjs";
import { versions } from "../../scripts/environments/versions.mjs";
import { manifest, read, root } from "../package/built.js";

const page = read("docs/runtimes.md");

/** The cells of the rows of a page's table whose header begins with `header`. */
function rowsUnder(header: string, text = page): string[][] {
  const [, table = ""] = text.split(`| ${header} |`);
  const [body = ""] = table.slice(table.indexOf("\n") + 1).split("\n\n");
  const rows = body.split("\n").filter((line) => /^\| [^-]/.test(line));
  return rows.map((line) => line.slice(2, -2).split(" | "));
}

describe("the table of what was run", () => {
  const rows = rowsUnder("environment");
  const versionIn = (name: string): string => rows.find(([cell]) => cell === name)?.[1] ?? "";

  test("has a row for each environment of the scripts, with what they pin", () => {
    expect(rows, "run `npm run test:environments -- --write`").toEqual(tableRows(({ name }) => versionIn(name)));
  });

  test("has a version for each browser of the machine", () => {
    const installed = kinds.flatMap((kind) => kind.rows.filter((row) => pinnedVersion(kind, row) === null));
    expect(installed.map(({ name }) => name)).toEqual(["Chromium", "Firefox ESR", "WebKitGTK"]);
    for (const { name } of installed) expect(versionIn(name), name).toMatch(/^\d+\.[\d.]+$/);
  });

  test("names each environment once", () => {
    const names = kinds.flatMap((kind) => kind.rows.map(({ name }) => name));
    expect(names.length).toBeGreaterThan(20);
    expect(new Set(names).size).toBe(names.length);
  });
});

test("every package of an environment has an exact version, and esbuild the repository's", () => {
  for (const { packages } of kinds) for (const name of packages) expect(versions, name).toHaveProperty([name]);
  const used = new Set(kinds.flatMap(({ packages }) => packages));
  expect(Object.keys(versions).filter((name) => !used.has(name))).toEqual([]);
  for (const version of Object.values(versions)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  expect(versions["esbuild"]).toBe(manifest.devDependencies["esbuild"]);
});

test("Jest's settings are those of the consumer that Jest runs", () => {
  const config = read("scripts/consumer/jest/transform.config.cjs");
  const [, shown = ""] = /```cjs\nmodule\.exports = \{\n([^`]*)\};\n```/.exec(page) ?? [];
  expect(shown.trim().split("\n")).toHaveLength(2);
  expect(config).toContain(shown);
});

/** The library as one script that defines `prio`, with its syntax as it is or in an older one. */
async function script(target: string | string[]): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [`${root}/dist/index.js`],
    bundle: true,
    format: "iife",
    globalName: "prio",
    target,
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

describe("the oldest versions", () => {
  const oldest = new Map(
    rowsUnder("platform").map(([name = "", version = ""]) => [name, /[\d.]+/.exec(version)?.[0] ?? ""]),
  );
  const targets = ["chrome", "edge", "firefox", "safari", "ios"];
  const number = (target: string): string | undefined =>
    oldest.get({ chrome: "Chrome, Edge", edge: "Chrome, Edge", firefox: "Firefox" }[target] ?? "Safari, on iOS too");

  test("know the syntax of the built code", async () => {
    const stated = targets.map((target) => `${target}${number(target)}`);
    expect(stated).toEqual(["chrome93", "edge93", "firefox92", "safari15.4", "ios15.4"]);
    expect(await script(stated)).toBe(await script("esnext"));
  });

  test("for the syntax alone are the oldest that do", async () => {
    const [, chrome, firefox, safari] =
      /Chrome and Edge from (\d+) .* Firefox from (\d+) .* Safari from (\d+) /.exec(page.replaceAll(/\s+/g, " ")) ?? [];
    const asIs = await script("esnext");
    expect(await script([`chrome${chrome}`, `edge${chrome}`, `firefox${firefox}`, `safari${safari}`])).toBe(asIs);
    for (const target of [`chrome${Number(chrome) - 1}`, `firefox${Number(firefox) - 1}`, "safari14.1"]) {
      expect(await script(target), target).not.toBe(asIs);
    }
  });

  test("are those of Object.hasOwn: the code needs that, and nothing newer", async () => {
    const text = await script("esnext");
    // The additions to the language's objects from Chrome 92 to this Node, without Object.hasOwn.
    const newer = `
      for (const prototype of [Array.prototype, Object.getPrototypeOf(Uint8Array.prototype), String.prototype])
        for (const name of ["at", "findLast", "findLastIndex", "toReversed", "toSorted", "toSpliced", "with",
          "isWellFormed", "toWellFormed"]) delete prototype[name];
      for (const name of ["transfer", "transferToFixedLength", "resize", "resizable", "maxByteLength", "detached"])
        delete ArrayBuffer.prototype[name];
      for (const name of ["union", "intersection", "difference", "isSubsetOf"]) delete Set.prototype[name];
      for (const name of ["fromHex", "fromBase64"]) delete Uint8Array[name];
      for (const name of ["toHex", "toBase64", "setFromHex"]) delete Uint8Array.prototype[name];
      for (const [object, name] of [[Array, "fromAsync"], [Object, "groupBy"], [Map, "groupBy"],
        [Promise, "withResolvers"], [Promise, "try"], [globalThis, "Iterator"]]) delete object[name];
    `;
    const use = `
      prio.setCrypto("noble");
      const keys = [prio.generateKeyPair(), prio.generateKeyPair()];
      const [serverA, serverB] = keys.map((pair) => pair.publicKey);
      const config = new prio.Config({ fields: 2, batchId: "old", serverA, serverB });
      const secret = prio.ServerSecret.generate();
      const [a, b] = keys.map(({ privateKey }, i) =>
        new prio.Server(config, { id: "AB"[i], privateKey, secret, queryPoints: "report" }));
      const packets = new prio.Client(config).encode([true, false]);
      const [x, y] = [a.open(packets.a, "r"), b.open(packets.b, "r")];
      const first = [x.verify1(), y.verify1()];
      const second = [x.verify2(...first), y.verify2(...first)];
      a.aggregate(x.check(...second));
      b.aggregate(y.check(...second));
      String(prio.publish(config, a.totalShare(), b.totalShare()));
    `;
    const crypto = { getRandomValues: (array: never) => globalThis.crypto.getRandomValues(array) };
    const run = (before: string): unknown =>
      vm.runInContext(`${before}\n${text}\n{ ${use} }`, vm.createContext({ crypto }));
    expect(run(newer)).toBe("1,0");
    expect(() => run(`${newer}; delete Object.hasOwn;`)).toThrow("hasOwn");
  });
});
