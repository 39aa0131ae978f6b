// HPKE (RFC 9180) in base mode, with the one suite that DAP demands: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
// AES-128-GCM. Each message has an ephemeral key of its own, so that only the first of a context's nonces is used.
//
// The names of the labelled functions are those of RFC 9180 section 4.

import { type Bytes, byteOf, concat } from "../core/bytes.js";
import { systemRandom } from "../core/random.js";
import { PrioError } from "../errors.js";
import { hkdfExpand, hkdfExtract } from "./hkdf.js";
import { type PrivateKey, type PublicKey, pairOf, publicBytesOf, randomPrivateKey } from "./keys.js";
import { provider } from "./provider.js";

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 section 7.1. */
export const KEM_ID = 0x0020;
/** HKDF-SHA256, section 7.2. */
export const KDF_ID = 0x0001;
/** AES-128-GCM, section 7.3. */
export const AEAD_ID = 0x0001;

/** Bytes of `enc`, the ephemeral public key. */
export const ENC_BYTES = 32;
/** Bytes by which the ciphertext is longer than the plaintext. */
export const TAG_BYTES = 16;
const SECRET_BYTES = 32;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;

/** mode_base */
const MODE_BASE = 0;
const NOTHING = new Uint8Array(0);

/** What each labelled function puts before its input. */
interface Labels {
  readonly pskIdHash: Bytes;
  readonly infoHash: Bytes;
  readonly eaePrk: Bytes;
  readonly sharedSecret: Bytes;
  readonly secret: Bytes;
  readonly key: Bytes;
  readonly baseNonce: Bytes;
}

let made: Labels | undefined;

function labels(): Labels {
  if (made !== undefined) return made;
  const kem = concat(ascii("KEM"), Uint8Array.of(0, KEM_ID));
  const hpke = concat(ascii("HPKE"), Uint8Array.of(0, KEM_ID, 0, KDF_ID, 0, AEAD_ID));
  made = {
    pskIdHash: labelOf(hpke, "psk_id_hash"),
    infoHash: labelOf(hpke, "info_hash"),
    eaePrk: labelOf(kem, "eae_prk"),
    sharedSecret: labelOf(kem, "shared_secret", SECRET_BYTES),
    secret: labelOf(hpke, "secret"),
    key: labelOf(hpke, "key", KEY_BYTES),
    baseNonce: labelOf(hpke, "base_nonce", NONCE_BYTES),
  };
  return made;
}

/** What LabeledExtract puts before its input and, with a length, LabeledExpand before its info. */
function labelOf(suite: Uint8Array, label: string, length?: number): Bytes {
  const prefix = length === undefined ? NOTHING : Uint8Array.of(0, length);
  return concat(prefix, ascii("HPKE-v1"), suite, ascii(label));
}

function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A sealed message. */
export interface HpkeSealed {
  /** The encapsulated key, 32 bytes. */
  readonly enc: Bytes;
  /** The ciphertext, 16 bytes longer than the plaintext. */
  readonly payload: Bytes;
}

/** What the key schedule makes of the application's `info`: the same for every message, so made once. */
export class HpkeInfo {
  /** mode ‖ psk_id_hash ‖ info_hash */
  readonly context: Bytes;

  constructor(info: Uint8Array) {
    const { pskIdHash, infoHash } = labels();
    this.context = concat(byteOf(MODE_BASE), hkdfExtract(NOTHING, pskIdHash), hkdfExtract(NOTHING, infoHash, info));
  }
}

/**
 * SealBase. `ephemeral` is the private key for this message alone, 32 random bytes. Throws `invalid-key` if the
 * recipient's key is of low order.
 */
export function hpkeSeal(
  recipient: PublicKey,
  info: HpkeInfo,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
  ephemeral: Uint8Array = randomPrivateKey(systemRandom),
): HpkeSealed {
  const pair = provider().keyPair(ephemeral);
  const enc = pair.publicKey.slice();
  const dh = pair.agree(publicBytesOf(recipient), true);
  if (dh === null) throw new PrioError("invalid-key", "public key: expected a point of large order");
  const { key, nonce } = schedule(dh, enc, publicBytesOf(recipient), info);
  return { enc, payload: provider().aes128GcmSeal(key, nonce, plaintext, associatedData) };
}

/** OpenBase: the plaintext, or null for whatever does not open, a wrong length and a key of low order included. */
export function hpkeOpen(
  recipient: PrivateKey,
  info: HpkeInfo,
  associatedData: Uint8Array,
  enc: Uint8Array,
  payload: Uint8Array,
): Uint8Array | null {
  if (enc.length !== ENC_BYTES || payload.length < TAG_BYTES) return null;
  const pair = pairOf(recipient);
  const dh = pair.agree(enc, false);
  if (dh === null) return null;
  const { key, nonce } = schedule(dh, enc, pair.publicKey, info);
  return provider().aes128GcmOpen(key, nonce, payload, associatedData);
}

/** ExtractAndExpand (section 4.1) and KeySchedule (section 5.1). Wipes `dh`. */
function schedule(
  dh: Uint8Array,
  enc: Uint8Array,
  recipient: Uint8Array,
  { context }: HpkeInfo,
): { key: Uint8Array; nonce: Uint8Array } {
  const label = labels();
  const eaePrk = hkdfExtract(NOTHING, label.eaePrk, dh);
  const sharedSecret = hkdfExpand(eaePrk, SECRET_BYTES, label.sharedSecret, enc, recipient);
  const secret = hkdfExtract(sharedSecret, label.secret);
  const key = hkdfExpand(secret, KEY_BYTES, label.key, context);
  const nonce = hkdfExpand(secret, NONCE_BYTES, label.baseNonce, context);
  for (const bytes of [dh, eaePrk, sharedSecret, secret]) bytes.fill(0);
  return { key, nonce };
}
