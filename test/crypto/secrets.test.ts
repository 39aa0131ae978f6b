// Nothing that holds a secret shows it but by the methods made for it: not to inspection, JSON, text or errors.

import { format, inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { HpkeKeyPair } from "../../src/dap/index.js";
import { Client, generateKeyPair, PrivateKey, PublicKey, Server, ServerSecret, setCrypto } from "../../src/index.js";
import { configFor, errorOf } from "../support/deployment.js";
import { providers, using } from "../support/providers.js";

/** Everything that logs and debuggers commonly make of a value. */
function renderings(x: unknown): string {
  const properties = typeof x === "object" && x !== null ? Reflect.ownKeys(x).map((key) => Reflect.get(x, key)) : [];
  return [
    ...[true, false].flatMap((showHidden) =>
      [true, false].map((getters) =>
        inspect(x, {
          showHidden,
          getters,
          depth: Number.POSITIVE_INFINITY,
          maxArrayLength: null,
          maxStringLength: null,
        }),
      ),
    ),
    format("%s %o %O %j", x, x, x, hasBigInts(x) ? "" : x),
    cloned(x),
    JSON.stringify(x, withoutBigInts),
    JSON.stringify(properties, withoutBigInts),
    String(x),
    x instanceof Error ? `${x.message} ${x.stack}` : "",
  ].join("\n");
}

/** What of a value crosses to another thread, if anything does. */
function cloned(x: unknown): string {
  try {
    return inspect(structuredClone(x), { showHidden: true, depth: Number.POSITIVE_INFINITY, maxArrayLength: null });
  } catch (error) {
    return String((error as Error).stack);
  }
}

function hasBigInts(x: unknown): boolean {
  try {
    JSON.stringify(x);
    return false;
  } catch {
    return true;
  }
}

/** JSON has no bigints and throws where it meets one. */
function withoutBigInts(_key: string, x: unknown): unknown {
  return typeof x === "bigint" ? x.toString() : x;
}

/** The forms in which 16 or 32 secret bytes could show, all of them or a run of 8. */
function shows(text: string, secret: Uint8Array): boolean {
  const squeezed = text.toLowerCase().replace(/[\s,]+/g, " ");
  const forms = [secret, secret.subarray(0, 8), secret.subarray(-8)].flatMap((bytes) => {
    const hex = Buffer.from(bytes).toString("hex");
    const numbers = Array.from(bytes, String);
    return [
      hex,
      (hex.match(/../g) ?? []).join(" "),
      numbers.join(" "),
      numbers.map((x, i) => `"${i}":${x}`).join(" "),
      BigInt(`0x${hex}`).toString(),
    ];
  });
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "");
  return (
    forms.some((form) => squeezed.includes(form)) ||
    text.includes(base64) ||
    text.includes(Buffer.from(secret).toString("base64url"))
  );
}

describe("the search itself", () => {
  const secret = Uint8Array.from({ length: 32 }, (_, i) => (i * 97 + 13) & 0xff);

  it.each([
    ["bytes", { x: { y: [secret] } }],
    ["a Buffer", Buffer.from(secret)],
    ["an array", [...secret]],
    ["upper-case hex", { hex: Buffer.from(secret).toString("hex").toUpperCase() }],
    ["base64", new Error(`key ${Buffer.from(secret).toString("base64")}`)],
    ["base64url", new Map([["d", Buffer.from(secret).toString("base64url")]])],
    ["a number", { n: BigInt(`0x${Buffer.from(secret).toString("hex")}`) }.n],
    ["a hidden property", Object.defineProperty({}, "x", { value: secret, enumerable: false })],
    [
      "an inherited getter",
      new (class {
        get x() {
          return secret;
        }
      })(),
    ],
    ["half of it", secret.subarray(24)],
  ])("finds %s", (_what, x) => {
    const text = renderings(x);
    expect(shows(text, secret)).toBe(true);
  });
});

describe("what is public", () => {
  it("a public key shows itself, and so does a configuration", () => {
    const { publicKey } = generateKeyPair();
    expect(inspect(publicKey)).toBe(`PublicKey { ${publicKey.toHex()} }`);
    expect(inspect({ publicKey })).toContain(publicKey.toHex());
    expect(JSON.stringify({ publicKey })).toBe(`{"publicKey":"${publicKey.toHex()}"}`);
    expect(inspect(configFor({ fields: 3, serverA: publicKey }))).toContain(publicKey.toHex());
    // What only claims to be one does not make inspect throw.
    expect(inspect(Object.create(PublicKey.prototype))).toBe("PublicKey {}");
  });
});

