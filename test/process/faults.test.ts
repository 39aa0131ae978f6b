// What can go wrong between two sides: settings that differ, a peer or a store that cheats, shares that change, copies
// that are lost, and runs that end anywhere. Nothing is published that both do not agree on, and nothing is answered
// twice.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { ServerId } from "../../src/index.js";
import { formatManifest, type Manifest } from "../../src/process/manifest.js";
import { Sealer } from "../../src/process/seal.js";
import { openStores, type SideStores } from "../../src/process/side-stores.js";
import { StoreError } from "../../src/stores/store.js";
import { Deployment, hurried, SIDES, type SideOptions } from "./deployment.js";

let deployment: Deployment;
afterEach(() => deployment.remove());

const booleans = (count: number, seed = 0): number[][] =>
  Array.from({ length: count }, (_, i) => [0, 1, 2].map((k) => Number((i * 7 + k * 3 + seed) % 5 < 2)));
const total = booleans(10).reduce((sum, values) => sum.map((x, k) => x + (values[k] as number)), [0, 0, 0]);
const folder = "batch_id=visits";

/** A deployment with one batch of two parts. */
function visited(): Deployment {
  deployment = new Deployment([{ batch_id: "visits", n_data: 3 }]);
  deployment.share({ visits: [booleans(6), booleans(10).slice(6)] });
  return deployment;
}

/** For a side that waits for minutes. */
const patient = { run: { clock: hurried() }, config: { deadline: 100_000 } };

/** In a side's shared store, what the other wrote of a stage. */
const incoming = (d: Deployment, side: ServerId, stage: string, ...names: string[]) =>
  d.day(side, "shared", "intermediate/external", stage, folder, ...names);

/** Runs a side until it waits for something of the other. */
const until = (d: Deployment, side: ServerId, options: SideOptions = {}) =>
  d.run(side, { ...options, config: { retry: { delay: 0.001, limit: 0 }, ...options.config } });

describe("the servers differ", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["n_data", { batches: [{ batch_id: "visits", n_data: 4 }] }, "n_data is 4 here, 3 there"],
    ["precision", { batches: [{ batch_id: "visits", n_data: 3, precision: 1 }] }, "precision is 1 here, 0 there"],
    ["query points", { queryPoints: "batch" }, 'queryPoints is "batch" here, "report" there'],
    ["prgKey", { prgKey: "seed" }, 'prgKey is "seed" here, "batch" there'],
  ])("in %s: both say so, and nothing is checked", async (_name, config, difference) => {
    const d = visited();
    const { A, B } = await d.runBoth({ A: { ...patient, config: { ...patient.config, ...config } }, B: patient });
    expect(A.states["visits"]).toBe(`failed: the servers differ: ${difference}`);
    expect(B.states["visits"]).toMatch(/^failed: the servers differ: .* here, .* there$/);
    for (const side of SIDES) {
      expect(existsSync(d.at(side, "replays"))).toBe(false);
      expect(d.published(side)).toEqual({});
    }
    // Corrected, the next run goes on.
    const again = await d.runBoth();
    expect(again.A.states).toEqual({ visits: "published" });
  });

  test("in the secret: its fingerprints are shown, which differ from day to day", async () => {
    const d = visited();
    const secret = Buffer.alloc(16, 7).toString("base64");
    const { A, B } = await d.runBoth({ A: { secret, ...patient }, B: patient });
    expect(A.states["visits"]).toMatch(
      /^failed: the servers differ: the secret's fingerprint is "[0-9a-f]{16}" here, "[0-9a-f]{16}" there$/,
    );
    expect(B.states["visits"]).toMatch(/^failed: the servers differ: the secret's fingerprint is/);
    const sealer = new Sealer(secret);
    const about = { app: "survey", date: "2026-03-01", batchId: "visits" };
    const all = [about, { ...about, date: "2026-03-02" }, { ...about, batchId: "clicks" }].map((x) =>
      sealer.fingerprint(x),
    );
    expect(new Set(all).size).toBe(3);
    expect(A.states["visits"]).toContain(all[0]);
  });

  test("in versions of the package, which is told and no more", async () => {
    const d = visited();
    const { A } = await d.runBoth({ B: { run: { version: "1.3.0" } } });
    expect(A.states).toEqual({ visits: "published" });
    expect(A.events.find(({ event }) => event === "batch-agreed")).toMatchObject({
      level: "warn",
      message: expect.stringContaining("version 1.2.3 of prio here, 1.3.0 there"),
    });
  });

  test("in the format of manifests", async () => {
    const d = visited();
    await until(d, "B");
    const path = incoming(d, "A", "manifest", "_manifest.json");
    writeFileSync(path, readFileSync(path, "utf8").replace("prio manifest 1", "prio manifest 2"));
    expect((await until(d, "A")).states["visits"]).toMatch(
      'is of another format: expected "prio manifest 1", got "prio manifest 2"',
    );
  });
});

