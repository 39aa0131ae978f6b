// The store in a directory where the system refuses something, and where somebody else writes too. Errors of the system
// are put in place of its calls.

import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contentOf, contentOfFile } from "../../src/stores/content.js";
import { openStore } from "../../src/stores/open-store.js";
import { type Store, StoreError } from "../../src/stores/store.js";
import { allOf, bytesOf } from "./conformance.js";

type Call = (...args: never[]) => unknown;
const system = vi.hoisted(() => ({
  /** The calls since the test began, as "name path". */
  calls: [] as string[],
  /** Throws an error of the system in place of a call. */
  refuse: undefined as ((name: string, path: string) => void) | undefined,
  /** What the file system takes a path for. */
  fold: undefined as ((path: string) => string) | undefined,
  wrap(module: object, names: readonly string[]): object {
    const wrapped: Record<string, unknown> = { ...module };
    for (const name of names) {
      const real = wrapped[name] as Call;
      const call = (...args: unknown[]): unknown => {
        const folded = args.map((arg) => (typeof arg === "string" && system.fold ? system.fold(arg) : arg));
        system.calls.push(`${name} ${args[0]}`);
        const done = args.at(-1);
        try {
          system.refuse?.(name, String(args[0]));
        } catch (error) {
          if (typeof done === "function") return done(error);
          if (name.endsWith("Sync")) throw error;
          return Promise.reject(error as Error);
        }
        return real(...(folded as never[]));
      };
      wrapped[name] = Object.defineProperties(call, Object.getOwnPropertyDescriptors(real));
    }
    return { ...wrapped, default: wrapped };
  },
}));
vi.mock("node:fs", async (original) =>
  system.wrap(await original(), ["openSync", "fsyncSync", "readdirSync", "rmSync", "write", "fsync", "fstat", "close"]),
);
vi.mock("node:fs/promises", async (original) => {
  return system.wrap(await original(), [
    ...["link", "lstat", "mkdir", "open", "readdir", "realpath", "rename", "stat", "unlink"],
  ]);
});

let root: string;
let store: Store;
const at = (name: string) => join(root, name);
const put = (name: string, text: string) => {
  fs.mkdirSync(dirname(at(name)), { recursive: true });
  fs.writeFileSync(at(name), text);
};
const failure = (code: string) => Object.assign(new Error(code), { code });
/** Refuses calls of a name, on paths that have `part` in them. */
const refuse = (code: string, name: string, part = "", times = Number.POSITIVE_INFINITY) => {
  let left = times;
  system.refuse = (called, path) => {
    if (called === name && path.includes(part) && left-- > 0) throw failure(code);
  };
};
async function errorOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof StoreError)) throw error;
  return error;
}
const read = async (key: string, version?: string) => (await bytesOf(store.read(key, version))).toString();
/** All names below the directory. */
const names = () => fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort();

beforeEach(() => {
  root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "prio-store-")));
  store = openStore(root);
  system.calls.length = 0;
});
afterEach(() => {
  system.refuse = undefined;
  system.fold = undefined;
  fs.rmSync(root, { recursive: true, force: true });
});

describe("an object is on disk before it has its name, and its name before the write ends", () => {
  it.each([false, true])("if absent: %s", async (ifAbsent) => {
    await store.write("a/x", contentOf("text"), { ifAbsent });
    const order = system.calls
      .map((call) => call.split(" ") as [string, string])
      .filter(
        ([name, path]) =>
          /^(fsync|link|rename|write)$/.test(name) || (name === "openSync" && path === at("a")) || name === "mkdir",
      );
    expect(order.map(([name]) => name)).toEqual(["mkdir", "write", "fsync", ifAbsent ? "link" : "rename", "openSync"]);
    // The name is given within its directory.
    const [, temporary] = order[3] ?? [];
    expect(dirname(temporary ?? "")).toBe(at("a"));
    expect(names()).toEqual(["a", "a/x"]);
  });
});

