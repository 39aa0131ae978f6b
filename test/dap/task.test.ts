// Tasks and their documents.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../src/core/base64url.js";
import { toHex } from "../../src/core/bytes.js";
import { sha256 } from "../../src/crypto/stream.js";
import {
  type Bytes,
  DapTask,
  type Extension,
  encodeHpkeConfig,
  encodeTaskConfiguration,
  type HpkeConfig,
  HpkeKeyPair,
  openInputShare,
  sealInputShare,
  type TaskConfiguration,
  type TaskDocument,
  vdafFromConfiguration,
} from "../../src/dap/index.js";
import { Prio3Count, Prio3Histogram } from "../../src/prio3/index.js";
import { codeOf, errorOf } from "../support/deployment.js";

const keyPair = HpkeKeyPair.fromBytes(9, new Uint8Array(32).fill(1));
const document: TaskDocument = {
  dap: "dap-18",
  leader: "https://leader.example/dap/",
  helper: "https://helper.example",
  timePrecision: 3600,
  minBatchSize: 100,
  batchMode: "time-interval",
  vdaf: { type: "Prio3Histogram", length: 5, chunkLength: 2 },
  interval: { start: "2026-12-01T00:00:00Z", duration: 86_400 },
  info: "AAEC",
};

it("has the draft's configuration, byte for byte", () => {
  const task = DapTask.fromJSON(document);
  const url = (text: string) => `${text.length.toString(16).padStart(4, "0")}${toHex(new TextEncoder().encode(text))}`;
  const expected = [
    "03000102", // task_info
    url("https://leader.example/dap/"),
    url("https://helper.example"),
    "0000000000000e10", // time_precision
    "0000000000000064", // min_batch_size
    "01", // batch_mode: time_interval
    "0000", // batch_config
    "00000004", // vdaf_type: Prio3Histogram
    "0008", // vdaf_configuration
    "00000005", // length
    "00000002", // chunk_length
    "0014", // extensions
    "0001", // task_interval
    "0010",
    (Date.UTC(2026, 11, 1) / 3_600_000).toString(16).padStart(16, "0"), // start
    "0000000000000018", // duration
  ].join("");
  expect(toHex(task.encodedConfiguration)).toBe(expected);
  expect(toHex(task.id)).toBe(toHex(sha256(task.encodedConfiguration)));
  expect(toHex(encodeTaskConfiguration(task.configuration))).toBe(expected);
});

it("goes through JSON, with its id and the collector's configuration", () => {
  const task = DapTask.fromConfiguration(DapTask.fromJSON(document).configuration, {
    id: new Uint8Array(32).fill(5),
    collectorHpkeConfig: keyPair.config,
  });
  const again = DapTask.fromJSON(JSON.parse(JSON.stringify(task)));
  expect(again.toJSON()).toEqual(task.toJSON());
  expect(again.hash).toBe(task.hash);
  expect(again.id).toEqual(new Uint8Array(32).fill(5));
  expect(again.collectorHpkeConfig).toEqual(keyPair.config);
  expect(again.toJSON().interval).toEqual(document.interval);
  expect(again).toMatchObject({ timePrecision: 3600, minBatchSize: 100, batchMode: "time-interval" });
});

it("has another id and another hash for every change of its document, or at least another hash", () => {
  const { id: _, ...whole } = DapTask.fromConfiguration(DapTask.fromJSON(document).configuration, {
    collectorHpkeConfig: keyPair.config,
  }).toJSON();
  const collector = HpkeKeyPair.generate(9).config;
  const changes: Partial<TaskDocument>[] = [
    { leader: "https://leader.example/dap" },
    { helper: "https://helper.example/" },
    { timePrecision: 1800 },
    { minBatchSize: 99 },
    { batchMode: "leader-selected" },
    { vdaf: { type: "Prio3Histogram", length: 5, chunkLength: 3 } },
    { vdaf: { type: "Prio3Count" } },
    { interval: { start: "2026-12-01T01:00:00Z", duration: 86_400 } },
    { interval: { start: "2026-12-01T00:00:00Z", duration: 3600 } },
    { info: "AAED" },
  ];
  const documents = [{}, ...changes].map((change) => ({ ...whole, ...change }));
  const tasks = documents.map((one) => DapTask.fromJSON(one));
  expect(new Set(tasks.map(({ idText }) => idText)).size).toBe(documents.length);
  const sameId = [
    { ...whole, collectorHpkeConfig: toBase64Url(encodeHpkeConfig(collector)) },
    { ...whole, id: toBase64Url(new Uint8Array(32)) },
    (({ collectorHpkeConfig: _config, ...rest }) => rest)(whole),
    (({ interval: _interval, ...rest }) => rest)(whole),
  ].map((one) => DapTask.fromJSON(one));
  expect(new Set([...tasks, ...sameId].map(({ hash }) => hash)).size).toBe(documents.length + sameId.length);
  expect(tasks[0]?.hash).toMatch(/^[0-9a-f]{64}$/);
});

