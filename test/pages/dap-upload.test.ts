// A page of one origin uploads to a leader of another, with keys of a helper of a third, in a real Chromium: what the
// browser asks before, what it sends, what it keeps, and what it hides from the page.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DapCollector, type DapTask, HpkeKeyPair, ReportError, type TaskDocument } from "../../src/dap/index.js";
import { answer, type Sent } from "../dap/fake-fetch.js";
import { collectorKeys, FakePair, NOW, taskOf } from "../dap/fake-pair.js";
import { type FakeServer, serve } from "../dap/fake-server.js";
import { distFiles, root } from "../package/built.js";
import { openBrowser } from "./support/browser.js";

interface Said {
  readonly outcome?: string;
  readonly code?: string;
  readonly message?: string;
  readonly isDapError?: boolean;
}
declare global {
  interface Window {
    upload(task: TaskDocument, choice: number): Promise<Said>;
  }
}

const files = new Map([
  ["/", { path: "test/pages/dap/index.html", type: "text/html" }],
  ...distFiles()
    .filter((path) => path.endsWith(".js"))
    .map((path) => [`/dist/${path}`, { path: `dist/${path}`, type: "text/javascript" }] as const),
]);
const site = createServer((request, response) => {
  const file = files.get(request.url ?? "");
  if (file === undefined) response.writeHead(404).end();
  else response.setHeader("Content-Type", file.type).end(readFileSync(`${root}/${file.path}`));
});

const browser = await openBrowser();
let [leader, helper, closed]: FakeServer[] = [];
let pair: FakePair;
let task: DapTask;
let page: Page;

beforeAll(async () => {
  await new Promise<void>((listening) => site.listen(0, "127.0.0.1", listening));
  [leader, helper, closed] = [await serve(() => pair), await serve(() => pair), await serve(() => pair, {})];
});

afterAll(async () => {
  await browser.close();
  site.close();
  await Promise.all([leader, helper, closed].map((server) => server?.close()));
});

beforeEach(() => pairAt(leader as FakeServer));

/** A pair and a page that has its task. */
async function pairAt(at: FakeServer): Promise<void> {
  const vdaf = { type: "Prio3Histogram", length: 3, chunkLength: 2 } as const;
  task = taskOf(vdaf, { leader: `${at.url}/dap`, helper: `${(helper as FakeServer).url}/` });
  pair = new FakePair(task);
  const context = await browser.newContext();
  await context.addCookies([at, helper as FakeServer].map(({ url }) => ({ name: "id", value: "me", url })));
  page = await context.newPage();
  await open();
}

async function open(): Promise<void> {
  await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
}

const upload = (choice: number): Promise<Said> =>
  page.evaluate(([document, x]) => window.upload(document as TaskDocument, x as number), [task.toJSON(), choice]);

test("reports are uploaded, and the collector gets their total", async () => {
  for (const choice of [0, 2, 2]) expect(await upload(choice)).toEqual({ outcome: "accepted" });
  expect(pair.sent("hpke_config").length).toBe(2);
  for (const { headers } of pair.fake.sent) {
    expect(headers["cookie"]).toBeUndefined();
    expect(headers["referer"]).toBeUndefined();
  }
  const collector = new DapCollector<bigint[]>({ ...pair.options, keyPair: collectorKeys });
  // The reports have the time of the browser. The pair says in its answer what the collector wants to hear.
  const start = NOW - (NOW % 3_600_000);
  expect((await collector.collect({ start, end: start + 3_600_000 })).result).toEqual([1n, 0n, 2n]);
});

test("the browser keeps the keys for the next page, and asks anew when they are outdated", async () => {
  await upload(0);
  await open();
  expect(await upload(0)).toEqual({ outcome: "accepted" });
  expect(pair.sent("hpke_config").length).toBe(2);
  pair.leader.keys = HpkeKeyPair.generate(7);
  pair.refuses = ({ leaderEncryptedInputShare }) =>
    leaderEncryptedInputShare.configId === 7 ? undefined : ReportError.outdatedConfig;
  await open();
  expect(await upload(1)).toEqual({ outcome: "accepted" });
  expect(pair.sent("hpke_config").length).toBe(4);
  expect(pair.counted.size).toBe(3);
});

test("a leader that redirects is refused, because the browser would not say what it did", async () => {
  pair.instead["reports"] = [answer(307, "", { location: "/elsewhere" })];
  expect(await upload(0)).toMatchObject({
    code: "refused",
    message: expect.stringContaining("redirects elsewhere"),
    isDapError: true,
  });
});

test("redirects of keys are followed, though the browser does not say where they lead", async () => {
  // Each aggregator is asked, and then once more with the browser following.
  const moved = (request: Sent) => pair.usual({ ...request, url: request.url.replace("?moved", "") });
  pair.instead["hpke_config"] = Array.from({ length: 4 }, () => answer(302, "", { location: "?moved" }));
  pair.instead["hpke_config?moved"] = [moved, moved];
  expect(await upload(0)).toEqual({ outcome: "accepted" });
  expect([pair.sent("/hpke_config").length, pair.sent("/hpke_config?moved").length]).toEqual([4, 2]);
});

test("a leader that does not let other origins in cannot be reached", async () => {
  await pairAt(closed as FakeServer);
  expect(await upload(0)).toMatchObject({ code: "unavailable", message: expect.stringContaining("Failed to fetch") });
  expect(pair.counted.size).toBe(0);
});