describe("what the system refuses is an error of the store", () => {
  it.each([
    ["ENOSPC", "write", "full", "no space left on the device"],
    ["ENOSPC", "fsync", "full", "no space left on the device"],
    ["EDQUOT", "fsync", "full", "the quota of disk space is used up"],
    ["EDQUOT", "close", "full", "the quota of disk space is used up"],
    ["ENOSPC", "mkdir", "full", "no space left on the device"],
    ["EACCES", "openSync", "forbidden", "permission denied"],
    ["EROFS", "openSync", "forbidden", "the file system is read-only"],
    ["EIO", "fsync", "unavailable", "the device reports an error"],
    ["EIO", "rename", "unavailable", "the device reports an error"],
    ["EXDEV", "rename", "unavailable", "EXDEV"],
    ["ESTALE", "rename", "unavailable", "the network file system has lost it (stale file handle)"],
  ])("%s of %s", async (code, call, kind, reason) => {
    put("a/x", "old");
    refuse(code, call);
    const error = await errorOf(store.write(call === "mkdir" ? "b/x" : "a/x", contentOf("new")));
    system.refuse = undefined;
    expect(error).toMatchObject({ code: kind, store: root, isTransient: kind === "unavailable" });
    expect(error.message).toBe(`cannot write ${root}/${error.key}: ${reason}`);
    expect(names()).toEqual(["a", "a/x"]);
    expect(await read("a/x")).toBe("old");
  });

  it.each([
    ["EACCES", "open", "forbidden"],
    ["EMFILE", "open", "unavailable"],
    ["ESTALE", "open", "unavailable"],
    ["EIO", "lstat", "unavailable"],
  ])("%s of %s while it is read", async (code, call, kind) => {
    put("a/x", "old");
    refuse(code, call);
    const error = await errorOf(read("a/x"));
    expect(error).toMatchObject({ code: kind, key: "a/x" });
    expect(error.message).toMatch(/^cannot read \/.*\/a\/x: /);
  });

  it("of a listing, a look and a removal too", async () => {
    put("a/x", "old");
    refuse("EACCES", "readdir");
    expect((await errorOf(allOf(store.list("a/")))).message).toBe(`cannot list ${root}/a/: permission denied`);
    refuse("ETIMEDOUT", "realpath", "a/x");
    expect((await errorOf(store.stat("a/x"))).message).toBe(`cannot look up ${root}/a/x: ETIMEDOUT`);
    refuse("EROFS", "unlink");
    expect((await errorOf(store.delete("a/x"))).message).toBe(
      `cannot delete ${root}/a/x: the file system is read-only`,
    );
  });

  it("but for a handle that went stale because the file was replaced: that is looked up anew", async () => {
    put("a/x", "old");
    refuse("ESTALE", "open", "a/x", 2);
    expect(await read("a/x")).toBe("old");
    refuse("ESTALE", "rename", "", 2);
    await store.write("a/x", contentOf("new"));
    expect(await read("a/x")).toBe("new");
    expect(names()).toEqual(["a", "a/x"]);
  });

  it("and a name that is too long, or of a directory, is refused", async () => {
    put("a/x", "old");
    expect(await errorOf(store.write("y".repeat(300), contentOf("")))).toMatchObject({ code: "refused" });
    expect(await errorOf(store.write("a", contentOf("")))).toMatchObject({ code: "refused" });
    expect(await errorOf(store.write("a/x/y", contentOf("")))).toMatchObject({ code: "refused" });
    expect(await errorOf(store.write("a", contentOf(""), { ifAbsent: true }))).toMatchObject({ code: "exists" });
    expect(names()).toEqual(["a", "a/x"]);
  });
});

