// What messages show of themselves, by their form alone.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { open, randomSealing, SEALING_BYTES, seal } from "../../src/crypto/ecies.js";
import { Client, describeMessage } from "../../src/index.js";
import { codeOf, configFor, keysA, keysB, serverA, serverB } from "../support/deployment.js";

const config = configFor({ fields: 20 });
const batchId = new TextEncoder().encode("test batch");

describe("a message", () => {
  const { a, b } = new Client(config).encode(new Uint8Array(20));
  const [server, other] = [serverA(config), serverB(config)];
  const [verifierA, verifierB] = [server.open(a), other.open(b)];
  const verify1 = [verifierA.verify1(), verifierB.verify1()] as const;

  it.each([
    ["a sealed packet", a, { kind: "packet", plaintextBytes: a.length - SEALING_BYTES }],
    ["an opened packet for A", open(keysA.privateKey, a), { kind: "openedA", batchId, server: "A", fields: 20 }],
    ["an opened packet for B", open(keysB.privateKey, b), { kind: "openedB", batchId, server: "B" }],
    ["a verify1 message", verify1[0], { kind: "verify1" }],
    ["a verify2 message", verifierA.verify2(...verify1), { kind: "verify2" }],
    ["A's total share", server.totalShare(), { kind: "totalShare", server: "A", fields: 20 }],
    ["B's total share", other.totalShare(), { kind: "totalShare", server: "B", fields: 20 }],
    ["a state", server.toBytes(), { kind: "state", fields: 20 }],
    ["a long state", serverA(configFor({ fields: 70_000 })).toBytes(), { kind: "state", fields: 70_000 }],
    ["what is too short for a packet", new Uint8Array(SEALING_BYTES - 1).fill(0xff), { kind: "unknown" }],
    ["no bytes", new Uint8Array(0), { kind: "unknown" }],
    ["an array that claims what is not there", Uint8Array.of(0xdd, 255, 255, 255, 255), { kind: "unknown" }],
    ["a total share of a third server", Uint8Array.of(2, 0x91, 0xa1, 0), { kind: "unknown" }],
    ["a str too long for an element", Uint8Array.of(0xac, ...new Uint8Array(12)), { kind: "unknown" }],
  ])("is known: %s", (_what, bytes, description) => {
    expect(describeMessage(bytes)).toEqual(description);
  });

  it("that is sealed tells more to who has its key", () => {
    const sealed = { kind: "packet", plaintextBytes: a.length - SEALING_BYTES };
    expect(describeMessage(a, keysA.privateKey)).toEqual({ ...sealed, batchId, server: "A", fields: 20 });
    expect(describeMessage(a, [keysB.privateKey, keysA.privateKey])).toMatchObject({ server: "A" });
    expect(describeMessage(b, [keysA.privateKey, keysB.privateKey])).toEqual({
      kind: "packet",
      plaintextBytes: b.length - SEALING_BYTES,
      batchId,
      server: "B",
    });
    expect(describeMessage(a, keysB.privateKey)).toEqual(sealed);
    expect(describeMessage(a, [])).toEqual(sealed);
    // What opens, and is no packet of Prio.
    const other = seal(keysA.publicKey, verify1[0], randomSealing());
    expect(describeMessage(other, keysA.privateKey)).toEqual({
      kind: "packet",
      plaintextBytes: other.length - SEALING_BYTES,
    });
    for (const key of [null, "key", [keysA.publicKey], {}]) {
      expect(codeOf(() => describeMessage(a, key as never))).toBe("invalid-argument");
    }
  });

  it("is one kind only: with a byte after it, it is another or none", () => {
    for (const bytes of [...verify1, server.totalShare(), server.toBytes()]) {
      const { kind } = describeMessage(bytes);
      expect(describeMessage(Uint8Array.from([...bytes, 0])).kind).not.toBe(kind);
    }
  });

  it("may be any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const { kind } = describeMessage(bytes);
        if (kind === "packet") expect(bytes.length).toBeGreaterThanOrEqual(SEALING_BYTES);
        if (kind === "unknown") expect(bytes.length).toBeLessThan(SEALING_BYTES);
      }),
      { numRuns: 500 },
    );
    for (const x of [undefined, null, "bytes", [0xa1, 0]]) {
      expect(codeOf(() => describeMessage(x as unknown as Uint8Array))).toBe("invalid-argument");
    }
  });
});
