// Reports that wait for better times: in the application's store, as the same bytes, until the leader has said what
// became of them.

import { beforeEach, describe, expect, test } from "vitest";
import { toBase64Url } from "../../src/core/base64url.js";
import { DapClient } from "../../src/dap/client.js";
import { type Bytes, HpkeKeyPair, PROBLEM_TYPES, type Report, ReportError } from "../../src/dap/index.js";
import type { ReportQueue } from "../../src/dap/report-queue.js";
import { problem } from "./fake-fetch.js";
import { FakePair, NOW, taskOf } from "./fake-pair.js";

const task = taskOf({ type: "Prio3Histogram", length: 4, chunkLength: 2 });

/** A store, which may forget what it was told last: the page was closed before it was on disk. */
class Store implements ReportQueue {
  readonly reports = new Map<string, Bytes>();
  readonly log: string[] = [];

  add(id: string, report: Bytes): void {
    this.log.push("add");
    this.reports.set(id, report);
  }

  remove(id: string): void {
    this.log.push("remove");
    this.reports.delete(id);
  }

  list() {
    return Promise.resolve([...this.reports].map(([id, report]) => ({ id, report })));
  }
}

let pair: FakePair;
let store: Store;
const clientOf = () => new DapClient<number>({ ...pair.options, queue: store, tries: 1 });
const offline = new TypeError("fetch failed");

beforeEach(() => {
  pair = new FakePair(task);
  store = new Store();
  const { fetch } = pair.fake;
  Object.assign(pair.fake, {
    fetch: (...args: Parameters<typeof fetch>) => {
      if (args[1].method === "POST") store.log.push("send");
      return fetch(...args);
    },
  });
});