it("reads one document for one interval, however it is written", () => {
  const at = (start: string | number) =>
    DapTask.fromJSON({ ...document, interval: { start, duration: 7200 } }).interval?.start;
  const start = BigInt(Date.UTC(2026, 11, 1) / 3_600_000);
  for (const one of ["2026-12-01", "2026-12-01T00:00Z", "2026-12-01T00:00:00Z", Date.UTC(2026, 11, 1) / 1000]) {
    expect(at(one)).toBe(start);
  }
  // Beyond the dates that have four digits.
  const far = DapTask.fromJSON({ ...document, interval: { start: 3600 * 10 ** 9, duration: 3600 } });
  expect(far.toJSON().interval).toEqual({ start: 3600 * 10 ** 9, duration: 3600 });
  expect(DapTask.fromJSON(far.toJSON()).hash).toBe(far.hash);
});

it("goes through JSON, whatever it is", () => {
  const arbitrary = fc.record({
    timePrecision: fc.integer({ min: 1, max: 10 ** 6 }),
    minBatchSize: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    batchMode: fc.constantFrom("time-interval", "leader-selected"),
    info: fc.uint8Array({ minLength: 1, maxLength: 255 }).map(toBase64Url),
    interval: fc.option(fc.tuple(fc.nat(10 ** 6), fc.integer({ min: 1, max: 10 ** 6 })), { nil: undefined }),
  });
  fc.assert(
    fc.property(arbitrary, ({ interval, ...members }) => {
      const { interval: _, ...base } = document;
      const whole =
        interval === undefined
          ? { ...base, ...members }
          : {
              ...base,
              ...members,
              interval: { start: interval[0] * members.timePrecision, duration: interval[1] * members.timePrecision },
            };
      const task = DapTask.fromJSON(whole);
      const again = DapTask.fromJSON(JSON.parse(JSON.stringify(task)));
      expect(again.hash).toBe(task.hash);
      expect(again.toJSON()).toEqual(task.toJSON());
      expect(toHex(again.encodedConfiguration)).toBe(toHex(task.encodedConfiguration));
      expect(again.interval).toEqual(task.interval);
    }),
  );
});

it("rounds times down, and knows which are in its interval", () => {
  const task = DapTask.fromJSON(document);
  const start = Date.UTC(2026, 11, 1) / 1000;
  const times = [start - 1, start, start + 3599.9, start + 86_399, start + 86_400].map((time) => task.timeAt(time));
  const first = BigInt(start / 3600);
  expect(times).toEqual([first - 1n, first, first, first + 23n, first + 24n]);
  expect(times.map((time) => task.includes(time))).toEqual([false, true, true, true, false]);
  const { interval: _, ...always } = document;
  expect(DapTask.fromJSON(always).includes(0n)).toBe(true);
  for (const time of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(codeOf(() => task.timeAt(time))).toBe("out-of-range");
  }
});

it("makes the URLs of the draft, whether or not an endpoint ends with a slash", () => {
  const id = "8BY0RzZMzxvA46_8ymhzycOB9krN-QIGYvg_RsByGec";
  const task = DapTask.fromJSON({ ...document, id });
  expect(task.url("leader", "reports")).toBe(`https://leader.example/dap/tasks/${id}/reports`);
  expect(task.url("helper", "aggregation_jobs", "lc7aUeGpdSNosNlh-UZhKA")).toBe(
    `https://helper.example/tasks/${id}/aggregation_jobs/lc7aUeGpdSNosNlh-UZhKA`,
  );
  expect(task.hpkeConfigUrl("leader")).toBe("https://leader.example/dap/hpke_config");
  expect(task.hpkeConfigUrl("helper")).toBe("https://helper.example/hpke_config");
  // The endpoints themselves stay as they are.
  expect([task.leader, task.helper]).toEqual([document.leader, document.helper]);
});

