// What the built package lets out: these names and no others, on the classes and on what they make. An inside that a
// static method handed out would be there for every program that has the library.

import { describe, expect, test } from "vitest";
import * as prio from "../../dist/index.js";

/** The names of each class: its own beside those of every class, and those of its objects. */
const classes: Readonly<Record<string, { statics: readonly string[]; members: readonly string[] }>> = {
  Admission: { statics: ["maxReportsAtOnePoint"], members: ["admit", "admitAsync"] },
  Client: { statics: [], members: ["encode", "encodeIntegers"] },
  Config: { statics: ["forIntegers", "maxFields"], members: ["batchId", "sensitivity", "toJSON"] },
  MemoryReplayRecord: { statics: [], members: ["add", "addReport"] },
  OpenedReport: { statics: [], members: ["replayKeys"] },
  PrioError: { statics: [], members: [] },
  PrivateKey: { statics: ["fromBytes", "fromHex"], members: ["publicKey", "toBytes", "toHex"] },
  PublicKey: {
    statics: ["fromBytes", "fromHex"],
    members: ["equals", "Symbol(nodejs.util.inspect.custom)", "toBytes", "toHex", "toJSON"],
  },
  Server: {
    statics: ["fromBytes", "restore"],
    members: [
      "aggregate",
      "merge",
      "open",
      "openedByKey",
      "openPacket",
      "reports",
      "snapshot",
      "toBytes",
      "totalShare",
      "verifier",
    ],
  },
  ServerSecret: { statics: ["fromBase64", "fromBytes", "generate"], members: ["toBase64", "toBytes"] },
  VerifiedReport: { statics: [], members: [] },
  Verifier: { statics: [], members: ["check", "resume", "verify1", "verify2"] },
};

const functions = [
  "cryptoInUse",
  "describeMessage",
  "generateKeyPair",
  "mergeTotalShares",
  "publish",
  "publishNoisy",
  "setCrypto",
];

/** The classes whose objects only the library makes. */
const notForCallers = [
  "OpenedReport",
  "PrivateKey",
  "PublicKey",
  "ServerSecret",
  "VerifiedReport",
  "Verifier",
] as const;

const ofEveryClass = ["length", "name", "prototype"];
const namesOf = (x: object, ...but: string[]) =>
  Reflect.ownKeys(x)
    .map(String)
    .filter((name) => !but.includes(name))
    .sort();
const inOrder = (names: readonly string[]) => [...names].sort();

test("the package exports these classes and functions", () => {
  expect(namesOf(prio, "Symbol(Symbol.toStringTag)")).toEqual(inOrder([...Object.keys(classes), ...functions]));
});

describe.each(Object.entries(classes))("%s", (name, { statics, members }) => {
  const { [name as "Config"]: type } = prio;

  test("has the documented names and no others", () => {
    expect(namesOf(type, ...ofEveryClass)).toEqual(inOrder(statics));
    expect(namesOf(type.prototype, "constructor")).toEqual(inOrder(members));
    const parent = name === "PrioError" ? Error : Function.prototype;
    expect(Object.getPrototypeOf(type)).toBe(parent);
  });
});

test("what the library makes has no other names, at any depth", () => {
  const { publicKey: serverA, privateKey } = prio.generateKeyPair();
  const config = new prio.Config({ fields: 2, batchId: "b", serverA, serverB: prio.generateKeyPair().publicKey });
  const secret = prio.ServerSecret.generate();
  const server = new prio.Server(config, { id: "A", privateKey, secret });
  const { a } = new prio.Client(config).encode([1, 0]);
  const opened = server.openPacket(a);
  const made = [secret, privateKey, serverA, server, opened, server.open(a), new prio.Admission(config, { secret })];
  for (const x of made) {
    const { statics: _, members } = classes[x.constructor.name] as { statics: string[]; members: string[] };
    expect(namesOf(x)).toEqual([]);
    expect(namesOf(Object.getPrototypeOf(x), "constructor")).toEqual(inOrder(members));
  }
  expect(namesOf(config)).toEqual(["count", "fields", "precision", "prgKey", "serverA", "serverB"]);
});

test.each(notForCallers)("%s is not made with its constructor", (name) => {
  const { [name]: type } = prio;
  const isRefused = (make: () => unknown) => {
    try {
      make();
      return false;
    } catch (error) {
      return error instanceof prio.PrioError && error.code === "invalid-argument";
    }
  };
  for (const args of [[], [Symbol("maker")], [new Uint8Array(32)], [{}, {}, {}]]) {
    expect(isRefused(() => Reflect.construct(type, args))).toBe(true);
    expect(isRefused(() => Reflect.construct(type, args, class extends Object {}))).toBe(true);
  }
});