describe("a report", () => {
  test("is in the store from before it is sent until the leader has it", async () => {
    expect(await clientOf().upload(1)).toBe("accepted");
    expect(store.log).toEqual(["add", "send", "remove"]);
    expect(store.reports.size).toBe(0);
  });

  test("that cannot be sent waits, and is sent later as the same bytes", async () => {
    pair.instead["reports"] = [offline, problem(503, {})];
    expect(await clientOf().upload(1)).toBe("queued");
    expect(await clientOf().uploadMany([2, 3])).toMatchObject([{ status: "queued" }, { status: "queued" }]);
    expect(store.reports.size).toBe(3);
    for (const [id, report] of store.reports) expect(id).toBe(toBase64Url(report.subarray(0, 16)));
    const before = [...store.reports.values()];
    // Another page, later.
    expect(await clientOf().sendQueued()).toEqual({ accepted: 3, refused: [], left: 0 });
    expect(pair.sent("/reports").at(-1)?.body).toEqual(Uint8Array.from(before.flatMap((report) => [...report])));
    expect(pair.counted.size).toBe(3);
    expect(store.reports.size).toBe(0);
  });

  test("that arrived though its answer was lost is counted once", async () => {
    pair.instead["reports"] = [
      (request) => {
        pair.usual(request);
        throw offline;
      },
    ];
    expect(await clientOf().upload(1)).toBe("queued");
    expect(await clientOf().sendQueued()).toEqual({ accepted: 1, refused: [], left: 0 });
    expect(pair.counted.size).toBe(1);
  });

  test("that two pages send at the same time is counted once", async () => {
    pair.instead["reports"] = [offline];
    await clientOf().upload(1);
    await Promise.all([clientOf().sendQueued(), clientOf().sendQueued()]);
    expect(pair.counted.size).toBe(1);
    expect(store.reports.size).toBe(0);
  });

  test("that comes too early waits, and one that is refused for good does not", async () => {
    let code: number | undefined = ReportError.reportTooEarly;
    pair.refuses = () => code;
    expect(await clientOf().upload(1)).toBe("queued");
    expect(await clientOf().sendQueued()).toEqual({ accepted: 0, refused: [], left: 1 });
    code = ReportError.reportDropped;
    expect(await clientOf().sendQueued()).toMatchObject({ accepted: 0, refused: [{ reportError: 3 }], left: 0 });
    await expect(clientOf().upload(1)).rejects.toMatchObject({ code: "refused", reportError: 3 });
    expect(store.reports.size).toBe(0);
  });

  test("that the leader cannot take now, for a fault of its own, is kept, and sendQueued tells the error", async () => {
    // The operator has not made the task yet.
    const unknown = () => problem(404, { type: PROBLEM_TYPES.unrecognizedTask });
    pair.instead["reports"] = [unknown, unknown, undefined];
    expect(await clientOf().uploadMany([1])).toMatchObject([
      { status: "queued", error: { problem: { type: "unrecognizedTask" } } },
    ]);
    expect(store.reports.size).toBe(1);
    await expect(clientOf().sendQueued()).rejects.toMatchObject({ problem: { type: "unrecognizedTask" } });
    expect(store.reports.size).toBe(1);
    expect(await clientOf().sendQueued()).toMatchObject({ accepted: 1, left: 0 });
  });

  test("of an outdated configuration is replaced by a new one, and never by two", async () => {
    const client = clientOf();
    await client.upload(0);
    pair.leader.keys = HpkeKeyPair.generate(5);
    pair.refuses = (report: Report) =>
      report.leaderEncryptedInputShare.configId === 5 ? undefined : ReportError.outdatedConfig;
    expect(await client.upload(1)).toBe("accepted");
    expect(pair.counted.size).toBe(2);
    expect(store.reports.size).toBe(0);
    // And while the leader is away between the two.
    pair.leader.keys = HpkeKeyPair.generate(6);
    pair.refuses = () => ReportError.outdatedConfig;
    pair.instead["reports"] = [undefined, offline];
    expect(await client.upload(1)).toBe("queued");
    expect(store.reports.size).toBe(1);
  });

  test("is not lost when the store fails: it is not sent either", async () => {
    const full = new Error("QuotaExceededError");
    store.add = () => Promise.reject(full) as never;
    await expect(clientOf().upload(1)).rejects.toBe(full);
    expect(pair.sent("/reports")).toEqual([]);
  });

  test("is not sent later if another one of its request could not be kept", async () => {
    const full = new Error("QuotaExceededError");
    const { add } = store;
    store.add = (...args) => {
      if (store.reports.size > 1) throw full;
      return add.apply(store, args);
    };
    await expect(clientOf().uploadMany([0, 1, 2])).rejects.toBe(full);
    expect(store.reports.size).toBe(0);
    expect(pair.sent("/reports")).toEqual([]);
  });
});

describe("the queue", () => {
  test("is sent in requests that are not too large", async () => {
    const client = new DapClient<number>(pair.options);
    for (let i = 0; i < 205; i++) {
      const report = await client.prepare(i % 4, { time: NOW });
      store.reports.set(toBase64Url(report.subarray(0, 16)), report);
    }
    expect(await clientOf().sendQueued()).toEqual({ accepted: 205, refused: [], left: 0 });
    expect(pair.uploads.map(({ length }) => length)).toEqual([100, 100, 5]);
  });

  test("loses what is no report, and nothing else", async () => {
    pair.instead["reports"] = [offline];
    await clientOf().upload(1);
    store.reports.set("broken", Uint8Array.of(1, 2, 3));
    expect(await clientOf().sendQueued()).toEqual({ accepted: 1, refused: [], left: 0 });
    expect(store.reports.size).toBe(0);
  });

  test("that is empty, or not there, sends nothing", async () => {
    const nothing = { accepted: 0, refused: [], left: 0 };
    expect(await clientOf().sendQueued()).toEqual(nothing);
    expect(await new DapClient<number>(pair.options).sendQueued()).toEqual(nothing);
    expect(pair.fake.sent).toEqual([]);
  });
});
