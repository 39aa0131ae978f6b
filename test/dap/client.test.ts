// The client against two aggregators: what it makes of measurements, which keys it takes and how long it keeps them,
// and what it says of each report.

import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { DapClient, type DapClientOptions } from "../../src/dap/client.js";
import { DapError } from "../../src/dap/dap-error.js";
import { HpkeConfigCache } from "../../src/dap/hpke-config-cache.js";
import {
  DapTask,
  decodeReport,
  encodeHpkeConfigList,
  encodeUploadErrors,
  HpkeKeyPair,
  PROBLEM_TYPES,
  type Report,
  ReportError,
} from "../../src/dap/index.js";
import { Prio3Count, Prio3Histogram } from "../../src/prio3/index.js";
import { answer, bodyOf, problem, type Sent } from "./fake-fetch.js";
import { FakePair, NOW, taskOf } from "./fake-pair.js";

const histogram = { type: "Prio3Histogram", length: 4, chunkLength: 2 } as const;
const task = taskOf(histogram);
let pair: FakePair;
beforeEach(() => {
  pair = new FakePair(task);
});

const clientOf = (options: Partial<DapClientOptions<number>> = {}) =>
  new DapClient<number>({ ...pair.options, ...options });

async function thrownBy(promise: Promise<unknown>): Promise<DapError> {
  return (await promise.then(
    () => undefined,
    (error: unknown) => error,
  )) as DapError;
}

describe("a report", () => {
  test("is uploaded with the draft's media type, and counted", async () => {
    expect(await clientOf().upload(2)).toBe("accepted");
    const [upload] = pair.sent("/reports");
    expect(upload).toMatchObject({
      url: `https://leader.example/dap/tasks/${task.idText}/reports`,
      method: "POST",
      headers: { "content-type": "application/ppm-dap;message=upload-req" },
      redirect: "manual",
      credentials: "omit",
    });
    expect(pair.counted.size).toBe(1);
  });

  test("has a time that is rounded down to the task's precision, and a random id", async () => {
    const client = clientOf();
    const of = async (time?: Date | number) =>
      decodeReport(await client.prepare(0, time === undefined ? {} : { time })).reportMetadata;
    const hour = BigInt(Math.floor(NOW / 3_600_000));
    expect((await of()).time).toBe(hour);
    expect((await of(new Date("2026-03-01T12:59:59.999Z"))).time).toBe(hour);
    expect((await of(Date.parse("2026-03-01T13:00:00Z"))).time).toBe(hour + 1n);
    expect((await of(0)).time).toBe(0n);
    const ids = await Promise.all(Array.from({ length: 20 }, async () => `${(await of()).reportId}`));
    expect(new Set(ids).size).toBe(20);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN)])("of %s is none", async (time) => {
    expect(await thrownBy(clientOf().upload(0, { time }))).toMatchObject({ code: "out-of-range" });
    expect(pair.fake.sent).toEqual([]);
  });

  test("has the extensions that it is given, each where it belongs", async () => {
    const extension = (extensionType: number) => ({ extensionType, extensionData: Uint8Array.of(extensionType) });
    const options = {
      publicExtensions: [extension(5)],
      privateExtensions: { leader: [extension(6)], helper: [extension(7)] },
    };
    const report = decodeReport(await clientOf().prepare(0, options));
    expect(report.reportMetadata.publicExtensions).toEqual([extension(5)]);
    const plain = await clientOf().prepare(0);
    // A type, a length and a byte.
    const { leaderEncryptedInputShare: a, helperEncryptedInputShare: b } = report;
    const { leaderEncryptedInputShare: c, helperEncryptedInputShare: d } = decodeReport(plain);
    expect([a.payload.length - c.payload.length, b.payload.length - d.payload.length]).toEqual([5, 5]);
  });

  test("of a measurement that is none is an error before anything is sent", async () => {
    expect(await thrownBy(clientOf().upload(4))).toMatchObject({ code: "out-of-range" });
    expect(await thrownBy(clientOf().uploadMany([0, -1]))).toMatchObject({ code: "out-of-range" });
    expect(pair.fake.sent).toEqual([]);
  });

  test("outside of the task's interval is an error before anything is sent", async () => {
    const short = taskOf(histogram, { interval: { start: "2026-03-01T00:00:00Z", duration: 43_200 } });
    const client = new DapClient<number>({ ...new FakePair(short).options, task: short });
    expect(await thrownBy(client.upload(0))).toMatchObject({ code: "out-of-range" });
  });
});