it("takes the VDAF of its configuration, and no other", () => {
  const task = DapTask.fromJSON(document);
  task.requireVdaf(new Prio3Histogram({ length: 5, chunkLength: 2 }));
  const { vdafType, vdafConfiguration } = task.configuration;
  task.requireVdaf(vdafFromConfiguration(vdafType, vdafConfiguration));
  for (const other of [new Prio3Histogram({ length: 5, chunkLength: 3 }), new Prio3Count()]) {
    expect(codeOf(() => task.requireVdaf(other))).toBe("mismatch");
  }
  expect(errorOf(() => task.requireVdaf(new Prio3Count())).message).toBe(
    'vdaf: expected the task\'s, {"type":"Prio3Histogram","length":5,"chunkLength":2}',
  );
});

it("draws a new info for each new task", () => {
  const { dap: _dap, info: _info, ...rest } = document;
  const [one, other] = [DapTask.create(rest), DapTask.create(rest)];
  expect(one.configuration.taskInfo).toHaveLength(16);
  expect(one.idText).not.toBe(other.idText);
  const drawn = DapTask.create(rest, (length) => new Uint8Array(length).fill(3));
  expect(DapTask.fromJSON({ ...document, info: toBase64Url(new Uint8Array(16).fill(3)) }).hash).toBe(drawn.hash);
});

it("is not changed by what the caller does with its parts", () => {
  const { configuration: given } = DapTask.fromJSON(document);
  const task = DapTask.fromConfiguration(given);
  const keys = HpkeKeyPair.generate(1);
  const metadata = { reportId: new Uint8Array(16), time: 1n, publicExtensions: [] };
  const share = { privateExtensions: [], payload: new Uint8Array(1) };
  const seal = () => sealInputShare(task, "leader", keys.config, metadata, new Uint8Array(0), share);
  const open = (sealed: ReturnType<typeof seal>) =>
    openInputShare(DapTask.fromJSON(document), "leader", keys, metadata, new Uint8Array(0), sealed);
  given.taskInfo.fill(9);
  expect(task.toJSON()).toEqual(DapTask.fromJSON(document).toJSON());
  task.configuration.taskInfo.fill(9);
  task.encodedConfiguration.fill(9);
  task.id.fill(9);
  expect(open(seal())).toEqual(share);
});

describe("bad documents", () => {
  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ["another version", { dap: "dap-17" }, "invalid-argument", /^task.dap: expected "dap-18", got "dap-17"/],
    ["a typo", { minbatchsize: 3 }, "invalid-argument", /^task: expected .*, got "minbatchsize"/],
    ["no URL", { leader: 3 }, "invalid-argument", /^task.leader: expected a string/],
    ["another scheme", { leader: "ftp://leader.example" }, "invalid-argument", /^leader: expected an https URL/],
    ["a host beyond ASCII", { helper: "https://hélper.example" }, "invalid-argument", /^helper: expected an https URL/],
    ["white space", { helper: "https://helper.example/ " }, "invalid-argument", /^helper: expected an https URL/],
    ["a query", { helper: "https://helper.example/?a=b" }, "invalid-argument", /without \? and #/],
    ["an endless URL", { helper: `https://helper.example/${"a".repeat(70_000)}` }, "wrong-length", /65535/],
    ["no precision", { timePrecision: 0 }, "out-of-range", /^task.timePrecision: expected an integer from 1 on, got 0/],
    ["half a second", { timePrecision: 0.5 }, "out-of-range", /^task.timePrecision/],
    ["a number as text", { minBatchSize: "100" }, "invalid-argument", /^task.minBatchSize: expected a number/],
    ["a negative size", { minBatchSize: -1 }, "out-of-range", /^task.minBatchSize/],
    ["a draft's name", { batchMode: "time_interval" }, "invalid-argument", /^task.batchMode: .*got "time_interval"/],
    ["no VDAF", { vdaf: undefined }, "invalid-argument", /^task.vdaf: expected an object, got undefined/],
    ["half an hour", { interval: { start: 1800, duration: 3600 } }, "out-of-range", /multiple of 3600 s, got 1800 s/],
    ["no duration", { interval: { start: 0 } }, "invalid-argument", /^task.interval.duration/],
    ["an empty interval", { interval: { start: 0, duration: 0 } }, "out-of-range", /^task.interval.duration/],
    ["a local time", { interval: { start: "2026-12-01T00:00:00", duration: 3600 } }, "invalid-argument", /such as/],
    ["no date", { interval: { start: "2026-13-01", duration: 3600 } }, "invalid-argument", /such as/],
    ["an end", { interval: { start: 0, end: 3600 } }, "invalid-argument", /^task.interval: .* got "end"/],
    ["no info", { info: undefined }, "invalid-argument", /^task.info: expected a base64url string/],
    ["an empty info", { info: "" }, "wrong-length", /^taskInfo: expected 1 to 255 bytes, got 0/],
    ["a padded info", { info: "AA==" }, "invalid-encoding", /^task.info: expected base64url without padding/],
    ["a short id", { id: "AAAA" }, "wrong-length", /^task.id: expected 32 bytes in base64url, got 3/],
    ["no configuration", { collectorHpkeConfig: "AAAA" }, "malformed", /^HpkeConfig/],
  ])("%s", (_name, change, code, message) => {
    const error = errorOf(() => DapTask.fromJSON({ ...document, ...change }));
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });

  it.each([null, undefined, "{}", 3, []])("%j", (odd) => {
    expect(codeOf(() => DapTask.fromJSON(odd))).toBe("invalid-argument");
  });
});