describe("only if absent", () => {
  it("is done where the answer of a network file system got lost", async () => {
    system.refuse = (name, path) => {
      if (name !== "link") return;
      fs.linkSync(path, at("x"));
      throw failure("EEXIST");
    };
    await store.write("x", contentOf("mine"), { ifAbsent: true });
    system.refuse = undefined;
    expect([await read("x"), names()]).toEqual(["mine", ["x"]]);
  });

  it("fails when another run is faster", async () => {
    system.refuse = (name) => {
      if (name === "link" && !fs.existsSync(at("x"))) put("x", "other");
    };
    expect(await errorOf(store.write("x", contentOf("mine"), { ifAbsent: true }))).toMatchObject({ code: "exists" });
    expect([await read("x"), names()]).toEqual(["other", ["x"]]);
  });

  it.each(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])(
    "is refused where there are no hard links (%s)",
    async (code) => {
      refuse(code, "link");
      const error = await errorOf(store.write("x", contentOf("mine"), { ifAbsent: true }));
      expect(error).toMatchObject({ code: "refused", hint: expect.stringContaining("another file system") });
      expect(names()).toEqual([]);
    },
  );
});

describe("the directory itself", () => {
  it.each(["list", "stat", "read", "write", "delete"] as const)(
    "is not made by %s when it is not there",
    async (how) => {
      for (const path of [at("missing"), at("file")]) {
        put("file", "");
        const absent = openStore(path);
        const requests = {
          list: () => allOf(absent.list("")),
          stat: () => absent.stat("x"),
          read: () => bytesOf(absent.read("x")),
          write: () => absent.write("x", contentOf("")),
          delete: () => absent.delete("x"),
        };
        const error = await errorOf(requests[how]());
        expect(error).toMatchObject({ code: "not-found", key: undefined, store: path });
        expect(error.hint).toMatch(/is the file system mounted/);
        expect(names()).toEqual(["file"]);
      }
    },
  );

  it("may be a link, and go away and come back", async () => {
    fs.mkdirSync(at("real"));
    fs.symlinkSync("real", at("link"));
    const linked = openStore(at("link"));
    await linked.write("a/x", contentOf("text"));
    fs.renameSync(at("real"), at("away"));
    expect(await errorOf(linked.stat("a/x"))).toMatchObject({ code: "not-found", key: undefined });
    fs.renameSync(at("away"), at("real"));
    expect((await linked.stat("a/x"))?.size).toBe(4);
  });
});

describe("a link", () => {
  let outside: string;
  beforeEach(() => {
    outside = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "prio-outside-")));
    fs.writeFileSync(join(outside, "x"), "secret");
    fs.mkdirSync(at("a"));
  });
  afterEach(() => fs.rmSync(outside, { recursive: true }));

  it.each([
    ["to a file outside", "a/x", "a/x", () => join(outside, "x")],
    ["to a directory outside", "a/b", "a/b/x", () => outside],
    ["up and down again", "a/b", "a/b/x", () => `../../${basename(outside)}`],
    ["to the directory above", "a/b", "a/b/x", () => "../.."],
    ["to the system's files", "a/b", "a/b/status", () => "/proc/self"],
  ])("%s is refused, whatever is asked", async (_name, link, key, target) => {
    fs.symlinkSync(target(), at(link));
    if (key === "a/b/x" && target() === "../..") fs.writeFileSync(join(dirname(root), "x"), "secret");
    const kept = fs.readdirSync(outside);
    for (const request of [
      () => store.stat(key),
      () => read(key),
      () => store.delete(key),
      () => (link === key ? allOf(store.list("")) : store.write(key, contentOf("new"))),
      () => (link === key ? store.stat(key) : store.write(`${key}/y/z`, contentOf("new"))),
    ]) {
      const error = await errorOf(request());
      expect(error.code).toBe("refused");
      expect(error.message).toMatch(/a link (leads out of the directory|to a directory)$|is not a regular file/);
    }
    expect(fs.readdirSync(outside)).toEqual(kept);
    expect(fs.readFileSync(join(outside, "x"), "utf8")).toBe("secret");
    fs.rmSync(join(dirname(root), "x"), { force: true });
  });

  it("to a file within is an object; to a directory within, it stops a listing", async () => {
    put("real/x", "text");
    fs.symlinkSync("../real/x", at("a/x"));
    expect(await read("a/x", (await store.stat("real/x"))?.version)).toBe("text");
    expect((await allOf(store.list(""))).map(({ key }) => key)).toEqual(["a/x", "real/x"]);
    await store.write("a/x", contentOf("new"));
    expect([await read("a/x"), await read("real/x")]).toEqual(["new", "text"]);
    fs.symlinkSync("../real/x", at("a/y"));
    await store.delete("a/y");
    expect(await read("real/x")).toBe("text");
    for (const target of ["../a", "../real"]) {
      fs.symlinkSync(target, at("a/z"));
      expect((await errorOf(allOf(store.list("a/")))).message).toMatch(/a\/z: it is a link to a directory$/);
      fs.unlinkSync(at("a/z"));
    }
  });

  it("that leads nowhere is no object, and is replaced by one", async () => {
    fs.symlinkSync("nowhere", at("a/x"));
    fs.symlinkSync("y", at("a/y"));
    expect(await store.stat("a/x")).toBeUndefined();
    expect((await errorOf(store.stat("a/y"))).message).toMatch(/too many symbolic links$/);
    await store.write("a/x", contentOf("new"));
    expect([await read("a/x"), fs.existsSync(at("a/nowhere"))]).toEqual(["new", false]);
  });
});