describe("a client", () => {
  test("is made of a task or its document", async () => {
    const client = clientOf({ task: JSON.parse(JSON.stringify(task)) });
    expect(client.task).toBeInstanceOf(DapTask);
    await client.upload(1);
    expect(pair.counted.size).toBe(1);
  });

  test("has the task's VDAF and no other", () => {
    for (const vdaf of [new Prio3Histogram({ length: 5, chunkLength: 2 }), new Prio3Count()]) {
      expect(() => clientOf({ vdaf: vdaf as never })).toThrow(expect.objectContaining({ code: "mismatch" }));
    }
  });
});

describe("options", () => {
  test.each([
    ["none at all", undefined, "client: expected an object"],
    ["no task", { task: undefined }, "task: expected an object"],
    ["no VDAF", { vdaf: undefined }, "vdaf: expected an object, got undefined"],
    ["a VDAF that is none", { vdaf: 3 }, "vdaf: expected an object"],
    ["a name with a typing error", { tires: 3 }, 'got "tires"'],
  ])("%s is an error that names it", (_case, change, message) => {
    const options = change === undefined ? undefined : { ...pair.options, ...change };
    expect(() => new DapClient(options as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) }),
    );
  });
});

describe("arguments", () => {
  test.each([
    ["one measurement for many", (client) => client.uploadMany(3 as never), "measurements: expected an array, got 3"],
    ["one report for many", (client) => client.send(new Uint8Array(3) as never), "reports: expected an array"],
    ["no options", (client) => client.upload(1, null as never), "options: expected an object, got null"],
  ] satisfies [string, (client: DapClient<number>) => Promise<unknown>, string][])(
    "%s",
    async (_case, call, message) => {
      expect(await thrownBy(call(clientOf()))).toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining(message),
      });
      expect(pair.fake.sent).toEqual([]);
    },
  );
});

