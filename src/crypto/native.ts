// The platform's own primitives: node:crypto, the one synchronous interface that Node, Bun and Deno share. It is
// looked up at run time through process.getBuiltinModule (Node from 20.16 and 22.3), so that no bundler and no
// browser sees an import of it. Only what is used here is typed here.

import { concat, equalBytes } from "../core/bytes.js";
import { noble } from "./noble.js";
import type { CryptoProvider, X25519KeyPair } from "./primitives.js";

/** An X25519 key of RFC 8037: `x` and `d` are 32 bytes in base64url without padding, and only private keys have `d`. */
interface Jwk {
  readonly kty: "OKP";
  readonly crv: "X25519";
  readonly x: string;
  readonly d?: string;
}

interface KeyObject {
  export(options: { format: "jwk" }): { readonly x: string };
}

interface Cipher {
  setAAD(bytes: Uint8Array): unknown;
  update(bytes: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

interface NodeCrypto {
  createPublicKey(key: { key: Jwk; format: "jwk" }): KeyObject;
  createPrivateKey(key: { key: Jwk; format: "jwk" } | { key: Uint8Array; format: "der"; type: "pkcs8" }): KeyObject;
  diffieHellman(keys: { privateKey: KeyObject; publicKey: KeyObject }): Uint8Array;
  /** Node from 20.12 and 21.7. */
  hash?(name: "sha256", bytes: Uint8Array, encoding: "buffer"): Uint8Array;
  createHash(name: "sha256"): { update(bytes: Uint8Array): { digest(): Uint8Array } };
  createCipheriv(
    name: "aes-128-ctr" | "aes-128-gcm",
    key: Uint8Array,
    iv: Uint8Array,
  ): Cipher & { getAuthTag(): Uint8Array };
  createDecipheriv(
    name: "aes-128-gcm",
    key: Uint8Array,
    iv: Uint8Array,
  ): Cipher & { setAuthTag(tag: Uint8Array): unknown };
}

/** Node's Buffer, only for its base64url. */
interface NodeBuffer {
  from(text: string, encoding: "base64url"): Uint8Array;
  from(buffer: ArrayBufferLike, offset: number, length: number): { toString(encoding: "base64url"): string };
}

interface Host {
  readonly process?: { readonly getBuiltinModule?: (name: string) => unknown };
}

const KEY_BYTES = 32;
const BLOCK_BYTES = 16;
const NOTHING = new Uint8Array(0);
const TAG_BYTES = 16;
/** 32 zero bytes in base64url. */
const ZERO_X = "A".repeat(43);

/** The bytes before the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410 section 7). */
const PKCS8_PREFIX = Uint8Array.of(0x30, 46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 34, 4, 32);

/** The native provider, or null if the platform has none. The caller checks that it computes correctly. */
export function findNative(): CryptoProvider | null {
  try {
    const module = (name: string) => (globalThis as unknown as Host).process?.getBuiltinModule?.(name);
    const node = module("node:crypto") as NodeCrypto | undefined | null;
    const buffers = module("node:buffer") as { Buffer: NodeBuffer } | undefined | null;
    return node && buffers ? nativeProvider(node, buffers.Buffer) : null;
  } catch {
    // A platform may have the function and not the module.
    return null;
  }
}

function nativeProvider(node: NodeCrypto, buffer: NodeBuffer): CryptoProvider {
  const toBase64Url = (bytes: Uint8Array) =>
    buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url");

  // In one call where the platform has it: a Hash object costs more than a short hash, and garbage collection too.
  const oneShot = node.hash;
  const hash = (bytes: Uint8Array) =>
    oneShot === undefined ? node.createHash("sha256").update(bytes).digest() : oneShot("sha256", bytes, "buffer");

  /**
   * Key objects of lasting public keys. In Node 20, importing a JWK takes a fifth of the time of an agreement, and
   * importing DER three times that of an agreement.
   */
  const publicKeys = new WeakMap<Uint8Array, KeyObject>();

  function importPublicKey(bytes: Uint8Array): KeyObject {
    return node.createPublicKey({ key: { kty: "OKP", crv: "X25519", x: toBase64Url(bytes) }, format: "jwk" });
  }

  function exportPublicKey(privateKey: KeyObject): Uint8Array {
    return plain(buffer.from(privateKey.export({ format: "jwk" }).x, "base64url"));
  }

  function importJwk(privateKey: Uint8Array): KeyObject {
    return node.createPrivateKey({
      key: { kty: "OKP", crv: "X25519", x: ZERO_X, d: toBase64Url(privateKey) },
      format: "jwk",
    });
  }

  function importPkcs8(privateKey: Uint8Array): KeyObject {
    const der = concat(PKCS8_PREFIX, privateKey);
    const key = node.createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    der.fill(0);
    return key;
  }

  /**
   * A private JWK must contain its public key, which is not known here. Current platforms compute it and ignore the
   * one given, and they import a JWK ten times as fast as PKCS #8 (Node 20: 0.03 and 0.3 ms). So the platform is
   * tried once.
   */
  const importPrivateKey = derivesPublicKey() ? importJwk : importPkcs8;

  function derivesPublicKey(): boolean {
    try {
      const probe = new Uint8Array(KEY_BYTES).fill(1);
      return equalBytes(exportPublicKey(importJwk(probe)), exportPublicKey(importPkcs8(probe)));
    } catch {
      return false;
    }
  }

  // A failed agreement is recovered from below. This one must not fail: without it there is no native provider.
  const probe = new Uint8Array(KEY_BYTES).fill(1);
  node.diffieHellman({ privateKey: importPrivateKey(probe), publicKey: importPublicKey(probe) });

  class NativeKeyPair implements X25519KeyPair {
    readonly privateKey: Uint8Array;
    readonly #key: KeyObject;
    #publicKey: Uint8Array | undefined;

    constructor(privateKey: Uint8Array) {
      this.privateKey = privateKey;
      this.#key = importPrivateKey(privateKey);
    }

    get publicKey(): Uint8Array {
      this.#publicKey ??= exportPublicKey(this.#key);
      return this.#publicKey;
    }

    agree(peerPublicKey: Uint8Array, lasting: boolean): Uint8Array | null {
      try {
        let publicKey = publicKeys.get(peerPublicKey);
        if (publicKey === undefined) {
          publicKey = importPublicKey(peerPublicKey);
          if (lasting) publicKeys.set(peerPublicKey, publicKey);
        }
        const secret = plain(node.diffieHellman({ privateKey: this.#key, publicKey }));
        return secret.every((byte) => byte === 0) ? null : secret;
      } catch {
        // OpenSSL and BoringSSL refuse a low-order peer, with errors that other failures share. The slow way tells
        // them apart: null for such a peer, and the secret if the platform refused one that it should not.
        return noble.keyPair(this.privateKey).agree(peerPublicKey, false);
      }
    }
  }

  return {
    name: "native",

    keyPair: (privateKey) => new NativeKeyPair(privateKey),

    sha256: (bytes) => plain(hash(bytes)),

    aes128Ctr(key, counter) {
      const cipher = node.createCipheriv("aes-128-ctr", key, counter);
      return (blocks) => plain(cipher.update(zeros(blocks * BLOCK_BYTES)));
    },

    aes128GcmSeal(key, iv, plaintext, associatedData, header = NOTHING) {
      const cipher = node.createCipheriv("aes-128-gcm", key, iv);
      cipher.setAAD(associatedData);
      return concat(header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
    },

    aes128GcmOpen(key, iv, sealed, associatedData) {
      const decipher = node.createDecipheriv("aes-128-gcm", key, iv);
      decipher.setAAD(associatedData);
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
      const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
      try {
        decipher.final();
      } catch {
        // Only the tag can fail here.
        plaintext.fill(0);
        return null;
      }
      return plain(plaintext);
    },
  };
}

/** The zeros that counter mode encrypts: made once for the lengths that key streams need, and never written to. */
const ZEROS = new Uint8Array(1 << 16);

function zeros(length: number): Uint8Array {
  return length > ZEROS.length ? new Uint8Array(length) : ZEROS.subarray(0, length);
}

/**
 * The bytes of a Buffer as a plain Uint8Array that owns its memory: the platform may hand out parts of a shared pool.
 */
function plain(buffer: Uint8Array): Uint8Array {
  // Not Uint8Array.from, which takes 10 ns a byte in JavaScriptCore.
  return buffer.byteLength === buffer.buffer.byteLength ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}
