// Secrets at rest: what comes back, what does not open, and where the key comes from.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Secrets } from "../../src/tasks/secrets.js";

const KEY = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);

describe("sealing", () => {
  test("what was sealed comes back, under the row's own name alone", () => {
    const secrets = new Secrets(KEY);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), fc.string(), (secret, row, other) => {
        const sealed = secrets.seal(row, secret);
        expect(sealed.length).toBe(secret.length + 33);
        expect([...secrets.open(row, sealed)]).toEqual([...secret]);
        if (row !== other) expect(() => secrets.open(other, sealed)).toThrow("changed, or belong to another row");
      }),
    );
  });

  test("a changed byte anywhere is noticed", () => {
    const secrets = new Secrets(KEY);
    const sealed = secrets.seal("row", Buffer.from("a secret"));
    for (let i = 0; i < sealed.length; i++) {
      const changed = Uint8Array.from(sealed);
      changed[i] = (changed[i] as number) ^ 1;
      expect(() => secrets.open("row", changed), `byte ${i}`).toThrow();
    }
  });

  test("two seals of the same are not the same", () => {
    const secrets = new Secrets(KEY);
    expect(secrets.seal("row", KEY)).not.toEqual(secrets.seal("row", KEY));
  });

  test("another key is one sentence that names both, and no secret", () => {
    const sealed = new Secrets(KEY).seal("row", Buffer.from("a secret"));
    const names = [new Secrets(KEY), new Secrets(OTHER)].map(({ keyName }) => keyName);
    expect(() => new Secrets(OTHER).open("row", sealed)).toThrow(
      `the store is sealed under the key ${names[0]}, and this process has ${names[1]}`,
    );
  });

  test("with the old key beside the new one, both open and the new one seals", () => {
    const sealed = new Secrets(KEY).seal("row", Buffer.from("a secret"));
    const both = new Secrets(OTHER, KEY);
    expect(both.isOld(sealed)).toBe(true);
    const again = both.seal("row", both.open("row", sealed));
    expect(both.isOld(again)).toBe(false);
    expect(new Secrets(OTHER).open("row", again).toString()).toBe("a secret");
  });

  test("too few bytes, and another version, are no secrets", () => {
    const secrets = new Secrets(KEY);
    for (const bytes of [new Uint8Array(0), new Uint8Array(32), new Uint8Array(80).fill(2)]) {
      expect(() => secrets.open("row", bytes)).toThrow("expected what this program has sealed");
    }
  });
});

describe("the key of the environment", () => {
  const sealed = new Secrets(KEY).seal("row", Buffer.from("a secret"));
  const opens = (env: Record<string, string>): string => Secrets.fromEnvironment(env).open("row", sealed).toString();

  test.each(["hex", "base64", "base64url"] as const)("in %s", (encoding) => {
    expect(opens({ PRIO_AGGREGATOR_KEY: Buffer.from(KEY).toString(encoding) })).toBe("a secret");
  });

  test("in a file, and an old one too", () => {
    const folder = mkdtempSync(join(tmpdir(), "prio-secrets-"));
    try {
      const file = join(folder, "key");
      writeFileSync(file, `${Buffer.from(KEY).toString("base64url")}\n`, { mode: 0o600 });
      expect(opens({ PRIO_AGGREGATOR_KEY_FILE: file })).toBe("a secret");
      const fresh = { PRIO_AGGREGATOR_KEY: Secrets.newKeyText() };
      expect(opens({ ...fresh, PRIO_AGGREGATOR_OLD_KEY_FILE: file })).toBe("a secret");
      // The group may read it, as in containers, and nobody else.
      chmodSync(file, 0o440);
      expect(opens({ PRIO_AGGREGATOR_KEY_FILE: file })).toBe("a secret");
      for (const mode of [0o604, 0o620, 0o644]) {
        chmodSync(file, mode);
        expect(() => opens({ PRIO_AGGREGATOR_KEY_FILE: file })).toThrow(
          `is open to others (mode 0${mode.toString(8)})`,
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    [{}, "expected the key of this deployment in PRIO_AGGREGATOR_KEY_FILE or PRIO_AGGREGATOR_KEY, got neither"],
    [{ PRIO_AGGREGATOR_KEY: "", PRIO_AGGREGATOR_KEY_FILE: "" }, "got neither"],
    [{ PRIO_AGGREGATOR_KEY: "a", PRIO_AGGREGATOR_KEY_FILE: "b" }, "got both"],
    [{ PRIO_AGGREGATOR_KEY: "short" }, "PRIO_AGGREGATOR_KEY: expected a key of 32 bytes"],
    [{ PRIO_AGGREGATOR_KEY: `${"ab".repeat(31)}zz` }, "expected a key of 32 bytes"],
    [{ PRIO_AGGREGATOR_KEY_FILE: "/no/such/file" }, "cannot read /no/such/file: no such file or directory"],
  ])("%j: %s", (env, message) => {
    expect(() => Secrets.fromEnvironment(env)).toThrow(message);
  });

  test("a message never shows what was given", () => {
    const text = "not-a-key-but-somebody's-password";
    expect(() => Secrets.fromEnvironment({ PRIO_AGGREGATOR_KEY: text })).toThrow(/^(?!.*password)/);
  });
});
