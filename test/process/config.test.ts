// The configuration: where each value may come from, what is said of a wrong one, and the schema of the documents.

import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { generateKeyPair } from "../../src/index.js";
import { CONFIG_SHAPE, readConfig } from "../../src/process/config.js";
import { ConfigFailure, closest, fieldsOf } from "../../src/process/shape.js";
import { scratch } from "../cli/support.js";
import { configSchema, isValid, type Schema } from "./schema.js";

const folder = scratch();
afterAll(() => folder.remove());

const [internal, external] = [generateKeyPair(), generateKeyPair()].map(({ publicKey }) => publicKey.toHex());

/** The least that a file must have. */
const least = {
  server: "A",
  app: "survey",
  batches: [{ batch_id: "visits", n_data: 3 }],
  publicKeyInternal: internal as string,
  publicKeyExternal: external as string,
  stores: { ingest: "s3://in", private: "./private", shared: "/shared", peer: "../peer" },
  work: "work",
  replays: "/var/replays",
};

/** Reads a configuration of such a file. */
function read(json: unknown, env: Record<string, string> = {}) {
  const path = folder.path("config.json");
  writeFileSync(path, typeof json === "string" ? json : JSON.stringify(json));
  return readConfig(path, env);
}

/** The message and the hint of the failure, without the folder. */
function refusal(json: unknown, env: Record<string, string> = {}): string {
  try {
    read(json, env);
  } catch (error) {
    if (!(error instanceof ConfigFailure)) throw error;
    return [error.message, error.hint ?? []].flat().join("\n").replaceAll(`${folder.path()}/`, "");
  }
  throw new Error("nothing was refused");
}

test("defaults, and paths that begin at the file's directory", () => {
  const config = read(least);
  expect(config).toMatchObject({
    peer: "prio",
    queryPoints: "report",
    prgKey: "batch",
    minReports: 100,
    deadline: 21_600,
    keepWork: 0,
    retry: { delay: 2, exponent: 2, limit: undefined },
    work: folder.path("work"),
    replays: "/var/replays",
    batches: [{ batchId: "visits", count: 3, precision: undefined, folder: "batch_id=visits" }],
  });
  expect(config.stores).toMatchObject({
    prefix: "data/v1",
    ingest: "s3://in",
    private: folder.path("private"),
    shared: "/shared",
    peer: folder.path("..", "peer"),
  });
  expect(read({ ...least, peer: "prio-processor" }).queryPoints).toBe("first");
});

test("everything from the environment alone, as prio-processor's container has it", () => {
  const batches = folder.path("content.json");
  writeFileSync(batches, '\ufeff[{"batch_id": "content.blocking_blocked-0", "n_data": 2046}]');
  const config = readConfig(undefined, {
    APP_NAME: "test-app",
    SERVER_ID: "B",
    DATA_CONFIG: batches,
    PUBLIC_KEY_HEX_INTERNAL: (internal as string).toLowerCase(),
    PUBLIC_KEY_HEX_EXTERNAL: external as string,
    BUCKET_INTERNAL_INGEST: "b-ingest",
    BUCKET_INTERNAL_PRIVATE: "b-private",
    BUCKET_INTERNAL_SHARED: "b-shared",
    BUCKET_EXTERNAL_SHARED: "a-shared",
    BUCKET_INTERNAL_ENDPOINT: "http://minio:9000",
    BUCKET_PREFIX: "test-app/v1",
    RETRY_LIMIT: "90",
    RETRY_DELAY: "10",
    RETRY_BACKOFF_EXPONENT: "1",
    PRIO_PEER: "prio-processor",
    PRIO_WORK: "work",
    REPLAYS: "replays",
    MAX_ERRORS: "2.5%",
    NOISE: "laplace:epsilon=0.5",
    // As in Python's click, an empty variable is none.
    PRIVATE_KEY_FILE: "",
  });
  expect(config).toMatchObject({
    server: "B",
    publicKeyInternal: internal,
    retry: { limit: 90, delay: 10, exponent: 1 },
    maxErrors: { percent: 2.5 },
    noise: "laplace:epsilon=0.5",
    privateKeyFiles: undefined,
    stores: { ingest: "s3://b-ingest", peer: "s3://a-shared", internal: { endpoint: "http://minio:9000" } },
    batches: [{ batchId: "content.blocking_blocked-0", count: 2046 }],
  });
});