describe("HPKE configurations", () => {
  const configs = (role: "leader" | "helper") => pair.fake.sent.filter(({ url }) => url === task.hpkeConfigUrl(role));

  test("are asked for once while they are fresh, also at the same time", async () => {
    const client = clientOf();
    await Promise.all([client.upload(0), client.upload(1), client.prepare(2)]);
    await client.upload(3);
    expect([configs("leader").length, configs("helper").length]).toEqual([1, 1]);
    expect(configs("helper")[0]).toMatchObject({
      url: "https://helper.example/hpke_config",
      method: "GET",
      headers: { accept: "application/ppm-dap;message=hpke-config-list" },
      redirect: "manual",
    });
  });

  test.each<[Record<string, string>, number]>([
    [{ "cache-control": "max-age=100" }, 100],
    [{ "cache-control": "public, MAX-AGE = 100 , immutable" }, 100],
    [{ "cache-control": 'max-age="100"' }, 100],
    [{ "cache-control": "max-age=100", age: "40" }, 60],
    [{ "cache-control": "max-age=100", age: "100" }, 0],
    [{ "cache-control": "max-age=100", age: "101" }, 0],
    [{ "cache-control": "max-age=100", age: "x" }, 100],
    [{ "cache-control": "max-age=100, max-age=5" }, 100],
    [{ "cache-control": "no-store, max-age=100" }, 0],
    [{ "cache-control": "no-cache" }, 0],
    [{ "cache-control": "max-age=0" }, 0],
    [{ "cache-control": "max-age=-5" }, 0],
    [{ "cache-control": "max-age=x" }, 0],
    [{ "cache-control": "max-age" }, 0],
    [{ "cache-control": "max-age=99999999999" }, 604_800],
    [{ "cache-control": "private" }, 3600],
    [{}, 3600],
  ])("with %j are kept for %d s", async (headers, seconds) => {
    pair.configHeaders = headers;
    let now = NOW;
    const client = clientOf({ clock: () => now });
    await client.prepare(0);
    now += 1000 * seconds - 1;
    await client.prepare(0);
    expect(configs("leader").length).toBe(seconds === 0 ? 2 : 1);
    now += 1;
    await client.prepare(0);
    expect(configs("leader").length).toBe(seconds === 0 ? 3 : 2);
    // Somebody set the clock back.
    now = NOW - 1_000_000;
    await client.prepare(0);
    expect(configs("leader").length).toBe(seconds === 0 ? 4 : 3);
  });

  test("are shared between clients that have one cache", async () => {
    const cache = new HpkeConfigCache();
    await clientOf({ configs: cache }).upload(0);
    await clientOf({ configs: cache }).upload(0);
    expect(configs("leader").length).toBe(1);
  });

  test("that are stale serve for as long again while an aggregator is away", async () => {
    pair.configHeaders = { "cache-control": "max-age=100" };
    let now = NOW;
    const client = clientOf({ clock: () => now, tries: 1 });
    await client.prepare(0);
    pair.instead["hpke_config"] = new Array(8).fill(new TypeError("fetch failed"));
    now += 199_999;
    await client.prepare(0);
    expect(configs("leader").length).toBe(2);
    now += 1;
    expect(await thrownBy(client.prepare(0))).toMatchObject({ code: "unavailable" });
  });

  test("the first with algorithms that are known is taken", async () => {
    const { config } = pair.helper.keys;
    const others = [
      { ...config, id: 10, kemId: 0x10 },
      { ...config, id: 11, kdfId: 2 },
      { ...config, id: 12, aeadId: 3 },
      { ...config, id: 13, publicKey: new Uint8Array(65) },
    ];
    const list = (all: readonly (typeof config)[]) => () => answer(200, encodeHpkeConfigList(all));
    pair.instead["hpke_config"] = [
      list([...others, pair.leader.keys.config]),
      list([...others, config, others[0] as never]),
    ];
    await clientOf().upload(1);
    expect(pair.counted.size).toBe(1);
    pair.instead["hpke_config"] = [undefined, list(others)];
    const error = await thrownBy(clientOf().upload(1));
    expect(error).toMatchObject({ code: "refused", server: "helper" });
    expect(error.message).toContain("0x0010/0x0001/0x0001, 0x0020/0x0002/0x0001");
  });

  test("that are no list, or half of one, are asked for again", async () => {
    const bytes = encodeHpkeConfigList([pair.leader.keys.config]);
    for (let length = 0; length < bytes.length; length++) {
      pair = new FakePair(task);
      const half = bytes.subarray(0, length);
      pair.instead["hpke_config"] = [answer(200, half), { ...answer(200), ...bodyOf([half], "broken") }];
      await clientOf().upload(1);
      expect(pair.counted.size).toBe(1);
    }
    pair.instead["hpke_config"] = new Array(20).fill(answer(200, bytes.subarray(1)));
    expect(await thrownBy(clientOf().upload(1))).toMatchObject({ code: "malformed" });
  });
});

