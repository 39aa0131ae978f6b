// The operators' page in Chromium, over an admin port with tasks: what it shows, live, in both themes, on a phone, by
// keyboard, and under its own policy.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright";
import type { DapTask } from "prio/dap";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findChromium, launchOptions } from "../../../scripts/chromium.mjs";
import { buildPage } from "../../scripts/build-page.mjs";
import type { JobKind, NewJob } from "../../src/store/store.js";
import { openTestAdmin, type TestAdmin } from "../support/admin.js";

const HOUR = 3600;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** With a folder here, the tests leave pictures of the page for people to look at. */
const pictures = process.env["PRIO_PAGE_PICTURES"];

const folder = mkdtempSync(join(tmpdir(), "prio-page-"));
let browser: Browser;
let at: TestAdmin;
let leader: DapTask;

beforeAll(async () => {
  await buildPage(folder);
  browser = await chromium.launch(launchOptions(findChromium() ?? ""));
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  at = await openTestAdmin({ page: folder, lookEvery: 0.02 }, Math.floor(Date.now() / 1000) - 12 * 60);
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await at.close();
});

const job = (task: number, kind: JobKind, n: number, more: Partial<NewJob> = {}): NewJob => ({
  ...{ task, kind, id: new Uint8Array(16).fill(n), state: "requested", step: 0, requestHash: null, request: null },
  ...{ answer: null, detail: "{}", times: null, batch: null, notBefore: at.now, ...more },
});

/** Uploads so many reports, so many seconds later, and waits until the admin port has seen it. */
async function upload(task: DapTask, n: number, seconds: number): Promise<void> {
  at.now += seconds;
  await at.store.run("upload", (tx) => tx.addCounters([{ task: at.keyOf(task), name: "uploaded", n }]));
  await expect
    .poll(async () => {
      const { history } = (await (await fetch(`${at.admin.url}/status.json`)).json()) as { history: { at: number }[] };
      return history.at(-1)?.at;
    })
    .toBe(at.now);
}

/** A leader's task in the middle of its life, and a helper's that is new. */
async function fill(): Promise<void> {
  leader = await at.addTask("leader", { noise: { mechanism: "laplace", epsilon: "0.5" } });
  await at.addTask("helper");
  for (const n of [0, 4000, 7000, 9000, 8000, 5000, 6000, 9500, 12_000, 100, 0, 633]) await upload(leader, n, 60);
  const task = at.keyOf(leader);
  const hour = Math.floor(at.now / HOUR);
  const bucketOf = (time: number): Uint8Array => {
    const bucket = Buffer.alloc(8);
    bucket.writeBigUInt64BE(BigInt(time));
    return bucket;
  };
  const partial = { checksum: new Uint8Array(32), share: new Uint8Array(4) };
  await at.store.run("fill", async (tx) => {
    const content = new Uint8Array(9);
    const waiting = (n: number) => ({ task, id: new Uint8Array(16).fill(n), time: hour, content });
    await tx.insertReports([1, 2, 3].map(waiting), at.now - 70);
    for (const n of [1, 2, 3]) await tx.insertJob(job(task, "aggregate", n), at.now - 800);
    for (const n of [4, 5]) await tx.insertJob(job(task, "aggregate", n, { state: "done" }), at.now - 900);
    const problem = "waiting for the helper: 403";
    await tx.updateJob(job(task, "aggregate", 1), { attempts: 3, problem, notBefore: at.now + 60 }, at.now - 720);
    const given = { state: "abandoned", problem: "the helper's answer has other reports" };
    await tx.insertJob(job(task, "aggregate", 6), at.now - 5000);
    await tx.updateJob(job(task, "aggregate", 6), given, at.now - 4000);
    const times = { from: hour - 3, to: hour - 2 };
    await tx.insertJob(job(task, "collect", 1, { state: "finished", times }), at.now - HOUR);
    await tx.insertPartials(task, new Uint8Array(16).fill(4), [
      { ...partial, bucket: bucketOf(hour - 1), count: 7012, minTime: hour - 1, maxTime: hour - 1 },
      { ...partial, bucket: bucketOf(hour), count: 412, minTime: hour, maxTime: hour },
    ]);
    await tx.addCounters(
      Object.entries({ aggregated: 60_012, collected: 52_588, "refused:report_replayed": 31, postponed: 7 }).map(
        ([name, n]) => ({
          task,
          name,
          n,
        }),
      ),
    );
    await tx.addCounters([{ task, name: "refused:vdaf_verify_error", n: 112 }]);
  });
  const answers = ["every day", "most days", "now and then", "never", "I would rather not say"];
  await fetch(`${at.admin.url}/results`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ task: leader.idText, start: (hour - 3) * HOUR, end: (hour - 2) * HOUR, reportCount: 52_588 },
      ...{ result: [20_011, 15_204, 9_876, 7_503, -6], labels: answers, deviation: 400 },
    }),
  });
}

async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; problems: string[]; asked: string[] }> {
  const context = await browser.newContext({
    ...{ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options },
  });
  const page = await context.newPage();
  const problems: string[] = [];
  const asked: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("request", (request) => asked.push(new URL(request.url()).origin));
  await page.goto(at.admin.url);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
  return { page, problems, asked };
}

async function accessibilityFaults(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(`${axe}; axe.run(document)`)) as {
    violations: { id: string; nodes: { target: string[] }[] }[];
  };
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}

const text = async (page: Page, selector: string): Promise<string> =>
  ((await page.locator(selector).textContent()) ?? "").replaceAll(/\s+/g, " ");

