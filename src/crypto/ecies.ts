// Sealing packets to a server's public key with libprio's form of ECIES (WIRE.md section 6).
//
//   ephemeral public key (32) ‖ IV (12) ‖ ciphertext ‖ tag (16)
//
// Z = X25519(ephemeral, server); key = first 16 bytes of SHA-256(Z ‖ 00 00 00 01) (ANSI X9.63 KDF without shared info);
// AES-128-GCM with "PrioPacket" ‖ ephemeral public key ‖ IV as associated data.

import { type Bytes, concat, uint32BE } from "../core/bytes.js";
import { type RandomSource, systemRandom } from "../core/random.js";
import { PrioError } from "../errors.js";
import { type PrivateKey, type PublicKey, pairOf, publicBytesOf, randomPrivateKey } from "./keys.js";
import { provider } from "./provider.js";

const EPHEMERAL_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = EPHEMERAL_BYTES + IV_BYTES;

/** "PrioPacket" in ASCII. */
const LABEL = Uint8Array.of(0x50, 0x72, 0x69, 0x6f, 0x50, 0x61, 0x63, 0x6b, 0x65, 0x74);
/** The X9.63 counter of the first block, the only one here. */
const KDF_COUNTER = uint32BE(1);

/** libprio's limit on what it seals. */
const MAX_PLAINTEXT = 2 ** 28 - 2;
/** The length of a packet minus that of its plaintext. */
export const SEALING_BYTES: number = HEADER_BYTES + TAG_BYTES;

/**
 * The header and the tag of a packet that opens, 60 bytes. They identify the packet: without its key, nobody can make
 * another packet that opens and has the same header, nor change any of these bytes in one that still opens.
 */
export function identityOf(packet: Uint8Array): Uint8Array {
  return concat(packet.subarray(0, HEADER_BYTES), packet.subarray(packet.length - TAG_BYTES));
}

/** The randomness of sealing: a fresh key and IV for every packet. */
export interface SealingRandomness {
  /** The 32 bytes of a private key. */
  readonly ephemeral: Uint8Array;
  /** 12 bytes. */
  readonly iv: Uint8Array;
}

/** A fresh key and IV. */
export function randomSealing(random: RandomSource = systemRandom): SealingRandomness {
  return { ephemeral: randomPrivateKey(random), iv: random(IV_BYTES) };
}

/** Seals a plaintext of at most 2^28 − 2 bytes. Throws `invalid-key` if the recipient's key is of low order. */
export function seal(recipient: PublicKey, plaintext: Uint8Array, { ephemeral, iv }: SealingRandomness): Bytes {
  if (plaintext.length > MAX_PLAINTEXT) {
    throw new PrioError("out-of-range", `packet: expected at most ${MAX_PLAINTEXT} bytes, got ${plaintext.length}`);
  }
  const pair = provider().keyPair(ephemeral);
  const secret = pair.agree(publicBytesOf(recipient), true);
  if (secret === null) throw new PrioError("invalid-key", "public key: expected a point of large order");
  const header = concat(pair.publicKey, iv);
  return provider().aes128GcmSeal(deriveKey(secret), iv, plaintext, concat(LABEL, header), header);
}

/**
 * Opens a packet. Throws the same error, `cannot-open`, for a wrong key, a changed byte, a short packet and a low-order
 * ephemeral key, so that the sender learns nothing from it.
 */
export function open(recipient: PrivateKey, packet: Uint8Array): Uint8Array {
  return openWithAny([recipient], packet).plaintext;
}

/**
 * Opens a packet with the first of several keys that opens it, and says which. Nothing in a packet names its key, so
 * they are tried in order. Throws `cannot-open`.
 */
export function openWithAny(
  recipients: readonly PrivateKey[],
  packet: Uint8Array,
): { plaintext: Uint8Array; recipient: number } {
  for (const [recipient, key] of recipients.entries()) {
    const plaintext = tryOpen(key, packet);
    if (plaintext !== null) return { plaintext, recipient };
  }
  throw cannotOpen();
}

/** The one error for whatever does not open. */
export function cannotOpen(what = "packet"): PrioError {
  return new PrioError("cannot-open", `cannot open ${what}`);
}

function tryOpen(recipient: PrivateKey, packet: Uint8Array): Uint8Array | null {
  if (packet.length < SEALING_BYTES || packet.length > SEALING_BYTES + MAX_PLAINTEXT) return null;
  const header = packet.subarray(0, HEADER_BYTES);
  const secret = pairOf(recipient).agree(header.subarray(0, EPHEMERAL_BYTES), false);
  if (secret === null) return null;
  const iv = header.subarray(EPHEMERAL_BYTES);
  return provider().aes128GcmOpen(deriveKey(secret), iv, packet.subarray(HEADER_BYTES), concat(LABEL, header));
}

function deriveKey(secret: Uint8Array): Uint8Array {
  const input = concat(secret, KDF_COUNTER);
  const key = provider().sha256(input);
  input.fill(0);
  secret.fill(0);
  return key.subarray(0, 16);
}