describe("outdated configurations", () => {
  const outdated = (id: number) => (report: Report) =>
    report.leaderEncryptedInputShare.configId === id ? ReportError.outdatedConfig : undefined;

  test.each(["outdatedConfig", "hpkeUnknownConfigId"] as const)(
    "are fetched anew once, past all caches, and the report is made anew: %s",
    async (name) => {
      const client = clientOf();
      await client.upload(0);
      pair.leader.keys = HpkeKeyPair.generate(5);
      pair.refuses = (report) => (outdated(1)(report) === undefined ? undefined : ReportError[name]);
      expect(await client.upload(1)).toBe("accepted");
      expect(pair.uploads.map((reports) => reports[0]?.leaderEncryptedInputShare.configId)).toEqual([1, 1, 5]);
      expect(pair.sent("hpke_config").map(({ cache }) => cache)).toEqual([undefined, undefined, "reload", "reload"]);
      // The report that was refused is not counted, and its id is not used again.
      expect(pair.counted.size).toBe(2);
      expect(await client.upload(1)).toBe("accepted");
      expect(pair.sent("hpke_config").length).toBe(4);
    },
  );

  test("of some reports leave the others alone", async () => {
    const client = clientOf();
    let first = true;
    pair.refuses = (report) => {
      const index = pair.uploads[0]?.indexOf(report) ?? -1;
      return first && [1, 3].includes(index) ? ReportError.outdatedConfig : undefined;
    };
    const promise = client.uploadMany([0, 1, 2, 3]);
    expect(await promise).toEqual(new Array(4).fill({ status: "accepted", error: null }));
    first = false;
    expect(pair.uploads.map(({ length }) => length)).toEqual([4, 2]);
    expect(pair.counted.size).toBe(4);
  });

  test("never hide what became of the other reports", async () => {
    const client = clientOf({ tries: 1 });
    let index = 0;
    pair.refuses = () => (index++ === 1 ? ReportError.outdatedConfig : undefined);
    pair.instead["reports"] = [undefined, new TypeError("fetch failed")];
    const statuses = (outcomes: readonly { status: string }[]) => outcomes.map(({ status }) => status);
    expect(statuses(await client.uploadMany([0, 1, 2]))).toEqual(["accepted", "unknown", "accepted"]);
    // And if there is no key to be had.
    index = 0;
    pair.instead["hpke_config"] = new Array(2).fill(new TypeError("fetch failed"));
    expect(statuses(await client.uploadMany([0, 1, 2]))).toEqual(["accepted", "refused", "accepted"]);
    expect(pair.counted.size).toBe(4);
    await expect(clientOf({ tries: 1 }).upload(0)).resolves.toBe("accepted");
  });

  test("twice are an error, not a loop", async () => {
    pair.refuses = () => ReportError.outdatedConfig;
    expect(await thrownBy(clientOf().upload(0))).toMatchObject({ code: "refused", reportError: 11 });
    expect(pair.uploads.length).toBe(2);
  });

  test("after a try that may have arrived make no second report: it could count twice", async () => {
    pair.instead["reports"] = [
      (request) => {
        pair.usual(request);
        pair.refuses = outdated(1);
        throw new TypeError("the answer is lost");
      },
    ];
    expect(await thrownBy(clientOf().upload(0))).toMatchObject({ code: "refused", reportError: 11 });
    expect(pair.counted.size).toBe(1);
    expect(pair.uploads.length).toBe(2);
  });
});

