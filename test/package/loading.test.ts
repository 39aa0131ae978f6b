// The library loads where there is little of a platform: it touches nothing but the language while it loads. What needs
// more says so when it is used.

import vm from "node:vm";
import esbuild from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { root } from "./built.js";

/** The library as one script, which defines `prio`, and the entry `prio/dap`, which defines `dap`. */
let script: vm.Script;
let dap: vm.Script;

async function scriptOf(entry: string, globalName: string): Promise<vm.Script> {
  const entryPoints = [`${root}/dist/${entry}`];
  const { outputFiles } = await esbuild.build({ entryPoints, bundle: true, format: "iife", globalName, write: false });
  return new vm.Script(outputFiles[0]?.text ?? "");
}

beforeAll(async () => {
  script = await scriptOf("index.js", "prio");
  dap = await scriptOf("dap/index.js", "dap");
});

/** A realm of its own that has the language, less some globals, and what is given. */
function realm(without: readonly string[] = [], given: object = {}): vm.Context {
  const context = vm.createContext({ ...given });
  for (const name of without) vm.runInContext(`delete globalThis.${name}`, context);
  script.runInContext(context);
  return context;
}

const SUM = `
  const keys = [prio.generateKeyPair(), prio.generateKeyPair()];
  const config = new prio.Config({ fields: 2, batchId: "é", serverA: keys[0].publicKey, serverB: keys[1].publicKey });
  const secret = prio.ServerSecret.fromBase64(prio.ServerSecret.generate().toBase64());
  const [a, b] = ["A", "B"].map((id, i) =>
    new prio.Server(config, { id, privateKey: keys[i].privateKey, secret, queryPoints: "report" }));
  const packets = new prio.Client(config).encode([true, false]);
  const [x, y] = [a.open(packets.a, "ü"), b.open(packets.b, "ü")];
  const first = [x.verify1(), y.verify1()];
  const second = [x.verify2(...first), y.verify2(...first)];
  a.aggregate(x.check(...second));
  b.aggregate(y.check(...second));
  String(prio.publish(config, a.totalShare(), b.totalShare()));
`;
const randomness = {
  crypto: {
    getRandomValues: <T extends ArrayBufferView>(array: T): T => globalThis.crypto.getRandomValues(array as never),
  },
};
/** Runs a program in a realm, and returns the code of the error that it throws. */
const codeOf = (context: vm.Context, program: string): unknown =>
  vm.runInContext(`try { ${program}; "no error" } catch (error) { error.code ?? error }`, context);

test("with a source of randomness alone, it takes a report to its total", () => {
  expect(vm.runInContext(SUM, realm([], randomness))).toBe("1,0");
});

test("without one it loads, and says so when it is used", () => {
  expect(codeOf(realm(), "prio.generateKeyPair()")).toBe("no-randomness");
});

test("prio/dap loads too, and encrypts and opens a share", () => {
  const context = vm.createContext({ ...randomness });
  dap.runInContext(context);
  const program = `
    const urls = { leader: "https://leader.example", helper: "https://helper.example" };
    const batches = { timePrecision: 60, minBatchSize: 1, batchMode: "time-interval" };
    const task = dap.DapTask.create({ ...urls, ...batches, vdaf: { type: "Prio3Count" } });
    const keyPair = dap.HpkeKeyPair.generate(1);
    const about = [{ reportId: new Uint8Array(16), time: 1n, publicExtensions: [] }, new Uint8Array(0)];
    const share = { privateExtensions: [], payload: Uint8Array.of(7, 8) };
    const sealed = dap.sealInputShare(task, "leader", keyPair.config, ...about, share);
    String(dap.openInputShare(task, "leader", keyPair, ...about, sealed).payload);
  `;
  expect(vm.runInContext(program, context)).toBe("7,8");
});

test("without Float64Array, as in an SES compartment, it loads, and says so when it is used", () => {
  expect(codeOf(realm(["Float64Array"], randomness), SUM)).toBe("unsupported");
});

describe("no other global is needed to load than", () => {
  const VALUES = "Array BigInt Error Map Math Number Object Set String Symbol WeakMap WeakSet encodeURIComponent";
  const BINARY = "DataView Int32Array Uint8Array Uint16Array Uint32Array";

  test(`${VALUES} ${BINARY}`, () => {
    const fixed = ["globalThis", "undefined", "NaN", "Infinity"];
    const needed = [...fixed, ...VALUES.split(" "), ...BINARY.split(" ")];
    const names = vm.runInNewContext("Object.getOwnPropertyNames(globalThis)") as string[];
    const others = names.filter((name) => !needed.includes(name));
    expect(others).toEqual(expect.arrayContaining(["Float64Array", "Proxy", "SharedArrayBuffer", "WebAssembly"]));
    expect(() => realm(others)).not.toThrow();
  });
});
