// Which provider is in use: the platform's when it computes rightly, noble in every other case.

import nodeCrypto from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ANSWERS } from "../../src/crypto/provider.js";
import { cryptoInUse, setCrypto } from "../../src/index.js";
import { codeOf } from "../support/deployment.js";

const builtin = process.getBuiltinModule;

/** The library as it loads on a platform whose process.getBuiltinModule is this. */
async function libraryOn(getBuiltinModule: unknown) {
  vi.resetModules();
  vi.stubGlobal("process", { ...process, getBuiltinModule });
  return { ...(await import("../../src/index.js")), ...(await import("../../src/crypto/provider.js")) };
}

/** The same with some functions of node:crypto replaced. */
function libraryWith(replacements: Partial<Record<keyof typeof nodeCrypto, unknown>>) {
  return libraryOn((name: string) => (name === "node:crypto" ? { ...nodeCrypto, ...replacements } : builtin(name)));
}

function freshPair(library: Awaited<ReturnType<typeof libraryOn>>) {
  return library.provider().keyPair(nodeCrypto.randomBytes(32));
}

afterEach(() => {
  vi.unstubAllGlobals();
  setCrypto("auto");
});

const broken = () => {
  throw new Error("not in this build");
};

/** A hash or cipher of node:crypto with methods replaced. */
function changed(object: object, methods: Record<string, unknown>): unknown {
  return new Proxy(object, {
    get(target, name) {
      const own = typeof name === "string" ? methods[name] : undefined;
      const method = own ?? Reflect.get(target, name);
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
}

it("is asked for the answers that the standards give", () => {
  const standard = [
    // NIST SP 800-38A, the block of the last counter and of the first.
    "3f5b8cc9ea855a0afa7347d23e8d664e66e94bd4ef8a2c3b884cfa59ca342b2e",
    // AES-128-GCM of zeros.
    "0388dace60b6a392f328c2b971b2fe78d24e503a1bb037071c71b35d987b8657",
    // RFC 7748 section 5.2, as a public key and as an agreement.
    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
  ];
  expect(
    nodeCrypto
      .createHash("sha256")
      .update(Buffer.from(standard.join(""), "hex"))
      .digest("hex"),
  ).toBe(ANSWERS);
});

describe("setCrypto", () => {
  it("takes the platform's own by default, here and wherever there is one", () => {
    expect(cryptoInUse()).toBe("native");
  });

  it("takes it before the platform has randomness, as while a Worker loads its modules", async () => {
    vi.stubGlobal("crypto", { getRandomValues: broken });
    const library = await libraryOn(builtin);
    // RFC 7748 section 5.2: the base point times the scalar 9 once.
    const nine = library.PrivateKey.fromBytes(Uint8Array.of(9, ...new Uint8Array(31)));
    expect(nine.publicKey.toHex()).toMatch(/^422C8E7A/);
    expect(library.cryptoInUse()).toBe("native");
  });

  it("forces either, and goes back", () => {
    setCrypto("noble");
    expect(cryptoInUse()).toBe("noble");
    setCrypto("native");
    expect(cryptoInUse()).toBe("native");
    setCrypto("noble");
    setCrypto("auto");
    expect(cryptoInUse()).toBe("native");
  });

  it.each([undefined, null, "", "openssl", 1, {}])("refuses %j and changes nothing", (choice) => {
    setCrypto("noble");
    expect(codeOf(() => setCrypto(choice as "auto"))).toBe("invalid-argument");
    expect(cryptoInUse()).toBe("noble");
  });
});

describe("a platform", () => {
  it.each([
    ["without the function", undefined],
    ["without the module", () => undefined],
    ["that gives null", () => null],
    ["that refuses the module", broken],
    ["with an empty module", () => ({})],
    ["with cryptography alone", (name: string) => (name === "node:crypto" ? nodeCrypto : undefined)],
    ["with a function for everything", () => new Proxy({}, { get: () => () => new Uint8Array(32) })],
  ])("%s: noble", async (_what, getBuiltinModule) => {
    const library = await libraryOn(getBuiltinModule);
    expect(library.cryptoInUse()).toBe("noble");
    expect(() => library.setCrypto("native")).toThrow(
      expect.objectContaining({ name: "PrioError", code: "invalid-argument" }),
    );
    library.setCrypto("auto");
    expect(library.cryptoInUse()).toBe("noble");
    const { publicKey, privateKey } = library.generateKeyPair();
    expect(library.PrivateKey.fromHex(privateKey.toHex()).publicKey.toHex()).toBe(publicKey.toHex());
  });

  it("without process: noble", async () => {
    vi.resetModules();
    vi.stubGlobal("process", undefined);
    const library = await import("../../src/index.js");
    expect(library.cryptoInUse()).toBe("noble");
  });

  it("with node:crypto as it is: native", async () => {
    expect((await libraryWith({})).cryptoInUse()).toBe("native");
  });

  it.each([
    ["without X25519, a FIPS build", { createPublicKey: broken, createPrivateKey: broken }],
    ["without import of public keys", { createPublicKey: broken }],
    ["without import of private keys", { createPrivateKey: broken }],
    ["without agreement", { diffieHellman: broken }],
    ["without hashes", { hash: broken, createHash: broken }],
    ["with objects for hashes alone, and without them", { hash: undefined, createHash: broken }],
    ["without ciphers", { createCipheriv: broken }],
    ["without deciphers", { createDecipheriv: broken }],
    ["with a wrong hash", { hash: () => Buffer.alloc(32) }],
    ["with a wrong hash object", { hash: undefined, createHash: () => nodeCrypto.createHash("sha512").update("x") }],
    ["with a wrong agreement", { diffieHellman: () => Buffer.alloc(32, 1) }],
    ["that agrees on nothing", { diffieHellman: () => Buffer.alloc(32) }],
    [
      "with another counter mode",
      {
        createCipheriv: (name: string, key: Uint8Array, iv: Uint8Array) =>
          nodeCrypto.createCipheriv(name === "aes-128-ctr" ? "aes-128-cbc" : name, key, iv),
      },
    ],
    [
      "that ignores associated data",
      {
        createCipheriv: (name: "aes-128-gcm", key: Uint8Array, iv: Uint8Array) =>
          changed(nodeCrypto.createCipheriv(name, key, iv), { setAAD: () => null }),
      },
    ],
    [
      "that accepts every tag",
      {
        createDecipheriv: (name: "aes-128-gcm", key: Uint8Array, iv: Uint8Array) =>
          changed(nodeCrypto.createDecipheriv(name, key, iv), { final: () => new Uint8Array(0) }),
      },
    ],
  ])("%s: noble", async (_what, replacements) => {
    const library = await libraryWith(replacements);
    expect(library.cryptoInUse()).toBe("noble");
  });
});

describe("the native provider", () => {
  // Node 20 hangs now and then in exporting what generateKeyPairSync made, when the garbage collector runs just then.
  it("does without the platform's generation of keys", async () => {
    const library = await libraryWith({ generateKeyPairSync: broken, generateKeyPair: broken });
    expect(library.cryptoInUse()).toBe("native");
    const { publicKey, privateKey } = library.generateKeyPair();
    expect(library.PrivateKey.fromHex(privateKey.toHex()).publicKey.toHex()).toBe(publicKey.toHex());
  });

  it.each([
    ["looks at the public key of a private JWK", broken],
    ["keeps the public key that a private JWK brought", () => nodeCrypto.generateKeyPairSync("x25519").privateKey],
  ])("goes by PKCS #8 where the platform %s", async (_what, importJwk) => {
    const formats = new Set<string>();
    const library = await libraryWith({
      createPrivateKey(key: { format: "jwk" | "der" }) {
        formats.add(key.format);
        return key.format === "jwk"
          ? importJwk()
          : nodeCrypto.createPrivateKey(key as Parameters<typeof nodeCrypto.createPrivateKey>[0]);
      },
    });
    expect(library.cryptoInUse()).toBe("native");
    formats.clear();
    const pair = library.provider().keyPair(Uint8Array.of(9, ...new Uint8Array(31)));
    expect(Buffer.from(pair.publicKey).toString("hex")).toBe(
      "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
    );
    expect([...formats]).toEqual(["der"]);
  });

  it("hashes by objects where there is no call for it", async () => {
    const library = await libraryWith({ hash: undefined });
    expect(library.cryptoInUse()).toBe("native");
    const digest = library.provider().sha256(Uint8Array.of(1));
    expect(Buffer.from(digest)).toEqual(nodeCrypto.createHash("sha256").update(Uint8Array.of(1)).digest());
  });

  it("hands out no part of a pool that the platform shares", async () => {
    const library = await libraryWith({
      hash: undefined,
      createHash: () => ({
        update: (bytes: Uint8Array) => ({
          digest() {
            const pool = Buffer.alloc(100);
            pool.set(nodeCrypto.createHash("sha256").update(bytes).digest(), 50);
            return pool.subarray(50, 82);
          },
        }),
      }),
    });
    expect(library.cryptoInUse()).toBe("native");
    const digest = library.provider().sha256(Uint8Array.of(1));
    expect(Buffer.from(digest)).toEqual(nodeCrypto.createHash("sha256").update(Uint8Array.of(1)).digest());
    expect(digest.buffer.byteLength).toBe(32);
  });

  it("refuses a low-order key by itself where the platform gives its all-zero secret", async () => {
    const library = await libraryWith({
      diffieHellman(keys: Parameters<typeof nodeCrypto.diffieHellman>[0]) {
        try {
          return nodeCrypto.diffieHellman(keys);
        } catch {
          return Buffer.alloc(32);
        }
      },
    });
    expect(library.cryptoInUse()).toBe("native");
    expect(freshPair(library).agree(new Uint8Array(32), false)).toBeNull();
  });

  it("agrees rightly where the platform refuses a key that it should take", async () => {
    let refusing = false;
    const library = await libraryWith({
      createPublicKey(key: Parameters<typeof nodeCrypto.createPublicKey>[0]) {
        if (refusing) broken();
        return nodeCrypto.createPublicKey(key);
      },
    });
    expect(library.cryptoInUse()).toBe("native");
    const [one, two] = [freshPair(library), freshPair(library)];
    const [publicOne, publicTwo] = [one.publicKey, two.publicKey];
    const secret = one.agree(publicTwo, false);
    refusing = true;
    expect(two.agree(publicOne, false)).toEqual(secret);
    expect(secret).toHaveLength(32);
  });

  it("imports a lasting public key once, and a passing one each time", async () => {
    const createPublicKey = vi.fn(nodeCrypto.createPublicKey);
    const library = await libraryWith({ createPublicKey });
    const pair = freshPair(library);
    const peer = freshPair(library).publicKey;
    createPublicKey.mockClear();
    const secrets = [pair.agree(peer, true), pair.agree(peer, true), pair.agree(peer, true)];
    expect(createPublicKey).toHaveBeenCalledTimes(1);
    const passing = peer.slice();
    secrets.push(pair.agree(passing, false), pair.agree(passing, false));
    expect(createPublicKey).toHaveBeenCalledTimes(3);
    expect(new Set(secrets.map(String)).size).toBe(1);
  });
});
