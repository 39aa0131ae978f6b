// `prio inspect` takes any files: it says what they are, never crashes, and no file steers the terminal or forges a
// line.

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { DapTask } from "../../src/dap/index.js";
import { Client, Config, generateKeyPair } from "../../src/index.js";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const recorded = recordedBatch("cli-clean");
const raw = (server: "a" | "b") => recorded.path(`server_${server}/raw/data.ndjson`);

/** What inspect says of a file. It may not be a fault of ours. */
async function said(stdin: string | Uint8Array | Readable): Promise<string> {
  const { code, stdout, stderr } = await prio(["inspect", "-"], { stdin });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
  // Each line is one of ours: the title, or a fact.
  for (const line of stdout.replace(/\n$/, "").split("\n").slice(1)) expect(line).toMatch(/^ {2}[a-z][a-z ]* {2}/);
  return stdout;
}

/** Any JSON value, and the names that would be called if it were made a text. */
const hostile = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.constantFrom(null, true, 1e308, -0, [], {}),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("toString", "valueOf", "toJSON", "length", "__proto__", "constructor", "x"),
      tie("value"),
    ),
  ),
})).value;

const NAMES = [
  "id",
  "payload",
  "internal",
  "external",
  "batch_id",
  "reports",
  "timestamp",
  "total",
  "error",
  "public_key",
  "private_key",
  "shared_seed",
] as const;
const row = fc.record(Object.fromEntries(NAMES.map((name) => [name, hostile])), { requiredKeys: [] });

describe("inspect of anything", () => {
  it("rows with any values under the names that it reads", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 3 }), async (rows) => {
        await said(rows.map((x) => JSON.stringify(x)).join("\n"));
      }),
    );
  });

  it("published totals with any time and id", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (timestamp, id) => {
        await said(JSON.stringify({ payload: [1], timestamp, id }));
      }),
    );
  });

  it("bytes, texts and cut JSON", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => void (await said(bytes))));
    await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => void (await said(text))));
    await fc.assert(
      fc.asyncProperty(row, fc.nat(), async (x, at) => {
        const text = JSON.stringify(x);
        await said(text.slice(0, at % text.length));
      }),
    );
  });

  it("shows what is no text as that, and escapes what would colour or forge", async () => {
    expect(await said('{"payload":[1],"timestamp":{"toString":1,"valueOf":1},"id":1}')).toMatch(
      /time +not a text\n.*id +1\n/,
    );
    const forged = await said(
      JSON.stringify({ payload: [1], timestamp: "\u001b[31mred\n  id  forged", id: "\u202ex" }),
    );
    expect(forged).toContain("\\x1b[31mred\\x0a  id  forged\n");
    expect(forged).toContain("\\u202ex\n");
  });

  it("lines of nothing but brackets, in the memory of the line", async () => {
    // Built as values, they would take hundreds of megabytes.
    for (const value of [
      "[".repeat(2 ** 22),
      `${"[".repeat(2 ** 22)}${"]".repeat(2 ** 22)}`,
      `[${"[],".repeat(2 ** 21)}[]]`,
    ]) {
      const before = process.resourceUsage().maxRSS;
      await said(`{"id": "x", "other": ${value}, "payload": "AAAA"}\n{"id": "x", "payload": "AAAA"}\n`);
      expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(200);
    }
  });

  it("a text that is too long for the screen", async () => {
    expect(await said(JSON.stringify({ payload: [1], timestamp: "x ".repeat(10_000), id: 1 }))).toMatch(
      /time +too long to show\n/,
    );
  });

  it("files that no command reads as they are", async () => {
    const text = '{"payload": [1, 0]}\n';
    expect(await said(gzipSync(text))).toMatch(/: compressed by gzip\n {2}remedy {2}.*\.gz/);
    const wide = Buffer.from(`\ufeff${text}`, "utf16le");
    for (const bytes of [wide, Buffer.from(wide).swap16()]) expect(await said(bytes)).toMatch(/: rows in UTF-16\n/);
  });

  it("a stream that comes byte by byte", async () => {
    const stdin = Readable.from(Array.from('{"payload": [1, 0]}\n', (c) => Buffer.from(c)));
    expect(await said(stdin)).toMatch(/one client's values/);
  });
});