test("the environment goes before the file", () => {
  expect(read(least, { APP_NAME: "other", JOBS: "3" })).toMatchObject({ app: "other", jobs: 3 });
});

describe("what is refused", () => {
  test.each<[string, unknown, string]>([
    ["a wrong name", { ...least, stors: {} }, "config.json: /stors: no such value\ndid you mean stores?"],
    [
      "a wrong name inside",
      { ...least, batches: [{ batch_id: "x", n_data: 1, precison: 2 }] },
      "config.json: /batches/0/precison: no such value\ndid you mean precision?",
    ],
    [
      "a name that is like none",
      { ...least, retry: { "a/b~": 1 } },
      "config.json: /retry/a~1b~0: no such value\nknown are: delay, exponent, limit",
    ],
    ["another type", { ...least, jobs: "2" }, 'config.json: /jobs: expected an integer from 1 to 256, got "2"'],
    [
      "no noise",
      { ...least, noise: "laplace" },
      'config.json: /noise: expected noise such as "laplace:epsilon=1", got "laplace"',
    ],
    [
      "noise of 0",
      { ...least, noise: "gaussian:rho=0" },
      "config.json: /batches/0: noise: rho: expected a number above 0",
    ],
    [
      "too much noise",
      { ...least, noise: `laplace:scale=${2n ** 60n}` },
      "config.json: /batches/0: noise: scale: expected a scale of at most 2^58",
    ],
    ["another choice", { ...least, server: "C" }, 'config.json: /server: expected "A" or "B", got "C"'],
    ["an array for an object", { ...least, retry: [] }, "config.json: /retry: expected an object, got an array of 0"],
    ["no object", "[]", "config.json: /: expected an object, got an array of 0"],
    ["no JSON", '{\n  "a": 1,\n}', "config.json: is not JSON: line 3, column 1"],
    [
      "a bucket without its scheme",
      { ...least, stores: { ...least.stores, ingest: "in" } },
      'config.json: /stores/ingest: expected "s3://BUCKET", or a directory that begins with "/" or "./", got "in"',
    ],
    [
      "a prefix that leads away",
      { ...least, stores: { ...least.stores, prefix: "a/../b" } },
      'config.json: /stores/prefix: expected names between slashes, such as "data/v1", got "a/../b"',
    ],
    ["an app with a slash", { ...least, app: "a/b" }, "config.json: /app: expected a name without slashes"],
    [
      "a batch twice",
      { ...least, batches: [least.batches[0], least.batches[0]] },
      'config.json: /batches/1/batch_id: expected another name than /batches/0, got "visits"',
    ],
    ["no batches", { ...least, batches: [] }, "config.json: /batches: expected an array of 1 to 10000 batches"],
    [
      "too many values",
      { ...least, batches: [{ batch_id: "x", n_data: 9_999_999 }] },
      "config.json: /batches/0: fields: expected an integer from 1 to 262143, got 9999999",
    ],
    [
      "a precision of 0",
      { ...least, batches: [{ batch_id: "x", n_data: 2, precision: 0 }] },
      "config.json: /batches/0/precision: expected an integer of at least 1, got 0",
    ],
    [
      "a long batch id",
      { ...least, batches: [{ batch_id: "x".repeat(250), n_data: 2 }] },
      "config.json: /batches/0/batch_id: expected a name of at most 246 bytes",
    ],
    [
      "one key for both servers",
      { ...least, publicKeyExternal: internal },
      "/publicKeyInternal and /publicKeyExternal are one key\ninternal is this server's own key",
    ],
    [
      "one store for what must be apart",
      { ...least, stores: { ...least.stores, shared: "./private" } },
      "/stores/private and /stores/shared are one store",
    ],
    ["one directory for both", { ...least, replays: "./work" }, "/work and /replays are one directory"],
    [
      "points that the peer does not know",
      { ...least, peer: "prio-processor", queryPoints: "report" },
      '/queryPoints: prio-processor does not know "report"',
    ],
  ])("%s", (_name, json, expected) => {
    expect(refusal(json)).toContain(expected);
  });

  test("a variable by its name", () => {
    expect(refusal(least, { RETRY_DELAY: "soon" })).toBe(
      'RETRY_DELAY: expected a number from 0.001 to 3600, got "soon"',
    );
    expect(refusal(least, { BUCKET_INTERNAL_INGEST: "http://x" })).toContain("BUCKET_INTERNAL_INGEST: expected");
  });

  test("all that is missing at once, each with its variable", () => {
    const { app: _app, work: _work, ...rest } = least;
    expect(refusal(rest)).toContain("config.json: missing /app (APP_NAME), /work (PRIO_WORK)");
    expect(() => readConfig(undefined, {})).toThrow(/^configuration: missing \/server \(SERVER_ID\), .*REPLAYS\)$/);
  });

  test("a file that is not there, or far too long", () => {
    expect(() => readConfig(folder.path("none.json"), {})).toThrow("no such file or directory");
    expect(refusal(`{"app": "${"x".repeat(2 ** 21)}"}`)).toContain("expected at most 2097152 bytes");
  });

  test("nothing of a file that is no JSON is shown: it may be a secret", () => {
    expect(refusal("AAECAwQFBgcICQoLDA0ODw==")).toBe("config.json: is not JSON");
  });
});

