// Every array of bytes that the library returns has a buffer of its own and all of it: programs hand over `.buffer`,
// and a view of something larger would send what was not meant.

import { describe, expect, it } from "vitest";
import { Client, describeMessage, PublicKey } from "../../src/index.js";
import { configFor, keysA, secret, serverA, serverB } from "../support/deployment.js";
import { providers, using } from "../support/providers.js";

describe.each(providers)("with %s", (name) => {
  it.each([3, 1000])("of reports with %i fields", (fields) => {
    using(name, () => {
      const config = configFor({ fields });
      const a = serverA(config, { queryPoints: "report" });
      const b = serverB(config, { queryPoints: "report" });
      const packets = new Client(config).encode(new Uint8Array(fields));
      const opened = a.openPacket(packets.a, "r");
      const verifiers = [a.open(packets.a, "r"), b.open(packets.b, "r")] as const;
      const first = [verifiers[0].verify1(), verifiers[1].verify1()] as const;
      const second = verifiers.map((verifier) => verifier.verify2(...first));
      const returned = {
        packetA: packets.a,
        packetB: packets.b,
        packetKey: opened.replayKeys.packet,
        reportKey: opened.replayKeys.report,
        verify1: first[0],
        verify2: second[0],
        totalShare: a.totalShare(),
        state: a.toBytes(),
        publicKey: keysA.publicKey.toBytes(),
        copiedKey: PublicKey.fromBytes(keysA.publicKey.toBytes()).toBytes(),
        privateKey: keysA.privateKey.toBytes(),
        secret: secret.toBytes(),
        ...describeMessage(packets.a),
      };
      for (const [what, bytes] of Object.entries(returned)) {
        if (!(bytes instanceof Uint8Array)) continue;
        expect(bytes.buffer, what).toBeInstanceOf(ArrayBuffer);
        expect(bytes.byteLength, what).toBe(bytes.buffer.byteLength);
        expect(bytes.constructor, what).toBe(Uint8Array);
      }
      expect(Object.values(returned).filter((x) => x instanceof Uint8Array).length).toBeGreaterThan(11);
    });
  });
});
