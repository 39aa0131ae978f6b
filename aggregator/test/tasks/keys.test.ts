// HPKE keys over time: known to all before they are announced, and open long after they are not.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../src/store/open.js";
import type { Store } from "../../src/store/store.js";
import { addPendingKey, advanceHpkeKeys, HpkeKeys, type KeyPolicy, resealHpkeKeys } from "../../src/tasks/keys.js";
import { Secrets } from "../../src/tasks/secrets.js";

const secrets = new Secrets(new Uint8Array(32).fill(7));
const policy: KeyPolicy = { activateAfter: 300, rotateEvery: 1000, keepExpired: 5000 };

let store: Store;
beforeEach(async () => {
  store = await openStore("sqlite::memory:");
});
afterEach(() => store.close());

const advance = (at: number, changed: KeyPolicy = policy) =>
  store.run("advance", (tx) => advanceHpkeKeys(tx, secrets, changed, at));
const load = () => HpkeKeys.load(store, secrets);
const announced = async () => (await load()).announced().map(({ id }) => id);

describe("the life of a key", () => {
  test("the first one is active at once", async () => {
    expect(await announced()).toEqual([]);
    expect(await advance(0)).toEqual([{ id: 1, to: "active" }]);
    expect(await advance(0)).toEqual([]);
    expect(await announced()).toEqual([1]);
  });

  test("its successor is pending, then active, while the first one expires, still opens, and goes", async () => {
    await advance(0);
    expect(await advance(999)).toEqual([]);
    expect(await advance(1000)).toEqual([{ id: 2, to: "pending" }]);
    expect(await announced()).toEqual([1]);
    // A process may get a report for a key that another has announced a moment before.
    expect((await load()).pair(2)?.config.id).toBe(2);
    expect(await advance(1299)).toEqual([]);
    expect(await advance(1300)).toEqual([
      { id: 2, to: "active" },
      { id: 1, to: "expired" },
    ]);
    const keys = await load();
    expect(keys.announced().map(({ id }) => id)).toEqual([2]);
    expect(keys.pair(1)?.config.id).toBe(1);
    const never = { ...policy, rotateEvery: null };
    expect(await advance(6299, never)).toEqual([]);
    expect(await advance(6300, never)).toEqual([{ id: 1, to: "removed" }]);
    expect((await load()).pair(1)).toBeUndefined();
  });

  test("an operator's key comes in the same way, and asking twice makes one", async () => {
    await advance(0);
    const add = () => store.run("add", (tx) => addPendingKey(tx, secrets, 10));
    expect([await add(), await add()]).toEqual([2, 2]);
    await advance(310);
    expect(await announced()).toEqual([2]);
  });

  test("an id comes again only after all others", async () => {
    const never = { ...policy, keepExpired: 100 };
    const ids: number[] = [];
    for (let i = 0, at = 0; i < 300; i++, at += 1400) {
      const changes = [...(await advance(at, never)), ...(await advance(at + 300, never))];
      ids.push(...changes.filter(({ to }) => to === "active").map(({ id }) => id));
    }
    expect(ids.slice(0, 256)).toEqual(Array.from({ length: 256 }, (_, i) => (i + 1) % 256));
    expect(new Set(ids.slice(0, 256)).size).toBe(256);
  });
});

test("private keys are sealed, and another deployment's key is one clear error", async () => {
  await advance(0);
  const pair = (await load()).pair(1);
  const [row] = await store.run("read", (tx) => tx.hpkeKeys());
  const privateKey = Buffer.from(pair?.toBytes() ?? []);
  expect(privateKey).toHaveLength(32);
  expect(Buffer.from(row?.sealed ?? []).includes(privateKey)).toBe(false);
  const other = new Secrets(new Uint8Array(32).fill(8));
  await expect(HpkeKeys.load(store, other)).rejects.toThrow("the store is sealed under the key");
});

test("sealing anew under another key keeps keys and states", async () => {
  await advance(0);
  await advance(1000);
  const fresh = new Uint8Array(32).fill(9);
  const both = new Secrets(fresh, new Uint8Array(32).fill(7));
  const before = await load();
  expect(await store.run("reseal", (tx) => resealHpkeKeys(tx, both))).toBe(2);
  expect(await store.run("reseal", (tx) => resealHpkeKeys(tx, both))).toBe(0);
  const after = await HpkeKeys.load(store, new Secrets(fresh));
  expect(after.announced()).toEqual(before.announced());
  expect(after.pair(2)?.toBytes()).toEqual(before.pair(2)?.toBytes());
});

test("a pair that did not change stays the same object, so that the platform prepares it once", async () => {
  await advance(0);
  const keys = await load();
  const pair = keys.pair(1);
  await keys.refresh();
  expect(keys.pair(1)).toBe(pair);
});

test("a reading that was overtaken takes no key away that was read since", async () => {
  await advance(0);
  const keys = await load();
  const { run } = store;
  const held: (() => void)[] = [];
  // Answers come in another order, as those of several connections do.
  store.run = async (name, body) => {
    const result = await run.call(store, name, body);
    await new Promise<void>((resolve) => held.push(resolve));
    return result as Awaited<ReturnType<typeof body>>;
  };
  const first = keys.refresh();
  await expect.poll(() => held.length).toBe(1);
  store.run = run;
  await store.run("add", (tx) => addPendingKey(tx, secrets, 10));
  await keys.refresh();
  expect(keys.pair(2)?.config.id).toBe(2);
  held[0]?.();
  await first;
  expect(keys.pair(2)?.config.id).toBe(2);
});
