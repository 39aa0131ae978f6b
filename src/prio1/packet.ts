// Packets: sealing the two shares of a report to the two servers, and opening a packet to its server's share.

import type { Bytes } from "../core/bytes.js";
import { open, type SealingRandomness, seal } from "../crypto/ecies.js";
import type { PrivateKey } from "../crypto/keys.js";
import type { Config } from "./config.js";
import { type BatchParameters, snipOf } from "./parameters.js";
import { Prg } from "./prg.js";
import type { ReportShare, SeededShare, ServerId } from "./share.js";
import { readPacketA, readPacketB, writePacketA, writePacketB } from "./wire.js";

/** Expands B's seed into its shares of the data, the first n draws, and of h, the next N. */
export function expandSeed(config: BatchParameters, { a, b, c, f0, g0, h0, seed }: SeededShare): ReportShare {
  const { space, fields, size } = snipOf(config);
  const prg = Prg.fromSeed(config, seed);
  const data = space.zeros(fields);
  prg.fill(data);
  const h = space.zeros(size);
  prg.fill(h);
  return { a, b, c, f0, g0, h0, data, h };
}

export function sealPacketA(config: Config, share: ReportShare, randomness: SealingRandomness): Bytes {
  return seal(config.serverA, writePacketA(config, share), randomness);
}

export function sealPacketB(config: Config, share: SeededShare, randomness: SealingRandomness): Bytes {
  return seal(config.serverB, writePacketB(config, share), randomness);
}

/** Throws `cannot-open`, `malformed`, `wrong-batch`, `wrong-server`. */
export function openPacket(config: Config, id: ServerId, privateKey: PrivateKey, packet: Uint8Array): ReportShare {
  const share = readPacket(config, id, open(privateKey, packet));
  return "seed" in share ? expandSeed(config, share) : share;
}

/**
 * A server's share from the plaintext of its packet, B's not expanded yet. Throws `malformed`, `wrong-batch`,
 * `wrong-server`.
 */
export function readPacket(config: BatchParameters, id: ServerId, plaintext: Uint8Array): ReportShare | SeededShare {
  return id === "A" ? readPacketA(config, plaintext) : readPacketB(config, plaintext);
}