it("a pipe, a device or a socket is refused, and nobody waits for it", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  const server = createServer().listen(at("socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  for (const key of ["pipe", "socket"]) {
    expect((await errorOf(read(key))).message).toMatch(/it is not a regular file$/);
    expect((await errorOf(allOf(store.list(key)))).message).toMatch(/it is not a regular file$/);
  }
  server.close();
  // One that takes the place of a file after the look.
  put("x", "text");
  system.refuse = (name) => {
    if (name !== "open") return;
    fs.rmSync(at("x"));
    execFileSync("mkfifo", [at("x")]);
  };
  expect((await errorOf(read("x"))).message).toMatch(/it is not a regular file$/);
});

describe("an object that changes", () => {
  const whole = "x".repeat(600_000);

  it.each([
    ["grows", () => fs.appendFileSync(at("x"), "more")],
    ["shrinks", () => fs.truncateSync(at("x"), 300_000)],
    ["gets other bytes", () => fs.writeFileSync(at("x"), "y".repeat(600_000))],
  ])("in place while it is read (%s) is not given as a whole", async (_name, change) => {
    put("x", whole);
    const pieces = store.read("x") as AsyncGenerator<Buffer>;
    await pieces.next();
    change();
    expect(await errorOf(bytesOf(pieces))).toMatchObject({ code: "changed", key: "x" });
  });

  it("by being replaced is read to its end as it was", async () => {
    put("x", whole);
    const version = (await store.stat("x"))?.version;
    const pieces = store.read("x", version) as AsyncGenerator<Buffer>;
    const first = (await pieces.next()).value as Buffer;
    await store.write("x", contentOf("new"));
    expect(first.length + (await bytesOf(pieces)).length).toBe(600_000);
    expect(await errorOf(read("x", version))).toMatchObject({ code: "changed" });
  });

  it("between a listing and a look is not there any more", async () => {
    put("a", "");
    put("b", "");
    const keys: string[] = [];
    for await (const { key } of store.list("")) {
      keys.push(key);
      fs.rmSync(at("b"), { force: true });
    }
    expect(keys).toEqual(["a"]);
  });
});