describe("inspect of several files", () => {
  const values = recorded.path("client/data.ndjson");

  it("describes each, also when one cannot be read", async () => {
    const { code, stdout, stderr } = await prio(["inspect", values, folder.path("nowhere"), raw("a")]);
    expect(stdout.match(/^\S.*/gm)).toEqual([
      `${values}: clients' values, for encode-shares`,
      `${raw("a")}: sealed packets, for verify1, verify2 and aggregate`,
    ]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^prio: error: cannot read .*nowhere: no such file/)]);
  });

  it("takes standard input once", async () => {
    expect((await prio(["inspect", "-", values], { stdin: "{}" })).code).toBe(0);
    expect((await prio(["inspect", "-", "-"])).code).toBe(2);
  });

  it("with --json writes an object for each on a line, and nothing that steers a terminal", async () => {
    const hostile = folder.path("hostile");
    writeFileSync(hostile, JSON.stringify({ payload: [1, 0], timestamp: "\u009b31m\u202e", id: "\u001b" }));
    const files = [values, raw("a"), hostile, recorded.path("server_a/intermediate/internal/aggregate/data.ndjson")];
    const { code, stdout } = await prio(["inspect", "--json", ...files]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/[^\n\P{Cc}]|\p{Bidi_Control}/u);
    const described = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(described.map(({ file }) => file)).toEqual(files);
    expect(described.map(({ kind }) => kind)).toEqual(["client", "packet", "published", "aggregate"]);
    expect(described[0]).toMatchObject({ rows: 25, values_a_row: { min: 12, max: 12 } });
    expect(described[1]).toMatchObject({ rows: 25, bytes_a_packet: { min: 486, max: 488 } });
    expect(described[3]).toMatchObject({ reports: { counted: 25, left_out: 0, total: 25 }, server: "A", fields: 12 });
  });
});

describe("with private keys, inspect says which server packets are for", () => {
  const keyOf = (server: "a" | "b") => {
    const path = folder.path(`${server}.json`);
    writeFileSync(path, JSON.stringify(recorded.keys[server]), { mode: 0o600 });
    return ["--private-key-file", path];
  };
  const inspect = async (argv: string[]) => {
    const { code, stdout } = await prio(["inspect", ...argv]);
    expect(code).toBe(0);
    for (const server of ["a", "b"] as const) expect(stdout).not.toContain(recorded.keys[server].private_key);
    return stdout;
  };

  it.each(["a", "b"] as const)("%s", async (server) => {
    const said = await inspect([...keyOf(server), raw(server)]);
    expect(said).toMatch(/ opened +25 of 25 packets tried\n/);
    expect(said).toContain(` server          ${server.toUpperCase()}\n  batch id        ${recorded.batchId}\n`);
  });

  it("unless they open nothing", async () => {
    const said = await inspect([...keyOf("a"), raw("b")]);
    expect(said).toMatch(/ opened +0 of 25 packets tried\n$/);
  });

  it("or both, in a file of both", async () => {
    const both = folder.path("both");
    writeFileSync(both, readFileSync(raw("a"), "utf8") + readFileSync(raw("b"), "utf8"));
    expect(await inspect([...keyOf("a"), ...keyOf("b"), both])).toMatch(/ server +A and B\n/);
  });

  it("of a single packet, from the environment too", async () => {
    const [row] = readFileSync(raw("b"), "utf8").split("\n");
    const packet = Buffer.from((JSON.parse(row as string) as { payload: string }).payload, "base64");
    const { stdout } = await prio(["inspect", "-"], { stdin: packet, env: recorded.env("b") });
    expect(stdout).toMatch(/: a sealed packet, .*\n.* opened +1 of 1 packet tried\n +server +B\n/s);
  });
});

