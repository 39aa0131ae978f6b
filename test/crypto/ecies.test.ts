// Sealing and opening: both providers give the same bytes, and nothing that was changed opens.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../src/core/bytes.js";
import { open, randomSealing, SEALING_BYTES, seal } from "../../src/crypto/ecies.js";
import { generateKeyPair, PrivateKey, PublicKey } from "../../src/index.js";
import { codeOf, errorOf, keysA, keysB } from "../support/deployment.js";
import { providers, using } from "../support/providers.js";
import { bytes, recordedBatches } from "../support/recorded.js";

const plaintext = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
/** What an attacker may send, in all lengths up to and around those of a real packet. */
const junk = fc.uint8Array({ maxLength: 2 * SEALING_BYTES });

describe.each(providers)("with %s", (name) => {
  it("seals to what it opens, 60 bytes longer", () => {
    using(name, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 3000 }), (message) => {
          const packet = seal(keysA.publicKey, message, randomSealing());
          expect(packet).toHaveLength(message.length + SEALING_BYTES);
          expect(toHex(open(keysA.privateKey, packet))).toBe(toHex(message));
        }),
      );
    });
  });

  it("refuses every packet with one bit flipped", () => {
    using(name, () => {
      const packet = seal(keysA.publicKey, plaintext, randomSealing());
      for (let bit = 0; bit < 8 * packet.length; bit++) {
        const changed = packet.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(codeOf(() => open(keysA.privateKey, changed))).toBe("cannot-open");
      }
      expect(open(keysA.privateKey, packet)).toEqual(plaintext);
    });
  });

  it("refuses every packet cut at either end, and every one with bytes added", () => {
    using(name, () => {
      const packet = seal(keysA.publicKey, plaintext, randomSealing());
      for (let i = 1; i <= packet.length; i++) {
        expect(codeOf(() => open(keysA.privateKey, packet.subarray(0, packet.length - i)))).toBe("cannot-open");
        expect(codeOf(() => open(keysA.privateKey, packet.subarray(i)))).toBe("cannot-open");
        expect(codeOf(() => open(keysA.privateKey, concat(packet, new Uint8Array(i))))).toBe("cannot-open");
      }
    });
  });

  it("gives one answer to arbitrary bytes, alone and behind a true head", () => {
    using(name, () => {
      const head = seal(keysA.publicKey, plaintext, randomSealing()).subarray(0, 44);
      const answers = new Set<string>();
      fc.assert(
        fc.property(junk, (x) => {
          for (const packet of [x, concat(head, x)]) {
            const { code, message } = errorOf(() => open(keysA.privateKey, packet));
            answers.add(`${code}: ${message}`);
          }
        }),
        { numRuns: 200 },
      );
      expect([...answers]).toEqual(["cannot-open: cannot open packet"]);
    });
  });

  it("refuses a packet for another key, and one from a low-order ephemeral key", () => {
    using(name, () => {
      const packet = seal(keysA.publicKey, plaintext, randomSealing());
      expect(codeOf(() => open(keysB.privateKey, packet))).toBe("cannot-open");
      // Anybody can compute the key that an all-zero secret gives, so such a packet must not open even with a fitting
      // tag.
      expect(codeOf(() => open(keysA.privateKey, concat(new Uint8Array(32), packet.subarray(32))))).toBe("cannot-open");
    });
  });

  it("seals nothing to a low-order public key", () => {
    using(name, () => {
      const low = PublicKey.fromBytes(new Uint8Array(32));
      expect(codeOf(() => seal(low, plaintext, randomSealing()))).toBe("invalid-key");
    });
  });

  it("seals each packet under a key and an IV of its own", () => {
    using(name, () => {
      const heads = Array.from({ length: 50 }, () => seal(keysA.publicKey, plaintext, randomSealing()).subarray(0, 44));
      expect(new Set(heads.map((head) => toHex(head.subarray(0, 32)))).size).toBe(50);
      expect(new Set(heads.map((head) => toHex(head.subarray(32)))).size).toBe(50);
    });
  });

  it("returns plaintext that does not change with the packet's buffer", () => {
    using(name, () => {
      const packet = seal(keysA.publicKey, plaintext, randomSealing());
      const opened = open(keysA.privateKey, packet);
      packet.fill(0);
      expect(opened).toEqual(plaintext);
    });
  });
});

describe("the providers", () => {
  it("seal to the same bytes with the same randomness", () => {
    const sealed = providers.map((name) =>
      using(name, () =>
        toHex(
          seal(PublicKey.fromHex(`DE9EDB7D7B7DC1B4D35B61C2ECE435373F8343C85B78674DADFC7E146F882B4F`), plaintext, {
            ephemeral: fromHex("77076D0A7318A57D3C16C17251B26645DF4C2F87EBC0992AB177FBA51DB92C2A", "key", 32),
            iv: fromHex("000102030405060708090a0b", "iv", 12),
          }),
        ),
      ),
    );
    expect(new Set(sealed).size).toBe(1);
    expect(sealed[0]).toMatch(
      /^8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a000102030405060708090a0b/,
    );
  });

  it("open what another has sealed", () => {
    for (const sealing of providers) {
      const packet = using(sealing, () => seal(keysA.publicKey, plaintext, randomSealing()));
      for (const opening of providers) {
        expect(using(opening, () => open(keysA.privateKey, packet))).toEqual(plaintext);
      }
    }
  });

  it("open packets recorded from libprio to the same plaintexts", () => {
    for (const batch of recordedBatches) {
      const { packetA, packetB } = batch.reports[0] as { packetA: string; packetB: string };
      for (const [key, packet] of [
        [batch.serverA.privateKey, packetA],
        [batch.serverB.privateKey, packetB],
      ] as const) {
        const plaintexts = providers.map((name) =>
          using(name, () => toHex(open(PrivateKey.fromHex(key), bytes(packet)))),
        );
        expect(new Set(plaintexts).size).toBe(1);
        expect(plaintexts[0]).toHaveLength(2 * (bytes(packet).length - SEALING_BYTES));
      }
    }
  });

  it("take keys that another made, before and after they were used", () => {
    for (const making of providers) {
      for (const other of providers) {
        const { publicKey, privateKey } = using(making, generateKeyPair);
        const packet = using(other, () => seal(publicKey, plaintext, randomSealing()));
        expect(using(other, () => open(privateKey, packet))).toEqual(plaintext);
        expect(using(making, () => open(privateKey, packet))).toEqual(plaintext);
        expect(using(other, () => privateKey.publicKey.toHex())).toBe(publicKey.toHex());
      }
    }
  });
});
