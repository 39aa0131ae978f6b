// Every public function, given every odd argument: it does its work, or it throws a PrioError. And it takes what is
// there: no object that lies about itself makes a key of another length or a report of other values.

import { describe, expect, it } from "vitest";
import {
  Admission,
  Client,
  Config,
  describeMessage,
  generateKeyPair,
  MemoryReplayRecord,
  PrioError,
  PrivateKey,
  PublicKey,
  publish,
  publishNoisy,
  Server,
  type ServerOptions,
  ServerSecret,
  setCrypto,
} from "../../src/index.js";
import { codeOf, configFor, integerConfigFor, keysA, keysB, secret, serverA, serverB } from "../support/deployment.js";
import { define, detached, oddBytes, oddValues, refusals } from "../support/odd-values.js";

const config = configFor({ fields: 3 });
const integers = integerConfigFor({ count: 2, precision: 3 });
const { a } = new Client(config).encode([1, 0, 1]);

/** Odd arguments of every kind: prototypes of the library's classes among them, and bytes of the right lengths. */
const oddArguments = () =>
  oddValues(
    [PublicKey, PrivateKey, ServerSecret, Config, Client, Server, Admission, MemoryReplayRecord],
    [0, 16, 32, a.length],
    [
      ...["fields", "count", "precision", "batchId", "id", "privateKey", "secret", "keys", "packet", "prgKey"],
      ...["serverA", "serverB", "queryPoints", "replays", "add", "addReport", "report", "point", "then"],
    ],
  );

const options: ServerOptions = { id: "A", privateKey: keysA.privateKey, secret };
const configOptions = { fields: 3, batchId: "b", serverA: keysA.publicKey, serverB: keysB.publicKey };
const admissionOf = () => new Admission(config, { secret });

/** Every public function, each argument and each option in turn. */
const entries: Readonly<Record<string, (x: never) => unknown>> = {
  "PublicKey.fromHex": (x) => PublicKey.fromHex(x),
  "PublicKey.fromBytes": (x) => PublicKey.fromBytes(x),
  "PublicKey.equals": (x) => keysA.publicKey.equals(x),
  "PrivateKey.fromHex": (x) => PrivateKey.fromHex(x),
  "PrivateKey.fromBytes": (x) => PrivateKey.fromBytes(x),
  "ServerSecret.fromBase64": (x) => ServerSecret.fromBase64(x),
  "ServerSecret.fromBytes": (x) => ServerSecret.fromBytes(x),
  setCrypto: (x) => setCrypto(x),
  "new Config": (x) => new Config(x),
  "Config.forIntegers": (x) => Config.forIntegers(x),
  ...Object.fromEntries(
    ["fields", "count", "precision", "batchId", "serverA", "serverB", "prgKey"].flatMap((name) => [
      [`new Config: ${name}`, (x: unknown) => new Config({ ...configOptions, [name]: x })],
      [
        `Config.forIntegers: ${name}`,
        (x: unknown) => Config.forIntegers({ ...configOptions, count: 2, precision: 3, [name]: x } as never),
      ],
    ]),
  ),
  "new Client": (x) => new Client(x),
  encode: (x) => new Client(config).encode(x),
  "encode: an element": (x) => new Client(config).encode([1, x, 0]),
  encodeIntegers: (x) => new Client(integers).encodeIntegers(x),
  "encodeIntegers: an element": (x) => new Client(integers).encodeIntegers([1, x]),
  "new Server: config": (x) => new Server(x, options),
  "new Server": (x) => new Server(config, x),
  ...Object.fromEntries(
    ["id", "privateKey", "secret", "queryPoints", "replays"].map((name) => [
      `new Server: ${name}`,
      (x: unknown) => new Server(config, { ...options, [name]: x }),
    ]),
  ),
  ...Object.fromEntries(
    ["secret", "queryPoints", "replays"].map((name) => [
      `new Admission: ${name}`,
      (x: unknown) => new Admission(config, { secret, [name]: x }),
    ]),
  ),
  // There is nothing to warn of: what a hook throws passes through.
  "new Server: onWarning": (x) => serverA(configFor({ fields: 4 }), { onWarning: x }),
  open: (x) => serverA(config).open(x),
  "open: reportId": (x) => serverA(config, { queryPoints: "report" }).open(a, x),
  openPacket: (x) => serverA(config).openPacket(x),
  "openPacket: reportId": (x) => serverA(config).openPacket(a, x),
  "verifier: opened": (x) => serverA(config).verifier(x, { keys: { packet: new Uint8Array(32) } } as never),
  "verifier: admitted": (x) => {
    const server = serverA(config);
    return server.verifier(server.openPacket(a), x);
  },
  ...Object.fromEntries(
    ["keys", "queryPoints", "point"].map((name) => [
      `verifier: ${name}`,
      (x: unknown) => {
        const server = serverA(config);
        const opened = server.openPacket(a);
        const admitted = admissionOf().admit(opened.replayKeys);
        return server.verifier(opened, { ...admitted, [name]: x } as never);
      },
    ]),
  ),
  aggregate: (x) => serverA(config).aggregate(x),
  merge: (x) => serverA(config).merge(x),
  totalShare: (x) => serverA(config).totalShare(x),
  "totalShare: noise": (x) => serverA(config).totalShare({ noise: x }),
  "Server.fromBytes: config": (x) => Server.fromBytes(x, options, serverA(config).toBytes()),
  "Server.fromBytes: options": (x) => Server.fromBytes(config, x, serverA(config).toBytes()),
  "Server.fromBytes": (x) => Server.fromBytes(config, options, x),
  "verify2: A": (x) =>
    serverB(config)
      .open(new Client(config).encode([1, 0, 1]).b)
      .verify2(x, Uint8Array.of(0xa1, 0)),
  "verify2: B": (x) =>
    serverA(config)
      .open(a)
      .verify2(Uint8Array.of(0xa1, 0, 0xa1, 0), x),
  "Server.restore: config": (x) => Server.restore(x, options, serverA(config).snapshot()),
  "Server.restore: options": (x) => Server.restore(config, x, serverA(config).snapshot()),
  "Server.restore": (x) => Server.restore(config, options, x),
  resume: (x) => serverA(config).open(a).resume(x),
  "a list of private keys": (x) => serverA(config, { privateKey: [keysA.privateKey, x] }),
  "check: A": (x) => serverA(config).open(a).check(x, Uint8Array.of(0xa1, 0)),
  "check: B": (x) => serverA(config).open(a).check(Uint8Array.of(0xa1, 0), x),
  "new Admission: config": (x) => new Admission(x, { secret }),
  "new Admission": (x) => new Admission(config, x),
  admit: (x) => admissionOf().admit(x),
  "admit: packet": (x) => admissionOf().admit({ packet: x }),
  "admit: report": (x) => admissionOf().admit({ packet: new Uint8Array(32), report: x }),
  "a record's answer": (x) => new Server(config, { ...options, replays: { add: () => x } }).open(a),
  "a record's answer about a report": (x) =>
    new Server(config, { ...options, replays: { addReport: () => x } }).open(a),
  "MemoryReplayRecord.add": (x) => new MemoryReplayRecord().add(x),
  "MemoryReplayRecord.addReport": (x) => new MemoryReplayRecord().addReport(x),
  "MemoryReplayRecord.addReport: packet": (x) => new MemoryReplayRecord().addReport({ packet: x }),
  "MemoryReplayRecord.addReport: report": (x) =>
    new MemoryReplayRecord().addReport({ packet: new Uint8Array(32), report: x }),
  "publish: config": (x) => publish(x, serverA(config).totalShare(), serverB(config).totalShare()),
  "publish: A": (x) => publish(config, x, serverB(config).totalShare()),
  "publish: B": (x) => publish(config, serverA(config).totalShare(), x),
  "publishNoisy: config": (x) => publishNoisy(x, serverA(config).totalShare(), serverB(config).totalShare()),
  "publishNoisy: A": (x) => publishNoisy(config, x, serverB(config).totalShare()),
  "publishNoisy: B": (x) => publishNoisy(config, serverA(config).totalShare(), [x]),
  "publish: a list": (x) => publish(config, [x, x], serverB(config).totalShare()),
  describeMessage: (x) => describeMessage(x),
};

