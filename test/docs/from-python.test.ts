// docs/from-python.md lists every function of the Python module, and every counterpart that it names is in our public
// surface. (samples.test.ts runs its program.)

import { describe, expect, test } from "vitest";
import { prio, read } from "../package/built.js";

const page = read("docs/from-python.md");

/** The public names of prio.libprio, releases 1.0 and later. */
const python = [
  ["Prio_init", "Prio_clear", "PrioContext", "BBIT_PREC_MAX", "CURVE25519_KEY_LEN", "CURVE25519_KEY_LEN_HEX"],
  ["PRIO_SERVER_A", "PRIO_SERVER_B", "Keypair_new", "PrioPRGSeed_randomize"],
  ["PublicKey", "PrivateKey"].flatMap((type) =>
    ["import", "import_hex", "export", "export_hex"].map((name) => `${type}_${name}`),
  ),
  ["new", "new_uint", "newTest", "numDataFields", "numUIntEntries", "maxDataFields", "maxUIntEntries"].map(
    (name) => `PrioConfig_${name}`,
  ),
  ["PrioClient_encode", "PrioClient_encode_uint"],
  ["new", "aggregate", "merge", "write", "read"].map((name) => `PrioServer_${name}`),
  ["new", "set_data", "isValid"].map((name) => `PrioVerifier_${name}`),
  ["PrioPacketVerify1", "PrioPacketVerify2"].flatMap((type) =>
    ["new", "set_data", "write", "read"].map((name) => `${type}_${name}`),
  ),
  ["new", "set_data", "set_data_uint", "write", "read", "final", "final_uint"].map((name) => `PrioTotalShare_${name}`),
].flat();

/** The table cells, left and right, of the part of the page under a heading. */
function rows(heading: string): { left: string; right: string }[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| (.*?) \| (.*) \|$/gm)].map(([, left = "", right = ""]) => ({ left, right }));
}
const code = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, inside = ""]) => inside);

test("every name of the Python module has a row", () => {
  const named = rows("Function by function").flatMap(({ left }) => code(left).map((text) => text.replace(/\(.*/, "")));
  expect(python.filter((name) => !named.includes(name))).toEqual([]);
  expect(named.filter((name) => name !== "prio.libprio" && !python.includes(name))).toEqual([]);
});

describe("what stands beside it is in the public surface", () => {
  const { publicKey, privateKey } = prio.generateKeyPair();
  const secret = prio.ServerSecret.generate();
  const config = prio.Config.forIntegers({
    count: 1,
    precision: 2,
    batchId: "b",
    serverA: publicKey,
    serverB: prio.generateKeyPair().publicKey,
  });
  const server = new prio.Server(config, { id: "A", privateKey, secret });
  const client = new prio.Client(config);
  const verifier = server.open(client.encodeIntegers([1]).a);
  const objects: Record<string, unknown> = { ...prio, publicKey, privateKey, secret, config, server, client, verifier };
  const cells = [...rows("Function by function"), ...rows("The object wrapper")].flatMap(({ right }) => code(right));
  const members = cells.flatMap((text) => [...text.matchAll(/\b([A-Za-z]+)\.([A-Za-z0-9]+)/g)]);
  const calls = cells.flatMap((text) => [...text.matchAll(/^(?:new )?([A-Za-z]+)\(/g)]);

  test("members", () => {
    expect(members.length).toBeGreaterThan(40);
    for (const [text, object = "", member = ""] of members) {
      if (object === "Math") continue;
      expect(objects[object], text).toHaveProperty(member);
    }
  });

  test("functions and classes", () => {
    expect(calls.length).toBeGreaterThan(8);
    for (const [text, name = ""] of calls) expect(typeof objects[name], text).toBe("function");
  });
});