describe("names", () => {
  it("of temporary files are not shown, and those of killed runs go", async () => {
    const gone = execFileSync(process.execPath, ["-e", "console.log(process.pid)"], { encoding: "utf8" }).trim();
    let temporary = "";
    system.refuse = (name, path) => {
      if (name === "openSync" && path.endsWith(".tmp")) temporary = path;
    };
    await store.write("a/x", contentOf("text"));
    const abandoned = basename(temporary).replace(/-\d+-/, `-${gone}-`);
    const foreign = abandoned.replace(/\.[0-9a-f]{8}-/, ".00000000-");
    for (const name of [abandoned, foreign, ".nfs000000000123456700000001"]) put(`a/${name}`, "half");
    put(`a/${foreign.replace(/tmp$/, "old")}/y`, "half");
    expect((await allOf(store.list(""))).map(({ key }) => key)).toEqual(["a/x"]);
    await openStore(root).write("a/y", contentOf("text"));
    expect(fs.existsSync(at(`a/${abandoned}`))).toBe(false);
    expect(fs.existsSync(at(`a/${foreign}`))).toBe(true);
    expect(await errorOf(store.stat(`a/${foreign}`))).toMatchObject({ code: "refused" });
  });

  it("that are no keys stop a listing, and say which", async () => {
    put("a/ok", "");
    fs.writeFileSync(Buffer.concat([Buffer.from(at("a/bad-")), Buffer.from([0xff])]), "");
    expect((await errorOf(allOf(store.list("a/")))).message).toMatch(/a\/bad-\ufffd: .*no text in UTF-8$/);
    expect(await allOf(store.list("a/o"))).toHaveLength(1);
    put("b/\u001b[2J", "");
    expect((await errorOf(allOf(store.list("b/")))).message).toContain('"b/\\u001b[2J": no such name is used');
  });

  it("in another spelling are no object's, where the file system folds them", async () => {
    const fold = (path: string): string => {
      const below = path.startsWith(`${root}/`) ? path.slice(root.length + 1).split("/") : [];
      return below.reduce(
        (parent, name) => {
          const there = fs.existsSync(parent) && fs.statSync(parent).isDirectory() ? fs.readdirSync(parent) : [];
          const same = (x: string) => x.normalize("NFC").toLowerCase() === name.normalize("NFC").toLowerCase();
          return join(parent, there.find(same) ?? name);
        },
        below.length > 0 ? root : path,
      );
    };
    await store.write("batch=A/x", contentOf("of A"));
    await store.write("é/x", contentOf("composed"));
    system.fold = fold;
    const readdirs = () => system.calls.filter((call) => call.startsWith("readdir ")).length;
    for (const key of ["batch=a/x", "batch=A/X", "e\u0301/x"]) {
      expect([key, await store.stat(key)]).toEqual([key, undefined]);
      expect(await errorOf(read(key))).toMatchObject({ code: "not-found" });
      await store.delete(key);
      expect((await errorOf(store.write(key, contentOf("other")))).message).toMatch(/in another spelling$/);
      expect(await allOf(store.list(key))).toEqual([]);
    }
    expect(await errorOf(store.write("batch=a/new", contentOf("other")))).toMatchObject({ code: "refused" });
    // What is spelled as it is there stays usable.
    await store.write("batch=A/x", contentOf("new"));
    await store.write("batch=A/y", contentOf("y"));
    expect(await read("batch=A/x")).toBe("new");
    expect((await allOf(store.list(""))).map(({ key }) => key)).toEqual(["batch=A/x", "batch=A/y", "é/x"]);
    // Elsewhere, a look costs no reading of directories.
    system.fold = undefined;
    const before = readdirs();
    await store.stat("batch=A/x");
    expect(await store.stat("batch=a/x")).toBeUndefined();
    expect(readdirs()).toBe(before);
  });
});

it("the bytes of a file can be written", async () => {
  put("source", "text of a file");
  await store.write("a/x", contentOfFile(at("source")));
  expect(await read("a/x")).toBe("text of a file");
  expect(() => contentOfFile(at("missing"))).toThrow("ENOENT");
});

it("a time that is over ends a listing, a reading and a writing under way", async () => {
  put("x", "x".repeat(600_000));
  const controller = new AbortController();
  store = openStore(root, { signal: controller.signal });
  const late = { code: "unavailable", message: expect.stringMatching(/it took too long$/) };
  const [reading, listing] = [store.read("x") as AsyncGenerator<Buffer>, store.list("")];
  await reading.next();
  const content = {
    size: 2,
    async *read() {
      yield await Promise.resolve(Buffer.from("x"));
      controller.abort();
      yield Buffer.from("y");
    },
  };
  expect(await errorOf(store.write("y", content))).toMatchObject(late);
  expect(await errorOf(bytesOf(reading))).toMatchObject(late);
  expect(await errorOf(allOf(listing))).toMatchObject(late);
  expect(names()).toEqual(["x"]);
});
