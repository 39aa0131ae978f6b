// Everything that libprio recorded: read, checked, added up and published to the same bytes, and written again.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packed87Space } from "../../src/core/packed87.js";
import { open } from "../../src/crypto/ecies.js";
import { cryptoInUse, PrioError, PrivateKey, publish, setCrypto } from "../../src/index.js";
import { shareReport } from "../../src/prio1/client.js";
import { expandSeed } from "../../src/prio1/packet.js";
import { snipOf } from "../../src/prio1/parameters.js";
import type { ProofShare } from "../../src/prio1/share.js";
import { referenceSpace } from "../../src/prio1/vector.js";
import { readPacketA, readPacketB, writePacketA, writePacketB } from "../../src/prio1/wire.js";
import { providers } from "../support/providers.js";
import { base64, bitsOf, bytes, configOf, recordedBatches, serversOf, verdicts } from "../support/recorded.js";

/** Every provider on the packed vectors that the library uses, and the reference vectors once. */
const backends = [
  ...providers.map((name) => ({ name, vectors: "packed", space: packed87Space() })),
  { name: "noble" as const, vectors: "BigInt", space: referenceSpace() },
];

describe.each(backends)("with the primitives of $name and $vectors vectors", ({ name, space }) => {
  beforeAll(() => setCrypto(name));
  afterAll(() => setCrypto("auto"));

  it("they are in use", () => expect(cryptoInUse()).toBe(name));

  describe.each(recordedBatches)("the recorded batch $name, PRG key $prgKey", (batch) => {
    const config = configOf(batch, space);
    const { field } = snipOf(config).space;
    const privateA = PrivateKey.fromHex(batch.serverA.privateKey);
    const privateB = PrivateKey.fromHex(batch.serverB.privateKey);

    it("reproduces every verify1, verify2, server state, total share and result byte for byte", () => {
      const { a, b } = serversOf(batch, config);
      for (const report of batch.reports) {
        const verifierA = a.open(bytes(report.packetA));
        const verifierB = b.open(bytes(report.packetB));
        const verify1A = verifierA.verify1();
        const verify1B = verifierB.verify1();
        expect(base64(verify1A)).toBe(report.verify1A);
        expect(base64(verify1B)).toBe(report.verify1B);
        const verify2A = verifierA.verify2(verify1A, verify1B);
        const verify2B = verifierB.verify2(verify1A, verify1B);
        expect(base64(verify2A)).toBe(report.verify2A);
        expect(base64(verify2B)).toBe(report.verify2B);
        const reportA = verifierA.check(verify2A, verify2B);
        const reportB = verifierB.check(verify2A, verify2B);
        if (reportA === null || reportB === null) throw new Error("an honest report was refused");
        a.aggregate(reportA);
        b.aggregate(reportB);
      }
      expect([a.reports, b.reports]).toEqual([batch.reports.length, batch.reports.length]);
      if (batch.prgKey === "batch") {
        expect(base64(a.toBytes())).toBe(batch.serverStateA);
        expect(base64(b.toBytes())).toBe(batch.serverStateB);
      }
      expect(base64(a.totalShare())).toBe(batch.totalShareA);
      expect(base64(b.totalShare())).toBe(batch.totalShareB);
      expect(publish(config, a.totalShare(), b.totalShare()).map(String)).toEqual(batch.result);
    });

    it("publishes the recorded total shares", () => {
      const totals = publish(config, bytes(batch.totalShareA), bytes(batch.totalShareB));
      expect(totals.map(String)).toEqual(batch.result);
    });

    it("writes each opened packet again to the same plaintext", () => {
      for (const report of batch.reports) {
        const plaintextA = open(privateA, bytes(report.packetA));
        const plaintextB = open(privateB, bytes(report.packetB));
        expect(base64(writePacketA(config, readPacketA(config, plaintextA)))).toBe(base64(plaintextA));
        expect(base64(writePacketB(config, readPacketB(config, plaintextB)))).toBe(base64(plaintextB));
      }
    });

    it("computes the same h points and A shares from the opened values", () => {
      for (const report of batch.reports) {
        const plaintextA = open(privateA, bytes(report.packetA));
        const shareA = readPacketA(config, plaintextA);
        const seeded = readPacketB(config, open(privateB, bytes(report.packetB)));
        const grown = expandSeed(config, seeded);
        const value = (name: keyof ProofShare) => field.add(shareA[name], seeded[name]);

        const data = shareA.data.add(grown.data);
        expect(data.toBigInts().map(Number)).toEqual(bitsOf(batch, report.data));
        expect(value("c")).toBe(field.mul(value("a"), value("b")));

        const again = shareReport(config, snipOf(config).space.fromIntegers(bitsOf(batch, report.data)), {
          f0: value("f0"),
          g0: value("g0"),
          a: value("a"),
          b: value("b"),
          proofB: seeded,
          seed: seeded.seed,
        });
        expect(base64(writePacketA(config, again.a))).toBe(base64(plaintextA));
        expect(snipOf(config).prove(data, value("f0"), value("g0")).toBigInts()).toEqual(
          shareA.h.add(grown.h).toBigInts(),
        );
      }
    });
  });

  describe("the crafted reports", () => {
    const config = configOf(verdicts, space);

    it("are 68", () => expect(verdicts.reports).toHaveLength(68));

    it.each(verdicts.reports)("$name: $what: $expect", ({ packetA, packetB, expect: expected, libprio }) => {
      const { a, b } = serversOf(verdicts, config);
      const before = [base64(a.toBytes()), base64(b.toBytes())];
      let verdict = "reject";
      try {
        const verifierA = a.open(bytes(packetA));
        const verifierB = b.open(bytes(packetB));
        const verify1A = verifierA.verify1();
        const verify1B = verifierB.verify1();
        const verify2A = verifierA.verify2(verify1A, verify1B);
        const verify2B = verifierB.verify2(verify1A, verify1B);
        const reports = [verifierA.check(verify2A, verify2B), verifierB.check(verify2A, verify2B)];
        expect(reports[0] === null).toBe(reports[1] === null);
        if (reports[0] !== null) verdict = "accept";
        // What both of us opened libprio opened too, with the same answer.
        expect(libprio).toEqual({ opensA: true, opensB: true, valid: verdict === "accept" });
      } catch (error) {
        if (!(error instanceof PrioError)) throw error;
        expect(["cannot-open", "malformed", "wrong-batch", "wrong-server"]).toContain(error.code);
      }
      expect(verdict).toBe(expected);
      expect([base64(a.toBytes()), base64(b.toBytes())]).toEqual(before);
    });
  });
});