describe.each([
  { name: "a desktop, light", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "a desktop, dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { name: "a phone, light", viewport: { width: 360, height: 740 }, colorScheme: "light" },
  { name: "a phone, dark", viewport: { width: 320, height: 640 }, colorScheme: "dark" },
] as const)("on $name", ({ name, viewport, colorScheme }) => {
  test("nothing is too wide, axe finds no fault, and all comes from the admin port", async () => {
    await fill();
    const { page, problems, asked } = await open({ viewport, colorScheme });
    await page.locator(".chart svg").waitFor();
    const faults = async () => [
      ...(await accessibilityFaults(page)),
      ...((await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) ? ["too wide"] : []),
    ];
    expect(await faults()).toEqual([]);
    if (pictures !== undefined) {
      await page.screenshot({ path: join(pictures, `${name.replaceAll(/\W+/g, "-")}.png`), fullPage: true });
    }
    // A helper's task, which has nothing yet.
    await page.locator("#tasks a").nth(1).click();
    await expect.poll(() => text(page, "#task-name")).toContain("helper");
    expect(await faults()).toEqual([]);
    expect(problems).toEqual([]);
    expect(new Set(asked)).toEqual(new Set([at.admin.url]));
  });
});

describe("what the page says", () => {
  test("what is waited for, since when, how many reports, batches and results with their noise", async () => {
    await fill();
    const { page } = await open();
    const time = (seconds: number) =>
      page.evaluate(
        (ms) => new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" }),
        1000 * seconds,
      );
    const first = await text(page, ".troubles li");
    expect(first).toContain("waiting for the helper: 403 since");
    expect(first).toContain(await time(at.now - 720));
    expect(first).toContain("aggregation, 1 job; next attempt at");
    expect(await text(page, ".given-up")).toContain(": the helper's answer has other reports");
    expect(await text(page, ".numbers")).toMatch(
      /Received61,233.*Waiting3the oldest for 1 minute.*Counted60,012.*Refused143.*Postponed7too early by a clock/,
    );
    expect(await text(page, ".refusals")).toContain("vdaf verify error112report replayed31");
    expect(await text(page, ".batches tbody")).toMatch(/7,012large enough.*412588 to go/);
    expect(await text(page, ".jobs tbody")).toMatch(/requested3.*done2|done2.*requested3/);
    expect(await page.locator(".results li").allTextContents()).toEqual([
      ...["every day20,011 ± 800", "most days15,204 ± 800", "now and then9,876 ± 800", "never7,503 ± 800"],
      "I would rather not say-6 ± 800",
    ]);
    // The bar of the largest total ends where the axis has it, and its whiskers go over that end.
    const widths = await page
      .locator(".results li:first-child .total")
      .evaluate((total) =>
        [total, ...total.children]
          .map((element) => element.getBoundingClientRect())
          .map(({ left, right }) => [left, right]),
      );
    const [track, fillOf, whisker] = widths as [[number, number], [number, number], [number, number]];
    expect(whisker[0]).toBeLessThan(fillOf[1]);
    expect(whisker[1]).toBeGreaterThan(fillOf[1]);
    expect(whisker[1]).toBeCloseTo(track[1], 0);
    expect(await text(page, "#foot")).toContain("HPKE key 1: active since");
  });

  test("reports that arrive are shown while they do, and the chart says how many a second", async () => {
    await fill();
    const { page } = await open();
    await page.locator(".chart svg").waitFor();
    await upload(leader, 1000, 2);
    await expect.poll(() => text(page, ".numbers"), { timeout: 10_000 }).toContain("Received62,233");
    await expect
      .poll(() => page.locator(".chart").getAttribute("aria-label"), { timeout: 10_000 })
      .toMatch(/^Reports arriving: 500 a second now, at most 500 in the last half hour$/);
  });

  test("without tasks it says how to make one", async () => {
    const { page } = await open();
    expect(await text(page, "#task")).toContain("prio-aggregator task create");
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test("an aggregator that does not answer is an alarm, and what was there stays", async () => {
    await fill();
    const { page } = await open();
    await page.route("**/status.json*", (route) => route.abort());
    await expect.poll(() => text(page, "#alarm"), { timeout: 10_000 }).toContain("The aggregator does not answer.");
    expect(await text(page, ".numbers")).toContain("61,233");
    await page.unroute("**/status.json*");
    await expect.poll(() => text(page, "#alarm"), { timeout: 10_000 }).toBe("");
  });
});

describe("by keyboard", () => {
  test("tasks, the pause button and wide tables are reached; the chosen task stays after a new answer", async () => {
    await fill();
    const { page } = await open();
    const reached: string[] = [];
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          return element.getAttribute("aria-label") ?? element.textContent?.trim() ?? "";
        }),
      );
    }
    expect(reached.slice(0, 2)).toEqual(["Skip to the task", "Pause"]);
    expect(reached.slice(2, 4).map((name) => name.slice(0, 6))).toEqual(["leader", "helper"]);
    expect(reached).toContain("Batches not yet collected");

    const second = page.locator("#tasks a").nth(1);
    await second.focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => text(page, "#task-name")).toContain("helper");
    expect(await second.getAttribute("aria-current")).toBe("true");
    const before = await text(page, "#live");
    at.now += 3;
    await expect.poll(() => text(page, "#live"), { timeout: 10_000 }).not.toBe(before);
    expect(await text(page, "#task-name")).toContain("helper");
  });

  test("a pause stops what changes, and ends", async () => {
    await fill();
    const { page } = await open();
    const pause = page.getByRole("button", { name: "Pause" });
    await pause.focus();
    await page.keyboard.press("Space");
    expect(await pause.getAttribute("aria-pressed")).toBe("true");
    expect(await text(page, "#live")).toMatch(/^As of /);
    await page.keyboard.press("Space");
    await expect.poll(() => text(page, "#live"), { timeout: 10_000 }).toMatch(/^Live, /);
  });
});