describe("configurations that nobody here may take part in", () => {
  const { configuration } = DapTask.fromJSON(document);
  const [interval] = configuration.extensions;

  it.each<[string, Partial<TaskConfiguration>, string]>([
    ["batch mode 0", { batchMode: 0 }, "invalid-argument"],
    ["batch mode 3", { batchMode: 3 }, "invalid-argument"],
    ["a batch configuration", { batchConfig: new Uint8Array(1) }, "invalid-argument"],
    ["an unknown VDAF", { vdafType: 6 }, "invalid-argument"],
    ["another VDAF's parameters", { vdafType: 2, vdafConfiguration: new Uint8Array(4) }, "malformed"],
    ["no time precision", { timePrecision: 0n }, "out-of-range"],
    ["more seconds than a number counts", { timePrecision: 2n ** 53n }, "out-of-range"],
    ["batches of any size", { minBatchSize: 0n }, "out-of-range"],
    [
      "an unknown extension",
      { extensions: [{ extensionType: 2, extensionData: new Uint8Array(0) }] },
      "invalid-argument",
    ],
    ["an extension twice", { extensions: [interval, interval] as Extension[] }, "invalid-argument"],
    ["half an interval", { extensions: [{ extensionType: 1, extensionData: new Uint8Array(15) }] }, "malformed"],
    ["an empty interval", { extensions: [{ extensionType: 1, extensionData: new Uint8Array(16) }] }, "out-of-range"],
    [
      "an interval past the end of time",
      { extensions: [{ extensionType: 1, extensionData: new Uint8Array(16).fill(0xff) as Bytes }] },
      "out-of-range",
    ],
    ["no URL", { leaderAggregatorEndpoint: new Uint8Array(3) }, "invalid-argument"],
  ])("%s", (_name, change, code) => {
    expect(codeOf(() => DapTask.fromConfiguration({ ...configuration, ...change }))).toBe(code);
  });

  it("and collectors that no aggregate share can be encrypted to", () => {
    const withCollector = (change: Partial<HpkeConfig>) => () =>
      DapTask.fromConfiguration(configuration, { collectorHpkeConfig: { ...keyPair.config, ...change } });
    expect(codeOf(withCollector({ kemId: 0x10 }))).toBe("invalid-key");
    expect(codeOf(withCollector({ publicKey: new Uint8Array(32) }))).toBe("invalid-key");
    expect(codeOf(withCollector({ publicKey: new Uint8Array(65) }))).toBe("wrong-length");
    expect(codeOf(withCollector({ id: 256 }))).toBe("out-of-range");
    expect(withCollector({})().collectorHpkeConfig).toEqual(keyPair.config);
  });

  it("and ids of another length", () => {
    expect(codeOf(() => DapTask.fromConfiguration(configuration, { id: new Uint8Array(31) }))).toBe("wrong-length");
  });
});