describe("inspect tells sealed packets from other binary files", () => {
  const [serverA, serverB] = [generateKeyPair().publicKey, generateKeyPair().publicKey];

  it("by their form: each packet is one", async () => {
    for (const fields of [...Array.from({ length: 40 }, (_, i) => 1 + i * 11), 1023, 1024, 2046, 4095, 4096, 20_000]) {
      const client = new Client(new Config({ fields, batchId: "", serverA, serverB }));
      const { a, b } = client.encode(new Uint8Array(fields));
      for (const packet of [a, b]) expect(await said(packet)).toMatch(/: a sealed packet,/);
    }
  });

  /** Bytes that look random, where the highest bit of a point is 0. */
  const random = (length: number) => {
    const bytes = randomBytes(length);
    bytes[31] = (bytes[31] as number) & 0x7f;
    return bytes;
  };
  const schema = '{"type":"record","name":"Ping","fields":[{"name":"id","type":"string"}]}';

  it.each<[string, Uint8Array, RegExp]>([
    ["random bytes of a packet's length", random(500), /a sealed packet/],
    ["too short for a packet", random(90), /not recognised/],
    ["of a length that no number of values gives", random(100_000), /not recognised/],
    ["longer than any packet", random(7_000_000), /not recognised/],
    ["no point at the start", random(500).fill(0xff, 31, 32), /not recognised/],
    [
      "an Avro file",
      Buffer.concat([Buffer.from(`Obj\x01\x04\x16avro.schema${schema}`), random(500)]),
      /not recognised.*\n.*Avro/,
    ],
    ["a text among random bytes", Buffer.concat([random(300), Buffer.from(schema), random(300)]), /not recognised/],
    ["zeros among random bytes", Buffer.concat([random(300), Buffer.alloc(8), random(300)]), /not recognised/],
    ["numbers", Buffer.from(Float64Array.from({ length: 200 }, (_, i) => i / 7).buffer), /not recognised/],
    ["few different bytes", Buffer.from(Array.from(random(500), (x) => x & 0x73)), /not recognised/],
  ])("%s", async (_, bytes, expected) => {
    expect(await said(bytes)).toMatch(expected);
  });
});

it("inspect has a word for one and a word for several", async () => {
  const row = '{"payload": [1, 0]}\n';
  const [packet] = readFileSync(raw("a"), "utf8").split("\n");
  expect(await said(row)).toMatch(/: one client's values,/);
  expect(await said(row.repeat(2))).toMatch(/: clients' values,/);
  expect(await said(`${packet}\n`)).toMatch(/: a sealed packet,/);
  expect(await said(`${packet}\n${packet}\n${row}`)).toMatch(/: sealed packets,.*other rows +1: one client's values,/s);
  expect(await said(`${row}${row}x\n`)).toMatch(/malformed +1: not a JSON object, or its payload/);
  expect(await said(`${row}${row}x\ny\n`)).toMatch(/malformed +2: not JSON objects, or their payload/);
});

describe("documents of DAP", () => {
  const task = DapTask.create({
    ...{ leader: "https://leader.example/", helper: "https://helper.example/", timePrecision: 3600 },
    ...{ minBatchSize: 100, batchMode: "time-interval", vdaf: { type: "Prio3Count" } },
  });

  it("a task shows the hash that all parties compare, on however many lines it is", async () => {
    for (const indent of [0, 2]) {
      const text = await said(JSON.stringify(task, null, indent));
      expect(text).toContain("a task of DAP, the same for all parties");
      expect(text.replace(/^.* hash +/s, "").replaceAll(/\s/g, "")).toBe(task.hash);
    }
    const { stdout } = await prio(["inspect", "--json", "-"], { stdin: JSON.stringify(task) });
    expect(JSON.parse(stdout)).toMatchObject({ kind: "task", hash: task.hash, min_batch_size: 100 });
  });

  it("what is secret in others is not shown", async () => {
    const verifyKeySeed = "s".repeat(43);
    const peer = await said(JSON.stringify({ format: "prio-aggregator task", role: "helper", task, verifyKeySeed }));
    expect(peer).toContain("for the other aggregator, with secrets");
    const { stdout } = await prio(["keygen", "--collector"]);
    const { hpkeConfig, privateKey } = JSON.parse(stdout) as { hpkeConfig: string; privateKey: string };
    const keys = await said(stdout);
    expect(keys).toContain(hpkeConfig);
    for (const secret of [verifyKeySeed, privateKey]) expect(peer + keys).not.toContain(secret);
    // In the wrong place.
    expect(await said(JSON.stringify({ hpkeConfig: privateKey }))).not.toContain(privateKey);
  });

  it.each([
    ["cut short", JSON.stringify(task).slice(0, 100)],
    ["of another draft", JSON.stringify({ ...task.toJSON(), dap: "dap-09" })],
    ["whose task is null", '{"format": 1, "task": null}'],
  ])("one that is %s is not recognised", async (_case, text) => {
    expect(await said(text)).toContain("not recognised: JSON of no kind that prio knows");
  });
});
