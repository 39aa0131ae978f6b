// Packets, messages and the generator as bytes (docs/WIRE.md, sections 3 to 6), on node:crypto alone. Nothing here
// comes from the library. Headers are those of short messages: str up to 31 bytes, arrays of up to 15 elements.

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
} from "node:crypto";

/** @typedef {bigint | number | Buffer | bigint[]} Item an int, an integer, a str of other bytes, or an array of ints */

/** @param {...Uint8Array} parts */
export const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();

// ---- messages -------------------------------------------------------------------------------------------------------

/** @param {Uint8Array} bytes */
export const toElement = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

/**
 * Reads the objects of a message. `shape` names the type of each.
 *
 * @param {Uint8Array} message
 * @param {("str" | "int" | "integer" | "ints")[]} shape
 * @returns {Item[]}
 */
export function readMessage(message, shape) {
  const bytes = Buffer.from(message);
  let offset = 0;
  const str = () => {
    const length = bytes.readUInt8(offset) & 0x1f;
    offset += 1 + length;
    return bytes.subarray(offset - length, offset);
  };
  const ints = () => Array.from({ length: bytes.readUInt8(offset++) & 0x0f }, () => toElement(str()));
  return shape.map((type) => {
    if (type === "integer") return bytes.readUInt8(offset++);
    if (type === "ints") return ints();
    return type === "int" ? toElement(str()) : str();
  });
}

/**
 * Writes objects one after the other: bigint as int, number as integer, Buffer as str, array as array of ints.
 *
 * @param {Item[]} items
 * @returns {Buffer}
 */
export function writeMessage(items) {
  const str = (/** @type {Buffer} */ content) => Buffer.concat([Buffer.of(0xa0 | content.length), content]);
  const int = (/** @type {bigint} */ x) => {
    const digits = x.toString(16);
    return str(Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex"));
  };
  return Buffer.concat(
    items.map((item) => {
      if (typeof item === "bigint") return int(item);
      if (typeof item === "number") return Buffer.of(item);
      if (Buffer.isBuffer(item)) return str(item);
      return Buffer.concat([Buffer.of(0x90 | item.length), ...item.map(int)]);
    }),
  );
}

// ---- the generator --------------------------------------------------------------------------------------------------

/**
 * Draws integers below m from the key stream of a 16-byte AES key.
 *
 * @param {Buffer} key
 */
export function generator(key) {
  const stream = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  const take = (/** @type {number} */ length) => stream.update(Buffer.alloc(length));
  return (/** @type {bigint} */ m) => {
    const length = Math.ceil((m - 1n).toString(2).length / 8);
    for (;;) {
      const bytes = take(length);
      // The first byte is drawn again. m = p fills its bytes, so no bit of it has to be cleared.
      bytes[0] = take(1).readUInt8(0);
      const x = toElement(bytes);
      if (x < m) return x;
    }
  };
}

/** @param {Uint8Array} part */
const withLength = (part) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(part.length);
  return Buffer.concat([length, part]);
};

/**
 * The AES key of the generator that a report's query point is drawn from.
 *
 * @param {Uint8Array} secret
 * @param {string} batchId
 * @param {string} reportId
 */
export function queryPointKey(secret, batchId, reportId) {
  const parts = [Buffer.from("prio v1 query point"), secret, Buffer.from(batchId), Buffer.from(reportId)];
  return sha256(...parts.map(withLength)).subarray(0, 16);
}

// ---- sealing --------------------------------------------------------------------------------------------------------

// What stands before the 32 raw bytes of an X25519 key in the DER forms that node:crypto reads.
const privatePrefix = Buffer.from("302e020100300506032b656e04220420", "hex");
const publicPrefix = Buffer.from("302a300506032b656e032100", "hex");

/** @param {Uint8Array} raw */
const toPrivateKey = (raw) =>
  createPrivateKey({ key: Buffer.concat([privatePrefix, raw]), format: "der", type: "pkcs8" });

/** @param {Uint8Array} raw */
const toPublicKey = (raw) => createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: "der", type: "spki" });

/**
 * @param {import("node:crypto").KeyObject} privateKey
 * @param {import("node:crypto").KeyObject} publicKey
 */
const packetKey = (privateKey, publicKey) =>
  sha256(diffieHellman({ privateKey, publicKey }), Buffer.of(0, 0, 0, 1)).subarray(0, 16);

/** @param {Uint8Array} header */
const associatedData = (header) => Buffer.concat([Buffer.from("PrioPacket"), header]);

/**
 * The content of a sealed packet.
 *
 * @param {Uint8Array} privateKey 32 bytes
 * @param {Uint8Array} packet
 */
export function openPacket(privateKey, packet) {
  const header = packet.subarray(0, 44);
  const key = packetKey(toPrivateKey(privateKey), toPublicKey(header.subarray(0, 32)));
  const cipher = createDecipheriv("aes-128-gcm", key, header.subarray(32)).setAAD(associatedData(header));
  cipher.setAuthTag(packet.subarray(packet.length - 16));
  return Buffer.concat([cipher.update(packet.subarray(44, packet.length - 16)), cipher.final()]);
}

/**
 * @param {Uint8Array} publicKey 32 bytes
 * @param {Uint8Array} content
 */
export function sealPacket(publicKey, content) {
  const ephemeral = generateKeyPairSync("x25519");
  const raw = ephemeral.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const header = Buffer.concat([raw, randomBytes(12)]);
  const key = packetKey(ephemeral.privateKey, toPublicKey(publicKey));
  const cipher = createCipheriv("aes-128-gcm", key, header.subarray(32)).setAAD(associatedData(header));
  return Buffer.concat([header, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}