describe("what the peer writes", () => {
  /** Both sides, until A has all of B's stage and B waits. Returns the folder of B's stage. */
  async function handedOver(d: Deployment, stage: "verify1" | "verify2" | "aggregate"): Promise<string> {
    await until(d, "A");
    for (let turns = 0; turns < 6 && !existsSync(incoming(d, "A", stage, "_SUCCESS")); turns++) {
      await until(d, "B");
      if (!existsSync(incoming(d, "A", stage, "_SUCCESS"))) await until(d, "A");
    }
    return incoming(d, "A", stage);
  }
  /** Writes a manifest of B anew, with a change. */
  function forge(d: Deployment, place: string, change: (manifest: Manifest) => object, secret = d.secret): void {
    const path = join(place, "_manifest.json");
    const [line = ""] = readFileSync(path, "utf8").split("\n");
    const { format: _format, ...manifest } = JSON.parse(line) as Manifest & { format: string };
    writeFileSync(path, formatManifest({ ...manifest, ...change(manifest) } as Manifest, new Sealer(secret)));
  }
  const partOf = (place: string) => join(place, "part-00000.json");

  test("a part that is changed after its manifest was written is refused", async () => {
    const d = visited();
    const place = await handedOver(d, "verify1");
    const text = readFileSync(partOf(place), "utf8");
    writeFileSync(
      partOf(place),
      text.replace(/"payload": "(.)/, (_all, c) => `"payload": "${c === "q" ? "r" : "q"}`),
    );
    const { states } = await until(d, "A");
    expect(states["visits"]).toMatch("part-00000.json: is not what the peer's manifest says");
    expect(existsSync(d.day("B", "shared", "intermediate/external/verify2", folder))).toBe(false);
  });

  test("another manifest the second time is refused, though all copies here are lost", async () => {
    const d = visited();
    const place = await handedOver(d, "verify1");
    await until(d, "A");
    const text = readFileSync(partOf(place), "utf8");
    const shorter = text.slice(0, text.lastIndexOf("\n", text.length - 2) + 1);
    writeFileSync(partOf(place), shorter);
    const sha256 = createHash("sha256").update(shorter).digest("hex");
    forge(d, place, (manifest) => ({
      parts: (manifest as unknown as { parts: { name: string }[] }).parts.map((part) =>
        part.name === "part-00000.json" ? { ...part, size: shorter.length, sha256 } : part,
      ),
    }));
    // With the copies, nothing is read again.
    expect((await until(d, "A")).states["visits"]).toMatch(/^waiting: the peer's verify2/);
    rmSync(d.at("A", "work"), { recursive: true });
    const { states } = await until(d, "A");
    expect(states["visits"]).toMatch("failed: the peer's verify1 parts are not those that this batch began with: ");
  });

  test.each<[string, (manifest: Manifest) => object, string]>([
    ["of another day", () => ({ date: "2026-02-28" }), 'expected date "2026-03-01", got "2026-02-28"'],
    ["of another batch", () => ({ batchId: "clicks" }), 'expected batchId "visits", got "clicks"'],
    ["of another app", () => ({ app: "other" }), 'expected app "survey", got "other"'],
    ["that is a copy of ours", () => ({ server: "A" }), 'expected server "B", got "A"'],
    ["with rows that do not add up", () => ({ rows: 11 }), "is not a manifest of verify1"],
    ["of another stage", () => ({ kind: "verify2" }), "is not a manifest of verify1"],
    [
      "with a name that leads out",
      () => ({ parts: [{ name: "../../x", size: 1, sha256: "0".repeat(64) }] }),
      "is not a manifest of verify1",
    ],
    ["with a hidden name", () => ({ parts: [{ name: "_x", size: 1, sha256: "0".repeat(64) }] }), "is not a manifest"],
  ])("a manifest %s is refused", async (_name, change, message) => {
    const d = visited();
    forge(d, await handedOver(d, "verify1"), change);
    expect((await until(d, "A")).states["visits"]).toMatch(message);
  });

  test("a manifest of somebody without the secret is refused", async () => {
    const d = visited();
    const place = await handedOver(d, "verify1");
    forge(d, place, () => ({}), Buffer.alloc(16, 1).toString("base64"));
    expect((await until(d, "A")).states["visits"]).toMatch("its seal does not fit");
  });

  test("a huge manifest is not read, and neither is what would fill the disk", async () => {
    const d = visited();
    const place = await handedOver(d, "verify1");
    const path = join(place, "_manifest.json");
    const text = readFileSync(path);
    writeFileSync(path, Buffer.alloc(2 ** 22 + 1, 32));
    expect((await until(d, "A")).states["visits"]).toMatch("expected at most 4194304 bytes, got 4194305");
    writeFileSync(path, text);
    forge(d, place, () => ({ parts: [{ name: "part-00000.json", size: 2 ** 27, sha256: "0".repeat(64) }] }));
    writeFileSync(partOf(place), Buffer.alloc(2 ** 27));
    expect((await until(d, "A")).states["visits"]).toMatch(
      /has 134217728 bytes, expected at most \d+: not the messages/,
    );
    expect(
      readdirSync(d.at("A", "work", "survey", "2026-03-01", folder)).filter((name) => name.startsWith("peer")),
    ).toEqual([]);
  });

  test("parts that are not there yet, or have gone, are waited for", async () => {
    const d = visited();
    const place = await handedOver(d, "verify1");
    rmSync(partOf(place));
    expect((await until(d, "A")).states["visits"]).toBe("waiting: the peer's verify1 result did not come in 1 looks");
    // The other side writes again what has gone.
    await until(d, "B");
    expect((await until(d, "A")).states["visits"]).toMatch(/^waiting: the peer's aggregate/);
  });

  test("counts that differ are not published", async () => {
    const d = visited();
    const place = await handedOver(d, "aggregate");
    forge(d, place, () => ({ reports: 9, leftOut: 1 }));
    expect((await until(d, "A")).states["visits"]).toBe(
      "failed: the servers counted different reports: 10 here, 9 there",
    );
    rmSync(d.at("A", "work"), { recursive: true });
    forge(d, place, () => ({ reports: 10, leftOut: 0, ids: "0".repeat(64) }));
    expect((await until(d, "A")).states["visits"]).toBe(
      "failed: the servers counted 10 reports each, but not the same ones",
    );
    expect(d.published("A")).toEqual({});
  });

  test.each([
    ['{"stage":"verify2"}', "the peer has given this batch up at verify2"],
    ['{"stage":"\\u001b[2J"}', "the peer has given this batch up"],
    ["[", "the peer has given this batch up"],
    [" ".repeat(2000), /_given_up\.json: expected at most 1024 bytes, got 2000$/],
  ])("the peer's notice %j shows no text of the peer's", async (text, reason) => {
    const d = visited();
    await until(d, "B");
    writeFileSync(incoming(d, "A", "manifest", "_given_up.json"), text);
    rmSync(incoming(d, "A", "manifest", "_manifest.json"));
    const { states } = await d.run("A", patient);
    expect(states["visits"]).toMatch(typeof reason === "string" ? new RegExp(`^failed: ${reason}$`) : reason);
  });

  test("a peer that has given up is told of, and is waited for again in its next run", async () => {
    const d = visited();
    await until(d, "B");
    writeFileSync(incoming(d, "A", "manifest", "_given_up.json"), "{}\n");
    const { A } = await d.runBoth();
    expect(A.states).toEqual({ visits: "published" });
  });
});

describe("this side's own files", () => {
  const raw = (d: Deployment, ...names: string[]) => d.day("A", "ingest", "raw/shares", folder, ...names);

  test("shares that change after the batch has begun are refused, though the copies are lost", async () => {
    const d = visited();
    await until(d, "B");
    await until(d, "A");
    const path = raw(d, "part-00001.json");
    writeFileSync(path, `${readFileSync(path, "utf8")}\n`);
    expect((await until(d, "A")).states["visits"]).toMatch(/^waiting/);
    rmSync(d.at("A", "work"), { recursive: true });
    expect((await until(d, "A")).states["visits"]).toBe(
      "failed: the raw shares are not those that this batch began with: part-00001.json is another one",
    );
  });

  test("parts that come after _SUCCESS are told of, and are not in the totals", async () => {
    const d = visited();
    await until(d, "B");
    await until(d, "A");
    d.sharePart("visits", 2, booleans(3));
    const { A } = await d.runBoth();
    expect(A.states).toEqual({ visits: "published" });
    expect(d.published("A")["batch_id=visits"]?.payload).toEqual(total);
    expect(A.events.find(({ event }) => event === "parts-late")?.message).toMatch(
      "1 part came after _SUCCESS, such as part-00002.json",
    );
  });

  test("a part that is replaced while it is read is refused", async () => {
    const d = visited();
    const config = d.config("A");
    const stores = openStores(config, {}, () => undefined);
    const ingest = Object.assign(Object.create(stores.ingest) as SideStores["ingest"], {
      async *read(key: string, version?: string) {
        yield* stores.ingest.read(key, version);
        if (key.endsWith("part-00001.json")) writeFileSync(raw(d, "part-00000.json"), "other\n");
      },
      list: (prefix: string) => stores.ingest.list(prefix),
      stat: (key: string) => stores.ingest.stat(key),
      name: stores.ingest.name,
    });
    const { states } = await d.run("A", { run: { stores: { ...stores, ingest } }, config: { jobs: 1 } });
    expect(states["visits"]).toMatch(/part-0000\d.json.*(has changed|changed)/);
  });

  test("when everything but the replay record is lost in the middle, the batch ends with the same bytes", async () => {
    const d = visited();
    const [ours, theirs] = [await undisturbed(d), visitedAgain(d)];
    await until(theirs, "A");
    for (let turn = 0; turn < 8; turn++) {
      for (const side of SIDES) {
        await until(theirs, side);
        rmSync(theirs.at(side, "work"), { recursive: true, force: true });
      }
    }
    expect(publishedFiles(theirs)).toEqual(ours);
  });

  test("a replay record that is lost is noticed, and nothing is answered without it", async () => {
    const d = visited();
    await until(d, "B");
    await until(d, "A");
    rmSync(d.at("A", "replays"), { recursive: true });
    await until(d, "B");
    expect((await until(d, "A")).states["visits"]).toMatch("the record of what was checked has gone");
    // Nor does another day begin a new record of this secret.
    expect(existsSync(d.day("B", "shared", "intermediate/external/verify2", folder))).toBe(false);
  });

  test("other settings after the batch has begun are refused, and the replay record refuses its packets", async () => {
    const d = visited();
    await until(d, "B");
    await until(d, "A");
    const config = { batches: [{ batch_id: "visits", n_data: 4 }] };
    expect((await until(d, "A", { config })).states["visits"]).toBe(
      "failed: the settings are not those that this batch began with: n_data is 3 when it began, 4 now",
    );
    // Both operators forget everything but the replay record, and B asks for other query points.
    for (const side of SIDES) {
      for (const name of ["private", "shared", "work"]) {
        for (const inner of readdirSync(d.at(side, name))) rmSync(d.at(side, name, inner), { recursive: true });
      }
    }
    const points = { ...patient, config: { ...patient.config, queryPoints: "batch" } };
    const { A, B } = await d.runBoth({ A: points, B: points });
    expect([A.states["visits"], B.states["visits"]].join()).toMatch("none of the 10 rows came through");
    expect(A.events.find(({ event }) => event === "stage-done")?.fields).toMatchObject({ byReason: { replayed: 10 } });
    for (const side of SIDES) expect(d.published(side)).toEqual({});
  });

  test("yesterday's shares, given again today, are refused", async () => {
    const d = visited();
    await d.runBoth();
    for (const side of SIDES) {
      const yesterday = d.day(side, "ingest");
      cpSync(yesterday, yesterday.replace("2026-03-01", "2026-03-02"), { recursive: true });
    }
    const today = { ...patient, date: "2026-03-02" };
    const { A, B } = await d.runBoth({ A: today, B: today });
    expect([A.states["visits"], B.states["visits"]].join()).toMatch("none of the 10 rows came through");
    expect(A.events.find(({ event }) => event === "stage-done")?.fields).toMatchObject({ byReason: { replayed: 10 } });
  });
});

test("ids may begin anew each day, as where an ingestion numbers the reports of a day", async () => {
  const d = visited();
  await d.runBoth();
  d.date = "2026-03-02";
  d.share({ visits: [booleans(6, 1), booleans(10).slice(6)] });
  const { A } = await d.runBoth({ A: { date: d.date }, B: { date: d.date } });
  expect(A.states).toEqual({ visits: "published" });
  expect(d.published("B")["batch_id=visits"]).toMatchObject({ error: 0, total: 10 });
});

describe("a store", () => {
  /** A's stores, of which one answers some reads with an error. */
  function failing(
    d: Deployment,
    store: "ingest" | "shared",
    error: (key: string) => StoreError | undefined,
  ): SideStores {
    const stores = openStores(d.config("A"), {}, () => undefined);
    const real = stores[store];
    const faulty: SideStores["shared"] = {
      name: real.name,
      list: (prefix) => real.list(prefix),
      stat: (key) => real.stat(key),
      write: (key, content, options) => real.write(key, content, options),
      delete: (key) => real.delete(key),
      async *read(key, version) {
        const failure = error(key);
        if (failure !== undefined) throw failure;
        yield* real.read(key, version);
      },
    };
    return { ...stores, [store]: faulty };
  }
  const details = { store: "s3://shared", key: "part" };

  test("that does not answer is asked again, and everything goes on", async () => {
    const d = visited();
    let left = 3;
    const busy = () => (left-- > 0 ? new StoreError("unavailable", "cannot read", "503", details) : undefined);
    const { A } = await d.runBoth({
      A: { run: { stores: failing(d, "shared", busy), clock: hurried() }, ...{ config: patient.config } },
    });
    expect(A.states).toEqual({ visits: "published" });
  });

  test.each(["forbidden", "not-found", "damaged"] as const)(
    "that answers %s for one batch is named with the object, and does not stop the others",
    async (code) => {
      deployment = new Deployment(["visits", "clicks"].map((batch_id) => ({ batch_id, n_data: 3 })));
      const d = deployment;
      d.share({ visits: [booleans(4)], clicks: [booleans(4)] });
      const error = (key: string) =>
        key.includes("clicks/part") ? new StoreError(code, "cannot read", "no", details) : undefined;
      const short = { deadline: 2 };
      const { A } = await d.runBoth({
        A: { run: { stores: failing(d, "ingest", error) }, config: short },
        B: { config: short },
      });
      expect(A.states).toEqual({ visits: "published", clicks: "failed: cannot read s3://shared/part: no" });
      expect(A.events.find(({ event }) => event === "batch-ended")).toMatchObject({
        batch: "clicks",
        stage: "raw",
        level: "error",
      });
    },
  );
});

/** What both sides publish when nothing happens. */
async function undisturbed(d: Deployment): Promise<Record<string, string>> {
  await d.runBoth();
  return publishedFiles(d);
}

/** The same deployment before its first run. */
function visitedAgain(d: Deployment): Deployment {
  for (const side of SIDES) {
    for (const name of ["private", "shared", "work", "replays"]) {
      if (!existsSync(d.at(side, name))) continue;
      for (const inner of readdirSync(d.at(side, name))) rmSync(d.at(side, name, inner), { recursive: true });
    }
  }
  return d;
}

function publishedFiles(d: Deployment): Record<string, string> {
  return Object.fromEntries(
    SIDES.flatMap((side) =>
      Object.entries(d.files(side, "private", "shared"))
        .filter(([name]) => !/_status\.json$|_locks\/|_replays\//.test(name))
        .map(([name, text]) => [`${side}/${name}`, text]),
    ),
  );
}

test("a run that ends at any write goes on, and both end with the same bytes", async () => {
  const d = visited();
  const expected = await undisturbed(d);
  visitedAgain(d);
  let ended = 0;
  // A is stopped before or after its n-th write, in each of its runs; B is there all the time.
  for (let isDone = false, n = 1; !isDone; n = 1 + (n % 7)) {
    const stop = new AbortController();
    const stores = openStores(d.config("A"), {}, () => undefined);
    let writes = 0;
    const counting = (store: SideStores["private"]): SideStores["private"] => ({
      name: store.name,
      list: (prefix) => store.list(prefix),
      stat: (key) => store.stat(key),
      read: (key, version) => store.read(key, version),
      delete: (key) => store.delete(key),
      write: async (key, content, options) => {
        const isLast = !key.includes("_locks") && ++writes === n;
        if (isLast && ended % 2 === 0) stop.abort(new Error("stopped"));
        if (stop.signal.aborted) throw new Error("stopped");
        const written = await store.write(key, content, options);
        if (isLast) stop.abort(new Error("stopped"));
        return written;
      },
    });
    const counted = { ...stores, private: counting(stores.private), peer: counting(stores.peer) };
    const b = until(d, "B", { config: { retry: { delay: 0.001, exponent: 1, limit: 40 } } });
    try {
      const { states } = await d.run("A", {
        signal: stop.signal,
        run: { stores: counted },
        config: { retry: { delay: 0.001, exponent: 1, limit: 40 } },
      });
      isDone = states["visits"] === "published";
    } catch (error) {
      expect(error).toMatchObject({ message: "stopped" });
      ended++;
    }
    await b;
  }
  await d.run("B");
  expect(ended).toBeGreaterThan(4);
  expect(publishedFiles(d)).toEqual(expected);
});

test("a marker of a stage that cannot be written fails the run, but ends no batch", async () => {
  const d = visited();
  mkdirSync(d.day("B", "shared", "intermediate/external/verify1/_SUCCESS"), { recursive: true });
  const [A, B] = await Promise.allSettled(SIDES.map((side) => d.run(side)));
  expect(A).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("verify1/_SUCCESS") } });
  expect(B?.status).toBe("fulfilled");
  for (const side of SIDES) expect(d.published(side)[folder]?.payload).toEqual(total);
});
