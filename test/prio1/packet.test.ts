// Which packets a session opens: with which of its private keys, and up to which length.

import { describe, expect, it } from "vitest";
import { randomSealing, SEALING_BYTES, seal as sealTo } from "../../src/crypto/ecies.js";
import {
  Client,
  generateKeyPair,
  type Packets,
  type PrivateKey,
  PublicKey,
  publish,
  Server,
  type ServerOptions,
} from "../../src/index.js";
import { maxPlaintextBytes } from "../../src/prio1/wire.js";
import { codeOf, configFor, keysA, keysB, process, secret, serverA, serverB } from "../support/deployment.js";

const config = configFor({ fields: 3 });
const client = new Client(config);
const options: ServerOptions = { id: "A", privateKey: keysA.privateKey, secret };

describe("private keys", () => {
  const others = [generateKeyPair(), generateKeyPair()] as const;

  it("must belong to the configuration's server", () => {
    for (const privateKey of [keysB.privateKey, others[0].privateKey, [others[0].privateKey, keysB.privateKey]]) {
      expect(codeOf(() => new Server(config, { ...options, privateKey }))).toBe("mismatch");
    }
    expect(codeOf(() => new Server(config, { ...options, privateKey: [] }))).toBe("mismatch");
    const mixed = [keysA.privateKey, keysA.publicKey] as unknown as readonly PrivateKey[];
    expect(codeOf(() => new Server(config, { ...options, privateKey: mixed }))).toBe("invalid-argument");
    // The configuration may write the key with the bit that X25519 ignores.
    const marked = keysA.publicKey.toBytes();
    marked[31] = (marked[31] as number) ^ 0x80;
    const own = configFor({ fields: 3, serverA: PublicKey.fromBytes(marked) });
    expect(process(serverA(own), serverB(own), new Client(own).encode([1, 0, 1]))).toBe(true);
  });

  it("of a list are tried in turn, in one step or in three, and counted", () => {
    // Clients with the old configuration, with the new one, and with one of somebody else.
    const sent = [others[0], keysA, others[1]].map(({ publicKey }) =>
      new Client(configFor({ fields: 3, serverA: publicKey })).encode([1, 0, 1]),
    );
    const privateKey = [others[0].privateKey, keysA.privateKey];
    const [a, b] = [serverA(config, { privateKey }), serverB(config)];
    privateKey.reverse();
    expect(a.openedByKey).toEqual([0, 0]);
    for (const packets of sent.slice(0, 2)) expect(process(a, b, packets)).toBe(true);
    expect(a.openedByKey).toEqual([1, 1]);
    expect(codeOf(() => a.open((sent[2] as Packets).a))).toBe("cannot-open");
    expect(codeOf(() => a.open(new Uint8Array(100)))).toBe("cannot-open");
    const steps = serverA(config, { privateKey: [keysA.privateKey, others[1].privateKey, others[0].privateKey] });
    for (const packets of sent) steps.openPacket(packets.a);
    expect(steps.openedByKey).toEqual([1, 1, 1]);
    expect(publish(config, a.totalShare(), b.totalShare())).toEqual([2n, 0n, 2n]);
  });

  it("of one key are no list: the same count", () => {
    const a = serverA(config);
    a.open(client.encode([1, 0, 1]).a);
    expect(a.openedByKey).toEqual([1]);
  });
});

describe("the length of a packet", () => {
  const seal = (id: "A" | "B", plaintext: Uint8Array) =>
    sealTo((id === "A" ? keysA : keysB).publicKey, plaintext, randomSealing());
  /** An int with the widest header, and 11 bytes with leading zeros. */
  const int = [0xdb, 0, 0, 0, 11, ...new Uint8Array(10), 1];
  const batchId = [...config.batchId];
  const integer = (id: number) => [0xd3, 0, 0, 0, 0, 0, 0, 0, id];
  const head = (id: number) => [
    0xdb,
    0,
    0,
    0,
    batchId.length,
    ...batchId,
    ...new Array(6).fill(int).flat(),
    ...integer(id),
  ];
  const array = (length: number) => [0xdd, 0, 0, 0, length, ...new Array(length).fill(int).flat()];
  const widest = {
    A: Uint8Array.from([...head(0), ...array(3), ...array(4)]),
    B: Uint8Array.from([...head(1), 0xdb, 0, 0, 0, 16, ...new Uint8Array(16)]),
  };

  it.each(["A", "B"] as const)("for %s is bounded by the widest form of every object in it", (id) => {
    const server = () => (id === "A" ? serverA(config) : serverB(config));
    expect(() => server().open(seal(id, widest[id]))).not.toThrow();
    // With another batch id, so that only what was decrypted is refused with another code.
    const longer = Uint8Array.from([0xa0, ...widest[id]]);
    expect(codeOf(() => server().open(seal(id, longer.subarray(0, -1))))).toBe("wrong-batch");
    expect(codeOf(() => server().open(seal(id, longer)))).toBe("cannot-open");
    expect(codeOf(() => server().openPacket(seal(id, longer)))).toBe("cannot-open");
  });

  it("is the longest for libprio's own packets by far", () => {
    for (const fields of [1, 3, 4, 1000]) {
      const shape = configFor({ fields });
      const { a, b } = new Client(shape).encode(new Uint8Array(fields));
      expect(maxPlaintextBytes(shape, "A")).toBeGreaterThan(a.length - SEALING_BYTES);
      expect(maxPlaintextBytes(shape, "B")).toBeGreaterThan(b.length - SEALING_BYTES);
    }
  });
});