describe.each(providers)("with %s", (name) => {
  it.each(["fresh", "read from text", "used"])("keys and secrets that are %s", (state) => {
    using(name, () => {
      const fresh = generateKeyPair();
      const keys = state === "fresh" ? fresh : { ...fresh, privateKey: PrivateKey.fromHex(fresh.privateKey.toHex()) };
      const secret =
        state === "fresh" ? ServerSecret.generate() : ServerSecret.fromBase64(ServerSecret.generate().toBase64());
      if (state === "used") {
        const other = generateKeyPair().publicKey;
        const config = configFor({ fields: 3, serverA: keys.publicKey, serverB: other });
        const { a } = new Client(config).encode([1, 0, 1]);
        new Server(config, { id: "A", privateKey: keys.privateKey, secret }).open(a);
      }
      const text =
        renderings({ keys, key: keys.privateKey, secret }) + renderings(keys.privateKey) + renderings(secret);
      expect(shows(text, keys.privateKey.toBytes())).toBe(false);
      expect(shows(text, secret.toBytes())).toBe(false);
      expect(text).toContain("PrivateKey");
    });
  });

  it("HPKE key pairs, whose public half shows", () => {
    using(name, () => {
      const keyPair = HpkeKeyPair.fromBytes(200, generateKeyPair().privateKey.toBytes());
      const text = renderings(keyPair) + renderings({ keyPair });
      expect(shows(text, keyPair.toBytes())).toBe(false);
      expect(shows(text, keyPair.config.publicKey)).toBe(true);
      for (const id of [-1, 256, 1.5, "1"]) {
        const error = errorOf(() => HpkeKeyPair.fromBytes(id as number, keyPair.toBytes()));
        expect(error.code).toBe("out-of-range");
        expect(shows(renderings(error), keyPair.toBytes())).toBe(false);
      }
      expect(errorOf(() => HpkeKeyPair.fromBytes(1, keyPair.toBytes().subarray(1))).code).toBe("wrong-length");
      expect(errorOf(() => Reflect.construct(HpkeKeyPair, [Symbol("maker"), 1, {}])).code).toBe("invalid-argument");
    });
  });

  it("sessions, checks and clients", () => {
    using(name, () => {
      const keysA = generateKeyPair();
      const keysB = generateKeyPair();
      const secret = ServerSecret.generate();
      const config = configFor({ fields: 3, serverA: keysA.publicKey, serverB: keysB.publicKey });
      const client = new Client(config);
      const { a, b } = client.encode([1, 0, 1]);
      for (const queryPoints of ["stream", "report"] as const) {
        const serverA = new Server(config, { id: "A", privateKey: keysA.privateKey, secret, queryPoints });
        const serverB = new Server(config, { id: "B", privateKey: keysB.privateKey, secret, queryPoints });
        const verifierA = serverA.open(a, "id");
        const verifierB = serverB.open(b, "id");
        const [a1, b1] = [verifierA.verify1(), verifierB.verify1()];
        const [a2, b2] = [verifierA.verify2(a1, b1), verifierB.verify2(a1, b1)];
        const reports = [verifierA.check(a2, b2), verifierB.check(a2, b2)];
        const text = [config, client, serverA, serverB, verifierA, verifierB, ...reports].map(renderings).join("\n");
        for (const bytes of [keysA.privateKey.toBytes(), keysB.privateKey.toBytes(), secret.toBytes()]) {
          expect(shows(text, bytes)).toBe(false);
        }
        expect(text).toContain("Verifier");
      }
    });
  });

  it("errors about keys and secrets of the wrong form", () => {
    using(name, () => {
      const key = generateKeyPair().privateKey;
      const secret = ServerSecret.generate();
      const wrong: [Uint8Array, () => unknown][] = [
        [key.toBytes(), () => PrivateKey.fromHex(`${key.toHex()}0`)],
        [key.toBytes(), () => PrivateKey.fromHex(key.toHex().slice(0, 63))],
        [key.toBytes(), () => PrivateKey.fromHex(`${key.toHex().slice(0, 63)}x`)],
        [key.toBytes(), () => PrivateKey.fromHex(key.toBytes() as unknown as string)],
        [key.toBytes(), () => PrivateKey.fromBytes(key.toHex() as unknown as Uint8Array)],
        [key.toBytes(), () => PrivateKey.fromBytes(Uint8Array.of(...key.toBytes(), 0))],
        [key.toBytes(), () => PublicKey.fromHex(`${key.toHex().slice(0, 63)}x`)],
        [key.toBytes(), () => PublicKey.fromBytes([...key.toBytes()] as unknown as Uint8Array)],
        [key.toBytes(), () => setCrypto(key.toHex() as "auto")],
        [secret.toBytes(), () => ServerSecret.fromBase64(`A${secret.toBase64()}`)],
        [secret.toBytes(), () => ServerSecret.fromBase64(`${secret.toBase64().slice(0, 22)}=!`)],
        [secret.toBytes(), () => ServerSecret.fromBase64(secret.toBytes() as unknown as string)],
        [secret.toBytes(), () => ServerSecret.fromBytes(secret.toBytes().subarray(1))],
      ];
      for (const [bytes, f] of wrong) {
        const error = errorOf(f);
        expect(["invalid-argument", "wrong-length", "invalid-encoding"]).toContain(error.code);
        expect(shows(renderings(error), bytes)).toBe(false);
      }
    });
  });

  it("errors of sessions", () => {
    using(name, () => {
      const keysA = generateKeyPair();
      const secret = ServerSecret.generate();
      const config = configFor({ fields: 3, serverA: keysA.publicKey });
      const { a, b } = new Client(config).encode([1, 0, 1]);
      const server = new Server(config, { id: "A", privateKey: keysA.privateKey, secret });
      server.open(a);
      for (const f of [
        () => server.open(a),
        () => server.open(b),
        () => server.open(new Uint8Array(100)),
        () => new Server(config, { id: "C" as "A", privateKey: keysA.privateKey, secret }),
        () => new Server(config, { id: "A", privateKey: secret as unknown as PrivateKey, secret }),
        () =>
          new Server(config, {
            id: "A",
            privateKey: keysA.privateKey,
            secret: secret.toBytes() as unknown as ServerSecret,
          }),
      ]) {
        const text = renderings(errorOf(f));
        expect([shows(text, keysA.privateKey.toBytes()), shows(text, secret.toBytes())]).toEqual([false, false]);
      }
    });
  });
});
