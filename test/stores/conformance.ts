// What every store does. The suite runs over a directory, over S3 with a server of ours, and over real S3 servers.

import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { compareKeys } from "../../src/stores/keys.js";
import type { StoreSettings } from "../../src/stores/settings.js";
import type { Content, Store, StoredObject } from "../../src/stores/store.js";

/** Opens an empty store, each time another one. */
export type OpenEmptyStore = (settings?: StoreSettings) => Promise<Store> | Store;

export interface Scale {
  /** Runs of the comparison with a map. */
  readonly runs: number;
  /** More objects than a listing of S3 has on one page. */
  readonly many: number;
  /** In bytes: more than two parts of an upload. */
  readonly large: number;
  /** Whether of several that write at once, only one succeeds. */
  readonly hasExclusiveWrites: boolean;
}

/** Keys that lose or get something where they are not encoded, or twice. */
export const ODD_KEYS = [
  "batch_id=content.blocking_blocked-0/part-00000.json.gz",
  "_SUCCESS",
  "a b/c  d",
  " lead",
  "trail ",
  "a+b%2Fc%zz",
  "100%",
  "q?x=1&y=2#z",
  "quote'\"`<&>(!*)",
  "[x]{y}|z^~",
  "$@:;,",
  "é/e\u0301",
  "\u{1f642}/\uffee",
  "...",
  ".hidden/x",
];