test("did you mean", () => {
  const names = ["stores", "server", "retry", "replays"];
  expect(["stroes", "Server", "rety", "replay"].map((name) => closest(name, names))).toEqual(names);
  expect(closest("deadline", names)).toBeUndefined();
  expect(closest("x", names)).toBeUndefined();
});

describe("the schema", () => {
  const path = new URL("../../docs/process.schema.json", import.meta.url);

  // `npx vitest run test/process/config.test.ts -u` writes it anew.
  test("is that of the documents", async () => {
    await expect(`${JSON.stringify(configSchema(), null, 2)}\n`).toMatchFileSnapshot(path.pathname);
  });

  test("has every value, under a variable of its own", () => {
    const variables = [...fieldsOf(CONFIG_SHAPE)].map(([, { variable }]) => variable);
    expect(new Set(variables).size).toBe(variables.length);
  });

  test.each([...fieldsOf(CONFIG_SHAPE)])("%s: the schema and the reader take the same values", (_pointer, { type }) => {
    const odd = [
      "",
      "A",
      "a",
      "5%",
      "x%",
      "1.5%",
      "101%",
      "/",
      "/x",
      "./x",
      "../x",
      "x/y",
      "..",
      "a/..",
      "a//b",
      ".",
      "\0",
    ];
    const urls = ["s3://x", "s3:///", "file:///x", "http://x", "https://x y", "gs://x"];
    const value = fc.oneof(
      fc.constantFrom<unknown>(...odd, ...urls, internal, "f".repeat(63), "report", "seed", "prio", null, true, {}),
      fc.integer({ min: -2, max: 400 }),
      fc.double({ min: 0, max: 20, noNaN: true }),
      fc.array(fc.constantFrom<unknown>("x", "", 1), { maxLength: 2 }),
      fc.string({ maxLength: 4 }),
    );
    // A percentage above 100, and what is in a batch, are for the reader alone.
    const isLoose = (x: unknown) => Array.isArray(x) && type.expected.includes("batches");
    fc.assert(
      fc.property(value, (x) => {
        fc.pre(!isLoose(x) && x !== "101%" && x !== "1.5");
        expect(type.parse(x, ".") !== undefined).toBe(isValid(x, type.schema as Schema));
      }),
    );
  });

  test("takes the least configuration, and not one with a wrong name", () => {
    expect(isValid({ $schema: "x", ...least }, configSchema())).toBe(true);
    expect(isValid({ ...least, stors: 1 }, configSchema())).toBe(false);
    expect(isValid({ ...least, batches: [{ batch_id: "x" }] }, configSchema())).toBe(false);
  });
});