describe("what the leader says", () => {
  test.each(Object.entries(ReportError).filter(([name]) => name !== "outdatedConfig"))(
    "of a report is an error: %s",
    async (_, code) => {
      pair.refuses = () => code;
      const error = await thrownBy(clientOf().upload(0));
      expect(error).toBeInstanceOf(DapError);
      expect(error).toMatchObject({ code: "refused", reportError: code, server: "leader" });
      expect(error.message).toMatch(/^leader: upload: .+ \([a-z_]+\)$/);
    },
  );

  test("of each of many reports is told of each", async () => {
    pair.refuses = (report) => (pair.uploads[0]?.indexOf(report) === 1 ? ReportError.reportTooEarly : undefined);
    const outcomes = await clientOf().uploadMany([0, 1, 2]);
    expect(outcomes.map(({ status }) => status)).toEqual(["accepted", "refused", "accepted"]);
    expect(pair.uploads.length).toBe(1);
    expect(await clientOf().uploadMany([])).toEqual([]);
  });

  test("about reports that were not sent is no answer", async () => {
    const strange = encodeUploadErrors({ status: [{ id: new Uint8Array(16), error: 3 }] });
    pair.instead["reports"] = new Array(5).fill(answer(200, strange));
    expect(await thrownBy(clientOf().upload(0))).toMatchObject({ code: "malformed" });
    pair.instead["reports"] = [answer(200, "<html>Please log in</html>")];
    expect(await clientOf().upload(0)).toBe("accepted");
    expect(pair.counted.size).toBe(1);
  });

  test.each(Object.entries(PROBLEM_TYPES))("about the request is an error: %s", async (name, type) => {
    pair.instead["reports"] = [problem(400, { type, detail: "because" })];
    const error = await thrownBy(clientOf().upload(0));
    expect(error).toMatchObject({ code: "refused", status: 400, problem: { type: name, detail: "because" } });
  });

  test("about a request that is too large, or has a bad report, holds up no other report", async () => {
    const client = clientOf();
    // No more than two reports at once, and never the one with this id.
    let bad = "";
    pair.instead["reports"] = Array.from({ length: 50 }, () => (request) => {
      const size = (request.body?.length ?? 0) / size1;
      if (size > 2) return answer(413);
      const hasBad = `${request.body}`.includes(bad);
      return hasBad ? problem(400, { type: PROBLEM_TYPES.invalidMessage }) : pair.usual(request);
    });
    const reports = await Promise.all([0, 1, 2, 3, 0, 1, 2].map((x) => client.prepare(x)));
    const size1 = reports[0]?.length ?? 0;
    bad = `${reports[4]?.subarray(0, 16)}`;
    const outcomes = await client.send(reports);
    expect(outcomes.map(({ status }) => status)).toEqual(reports.map((_, i) => (i === 4 ? "refused" : "accepted")));
    expect(pair.counted.size).toBe(6);
    // One half arrives, and then the leader goes away.
    const usual = pair.usual.bind(pair);
    pair.instead["reports"] = [answer(413), usual, ...new Array(5).fill(new TypeError("fetch failed"))];
    expect(await client.uploadMany([0, 1])).toMatchObject([
      { status: "accepted", error: null },
      { status: "unknown", error: { code: "unavailable" } },
    ]);
  });
});

describe("reports that are sent again", () => {
  test("have the same bytes, and are counted once", async () => {
    const lost = (request: Sent) => {
      pair.usual(request);
      throw new TypeError("the answer is lost");
    };
    pair.instead["reports"] = [lost, answer(502), lost, undefined];
    expect(await clientOf().upload(3)).toBe("accepted");
    const [first, ...others] = pair.sent("/reports").map(({ body }) => body);
    expect(others).toEqual([first, first, first]);
    expect(pair.counted.size).toBe(1);
  });

  test("and are known already were accepted before", async () => {
    pair.refuses = ({ reportMetadata }) =>
      pair.counted.has(Array.from(reportMetadata.reportId, (b) => b.toString(16).padStart(2, "0")).join(""))
        ? ReportError.reportReplayed
        : undefined;
    pair.instead["reports"] = [
      (request) => {
        pair.usual(request);
        throw new TypeError("the answer is lost");
      },
    ];
    const client = clientOf();
    expect(await client.upload(0)).toBe("accepted");
    // Whoever sends a report again knows whether it was sent before.
    const report = await client.prepare(1);
    expect((await client.send([report]))[0]).toEqual({ status: "accepted", error: null });
    expect((await client.send([report]))[0]).toMatchObject({ status: "refused", error: { reportError: 2 } });
    expect(pair.counted.size).toBe(2);
  });

  test("are reports", async () => {
    const client = clientOf();
    const report = await client.prepare(0);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array(),
          fc.nat(report.length - 1).map((n) => report.slice(0, n)),
        ),
        async (bytes) => {
          expect(await thrownBy(client.send([bytes]))).toMatchObject({ code: "malformed" });
        },
      ),
    );
    expect(pair.sent("/reports")).toEqual([]);
  });
});

test("giving up rejects with the signal's reason, whatever is under way", async () => {
  const reason = new Error("closed");
  const controller = new AbortController();
  pair.instead["hpke_config"] = [
    () => {
      setTimeout(() => controller.abort(reason));
      return new Promise<never>(() => undefined);
    },
  ];
  const client = clientOf();
  await expect(client.upload(0, { signal: controller.signal })).rejects.toBe(reason);
  await expect(client.upload(0, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