describe("odd arguments", () => {
  it.each(Object.entries(entries))("%s", (_name, call) => {
    const refused = refusals(call, oddArguments());
    // Only a boolean comes out of equals, whatever goes in.
    expect(refused > 0).toBe(call !== entries["PublicKey.equals"]);
  });

  it("admitAsync", async () => {
    for (const x of oddArguments()) {
      await expect(admissionOf().admitAsync(x as never)).rejects.toBeInstanceOf(PrioError);
    }
  });
});

describe("bytes that lie about themselves", () => {
  const keyOf = (bytes: Uint8Array) => PublicKey.fromBytes(bytes).toBytes();

  it.each([
    ["a public key", 32, keyOf],
    ["a private key", 32, (bytes: Uint8Array) => PrivateKey.fromBytes(bytes).toBytes()],
    ["a secret", 16, (bytes: Uint8Array) => ServerSecret.fromBytes(bytes).toBytes()],
  ])("never make %s of another length", (_what, length, make) => {
    let made = 0;
    for (const bytes of oddBytes(length)) {
      try {
        expect(make(bytes)).toEqual(new Uint8Array(length));
        made++;
      } catch (error) {
        expect(["wrong-length", "invalid-argument"]).toContain((error as PrioError).code);
      }
    }
    // Those that have all bytes are taken, whatever else they define.
    expect(made).toBeGreaterThanOrEqual(7);
  });

  it("are a batch id, a report id or a client's values by what is there", () => {
    const liar = define(Uint8Array.of(1, 1, 1), "length", 2);
    expect(new Config({ ...configOptions, batchId: liar }).batchId).toEqual(Uint8Array.of(1, 1, 1));
    expect(() => new Client(config).encode(liar)).not.toThrow();
    expect(codeOf(() => new Client(configFor({ fields: 2 })).encode(liar))).toBe("wrong-length");
    expect(codeOf(() => new Config({ ...configOptions, batchId: detached(3) }))).toBe("invalid-argument");
    const tooLong = define(new Uint8Array(65536).fill(1), "length", 3);
    expect(codeOf(() => new Config({ ...configOptions, batchId: tooLong }))).toBe("out-of-range");
    expect(codeOf(() => serverA(config).open(a, tooLong))).toBe("out-of-range");
  });

  it("are copied before they are used: what changes later changes nothing", () => {
    const bytes = keysA.publicKey.toBytes();
    const key = PublicKey.fromBytes(bytes);
    bytes.fill(0);
    expect(key.equals(keysA.publicKey)).toBe(true);
    const { privateKey } = generateKeyPair();
    const own = privateKey.toBytes();
    const again = PrivateKey.fromBytes(own);
    own.fill(0);
    expect(again.toHex()).toBe(privateKey.toHex());
    again.toBytes().fill(0);
    expect(again.toHex()).toBe(privateKey.toHex());
  });
});