export async function bytesOf(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

export async function allOf(objects: AsyncIterable<StoredObject>): Promise<StoredObject[]> {
  const all: StoredObject[] = [];
  for await (const object of objects) all.push(object);
  return all;
}

const textOf = async (store: Store, key: string, version?: string) =>
  (await bytesOf(store.read(key, version))).toString();
const keysOf = async (store: Store, prefix = "") => (await allOf(store.list(prefix))).map(({ key }) => key);

export function describeStore(
  name: string,
  open: OpenEmptyStore,
  { runs, many, large, hasExclusiveWrites }: Scale,
): void {
  describe(name, () => {
    it("gives back what was written, and describes it alike everywhere", async () => {
      const store = await open();
      for (const size of [0, 1, 1000, 70_000]) {
        const bytes = randomBytes(size);
        const written = await store.write("a/b", contentOf(bytes));
        expect(written).toMatchObject({ key: "a/b", size });
        expect(await store.stat("a/b")).toEqual(written);
        expect(await allOf(store.list(""))).toEqual([written]);
        expect((await bytesOf(store.read("a/b"))).equals(bytes)).toBe(true);
        expect((await bytesOf(store.read("a/b", written.version))).equals(bytes)).toBe(true);
      }
    });

    it("has nothing where nothing was written", async () => {
      const store = await open();
      await store.write("a/b", contentOf("x"));
      for (const key of ["a", "a/b/c", "b", "A/B"]) {
        expect([key, await store.stat(key)]).toEqual([key, undefined]);
        await expect(textOf(store, key)).rejects.toMatchObject({ code: "not-found", key, isTransient: false });
        await store.delete(key);
      }
      expect(await keysOf(store)).toEqual(["a/b"]);
    });

    it("takes keys of any characters that a key may have", async () => {
      const store = await open();
      for (const key of ODD_KEYS) await store.write(key, contentOf(key));
      expect(await keysOf(store)).toEqual([...ODD_KEYS].sort(compareKeys));
      for (const key of ODD_KEYS) {
        expect(await keysOf(store, key)).toContain(key);
        expect(await textOf(store, key, (await store.stat(key))?.version)).toBe(key);
        await store.delete(key);
      }
      expect(await keysOf(store)).toEqual([]);
    });

    it("refuses what is no key, whatever is asked", async () => {
      const store = await open();
      for (const key of ["", "/a", "../a", "a/./b", "a//b", "a\nb", "a/.x.0123abcd-1-89abcdef.tmp"]) {
        const refused = expect.objectContaining({ code: "refused", isTransient: false });
        await expect(store.stat(key)).rejects.toEqual(refused);
        await expect(store.write(key, contentOf("x"))).rejects.toEqual(refused);
        await expect(store.delete(key)).rejects.toEqual(refused);
        await expect(textOf(store, key)).rejects.toEqual(refused);
      }
      await expect(keysOf(store, "../")).rejects.toMatchObject({ code: "refused" });
      expect(await keysOf(store)).toEqual([]);
    });

    it("lists by the beginning of keys, in the order of their bytes", async () => {
      const store = await open();
      const keys = ["a.txt", "a/b/c", "a/b=1/x", "a/b=2/x", "a0", "b", "z/\uffee", "z/\u{1f642}"];
      for (const key of [...keys].reverse()) await store.write(key, contentOf(""));
      expect(await keysOf(store)).toEqual(keys);
      for (const prefix of ["a", "a/", "a/b", "a/b=", "a/b=2/x", "a/b=2/xy", "z/", "c", "b/"]) {
        expect(await keysOf(store, prefix)).toEqual(keys.filter((key) => key.startsWith(prefix)));
      }
    });

    it("lists more objects than fit on a page, and stops when the reader does", async () => {
      const store = await open();
      const keys = Array.from({ length: many }, (_, i) => `many/${i}`);
      for (let i = 0; i < many; i += 100) {
        await Promise.all(keys.slice(i, i + 100).map((key) => store.write(key, contentOf(key))));
      }
      expect(await keysOf(store, "many/")).toEqual([...keys].sort(compareKeys));
      for await (const { key } of store.list("many/")) {
        expect(key).toBe("many/0");
        break;
      }
    });

    it("replaces an object, whose version changes", async () => {
      const store = await open();
      const first = await store.write("x", contentOf("first"));
      const second = await store.write("x", contentOf("other"));
      expect(second.version).not.toBe(first.version);
      expect(await textOf(store, "x", second.version)).toBe("other");
      await expect(textOf(store, "x", first.version)).rejects.toMatchObject({ code: "changed", isTransient: false });
      await store.delete("x");
      await expect(textOf(store, "x", second.version)).rejects.toMatchObject({ code: "not-found" });
    });

    it("writes only if absent, and leaves what is there", async () => {
      const store = await open();
      await store.write("lock", contentOf("mine"), { ifAbsent: true });
      const again = store.write("lock", contentOf("yours"), { ifAbsent: true });
      await expect(again).rejects.toMatchObject({ code: "exists", isTransient: false });
      await store.write("old", contentOf("mine"));
      await expect(store.write("old", contentOf("yours"), { ifAbsent: true })).rejects.toMatchObject({
        code: "exists",
      });
      expect([await textOf(store, "lock"), await textOf(store, "old")]).toEqual(["mine", "mine"]);
      await store.delete("lock");
      await store.write("lock", contentOf("next"), { ifAbsent: true });
      expect(await keysOf(store)).toEqual(["lock", "old"]);
    });

    it("of many that write at once only if absent, says to one that it did", async () => {
      const store = await open();
      await store.write("another", contentOf("x"), { ifAbsent: true });
      const writers = Array.from({ length: 8 }, (_, i) => `writer ${i}`);
      const results = await Promise.allSettled(
        writers.map((text) => store.write("lock", contentOf(text), { ifAbsent: true })),
      );
      const winners = writers.filter((_, i) => results[i]?.status === "fulfilled");
      if (hasExclusiveWrites) expect(winners).toHaveLength(1);
      expect(winners).toContain(await textOf(store, "lock"));
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "exists" });
      }
    });

    it("keeps the old object, or none, when the new one cannot be read to its end", async () => {
      const store = await open();
      await store.write("old", contentOf("old"));
      for (const size of [5, large]) {
        const broken = (bytes: Buffer, error?: Error): Content => ({
          size,
          async *read() {
            yield await Promise.resolve(bytes);
            if (error !== undefined) throw error;
          },
        });
        const unread = new Error("unreadable");
        const half = Buffer.alloc(size - 1, "x");
        for (const key of ["old", "new"]) {
          await expect(store.write(key, broken(half, unread))).rejects.toBe(unread);
          await expect(store.write(key, broken(half))).rejects.toMatchObject({ code: "damaged" });
          const longer = broken(Buffer.alloc(size + 1));
          await expect(store.write(key, longer)).rejects.toMatchObject({ code: "damaged" });
        }
      }
      expect(await keysOf(store)).toEqual(["old"]);
      expect(await textOf(store, "old")).toBe("old");
    });

    it("streams a large object in both ways", async () => {
      const store = await open();
      const piece = randomBytes(65_537);
      const content: Content = {
        size: large,
        async *read() {
          for (let left = large; left > 0; left -= piece.length) yield await Promise.resolve(piece.subarray(0, left));
        },
      };
      const digest = async (pieces: AsyncIterable<Buffer>) => {
        const hash = createHash("sha256");
        let longest = 0;
        for await (const part of pieces) {
          hash.update(part);
          longest = Math.max(longest, part.length);
        }
        return { hash: hash.digest("hex"), isStream: longest < large / 2 };
      };
      const written = await store.write("large", content);
      expect(written.size).toBe(large);
      expect(await store.stat("large")).toEqual(written);
      expect(await digest(store.read("large", written.version))).toEqual(await digest(content.read()));
      for await (const _ of store.read("large")) break;
      await expect(store.write("large", content, { ifAbsent: true })).rejects.toMatchObject({ code: "exists" });
      await store.write("another", content, { ifAbsent: true });
      expect(await digest(store.read("another"))).toEqual(await digest(content.read()));
    });

    it("shows a reader the old object or the new one, and no mixture", async () => {
      const store = await open();
      const texts = ["0", "1"].map((digit) => digit.repeat(300_000));
      await store.write("x", contentOf(texts[0] as string));
      let isWriting = true;
      const writing = (async () => {
        for (let i = 1; i <= 20; i++) await store.write("x", contentOf(texts[i % 2] as string));
        isWriting = false;
      })();
      while (isWriting) {
        const text = await textOf(store, "x").catch((error: unknown) => {
          expect(error).toMatchObject({ code: "changed" });
          return texts[0];
        });
        expect(texts.includes(text as string)).toBe(true);
      }
      await writing;
    });

    it("ends when its time is over", async () => {
      const store = await open({ signal: AbortSignal.abort() });
      const late = { code: "unavailable", message: expect.stringContaining("too long") };
      await expect(store.stat("x")).rejects.toMatchObject(late);
      await expect(textOf(store, "x")).rejects.toMatchObject(late);
      await expect(store.write("x", contentOf("x"))).rejects.toMatchObject(late);
    });

    it("is as a map from keys to bytes, whatever is done in whatever order", async () => {
      const key = fc.constantFrom("a", "a.b", "b/a", "b/c", "b/c=d/e");
      const text = fc.string({ maxLength: 20 });
      const step = fc.oneof(
        fc.record({ do: fc.constant("write" as const), key, text }),
        fc.record({ do: fc.constant("writeIfAbsent" as const), key, text }),
        fc.record({ do: fc.constant("delete" as const), key }),
        fc.record({ do: fc.constant("read" as const), key }),
        fc.record({ do: fc.constant("list" as const), prefix: fc.constantFrom("", "a", "b", "b/", "b/c", "c") }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const store = await open();
          const map = new Map<string, string>();
          for (const each of steps) {
            if (each.do === "write") {
              await store.write(each.key, contentOf(each.text));
              map.set(each.key, each.text);
            } else if (each.do === "writeIfAbsent") {
              const written = store.write(each.key, contentOf(each.text), { ifAbsent: true });
              if (map.has(each.key)) await expect(written).rejects.toMatchObject({ code: "exists" });
              else {
                await written;
                map.set(each.key, each.text);
              }
            } else if (each.do === "delete") {
              await store.delete(each.key);
              map.delete(each.key);
            } else if (each.do === "read") {
              const wanted = map.get(each.key);
              expect((await store.stat(each.key))?.size).toBe(
                wanted === undefined ? undefined : Buffer.byteLength(wanted),
              );
              if (wanted === undefined)
                await expect(textOf(store, each.key)).rejects.toMatchObject({ code: "not-found" });
              else expect(await textOf(store, each.key)).toBe(wanted);
            } else {
              const keys = [...map.keys()].filter((x) => x.startsWith(each.prefix)).sort(compareKeys);
              expect(await keysOf(store, each.prefix)).toEqual(keys);
            }
          }
        }),
        { numRuns: runs },
      );
    });
  });
}
