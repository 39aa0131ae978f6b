// The example page in a real Chromium: answers by keyboard, cheats, simulates visitors and reads the totals, using only
// what the page shows. The page is built and served under the policy `default-src 'self'`. UPDATE_SCREENSHOT=1 updates
// docs/browser-example.png.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FIELD_87 } from "../../src/core/fields.js";
import { root } from "../package/built.js";
import { openBrowser } from "./support/browser.js";

const p = FIELD_87.modulus;
const configFile = join(root, "examples/browser/vite.config.ts");
const outDir = mkdtempSync(join(tmpdir(), "prio-example-"));
const screenshot = join(root, "docs/browser-example.png");

const browser = await openBrowser();
let server: PreviewServer;
let address = "";

beforeAll(async () => {
  await build({ configFile, logLevel: "warn", build: { outDir } });
  const headers = { "Content-Security-Policy": "default-src 'self'" };
  server = await preview({
    configFile,
    logLevel: "warn",
    build: { outDir },
    preview: { host: "127.0.0.1", port: 4319, headers },
  });
  address = server.resolvedUrls?.local[0] ?? "";
});

afterAll(async () => {
  await browser.close();
  await server.close();
  rmSync(outDir, { recursive: true });
});

/** A page that is ready, and the problems that Chromium has had with it. */
async function open(at: string, options: Parameters<typeof browser.newContext>[0] = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  await page.goto(at);
  await page.locator("html[data-ready]").waitFor({ state: "attached", timeout: 30_000 });
  return { page, problems };
}

/** Field elements in a column of a table's body. */
async function column(page: Page, table: string, number: number): Promise<bigint[]> {
  const texts = await page.locator(`${table} tbody tr > :nth-child(${number}) code`).allTextContents();
  return texts.map((text) => {
    expect(text).toMatch(/^[0-9a-f]{22}$/);
    return BigInt(`0x${text}`);
  });
}

const added = (a: bigint[], b: bigint[]): number[] => a.map((x, i) => Number((x + (b[i] as bigint)) % p));

/** What a server's column says of the check: own half, the other's and the sum of d, e and out. */
async function check(page: Page, id: "a" | "b") {
  const table = `.server.${id} .check`;
  const [own, other, sum] = await Promise.all([2, 3, 4].map((number) => column(page, table, number)));
  return { own, other, sum };
}

const totals = async (page: Page) => ({
  a: await column(page, ".server.a .fields", 3),
  b: await column(page, ".server.b .fields", 3),
});

async function send(page: Page): Promise<string> {
  const before = await page.locator(".counts").allTextContents();
  await page.getByRole("button", { name: "Send my report" }).click();
  await expect.poll(() => page.locator(".counts").allTextContents()).not.toEqual(before);
  await expect.poll(() => page.getByRole("button", { name: "Send my report" }).isEnabled()).toBe(true);
  return (await page.getByRole("status").textContent()) ?? "";
}

async function simulate(page: Page, name: string): Promise<string> {
  await page.getByRole("button", { name }).click();
  await page.locator("#progress").waitFor({ state: "visible" });
  await page.locator("#progress").waitFor({ state: "hidden", timeout: 60_000 });
  return (await page.getByRole("status").textContent()) ?? "";
}

const countsOf = async (page: Page): Promise<[counted: number, refused: number][]> =>
  (await page.locator(".counts").allTextContents()).map((text) => {
    const [, counted, refused] = /^([\d,]+) counted, (\d+) refused$/.exec(text) ?? [];
    return [Number(counted?.replace(",", "")), Number(refused)];
  });

/** The published totals, and the truth beside them. */
async function publishedTotals(page: Page) {
  const numbers = async (nth: number) =>
    (await page.locator(`.totals tbody td:nth-of-type(${nth})`).allTextContents()).map((text) =>
      Number(text.replace(/[,✓✗ ]/g, "")),
    );
  const caption = (await page.locator(".totals caption").textContent()) ?? "";
  const reports = Number(/of ([\d,]+) reports/.exec(caption)?.[1]?.replace(",", "") ?? 0);
  return { reports, published: await numbers(1), truth: await numbers(3) };
}

/** Bits of four as a number. */
const numberOf = (bits: number[]): number => bits.reduce((sum, bit) => 2 * sum + bit, 0);

describe("a visit", () => {
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    ({ page, problems } = await open(address));
  });

  afterAll(() => page.context().close());

  test("starts with two servers that have seen nothing and no totals", async () => {
    expect(await page.getByText("It has seen nothing yet.").count()).toBe(2);
    expect(await page.locator(".totals caption").textContent()).toBe("Nothing is published yet.");
    expect(await countsOf(page)).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test("is answered and sent by keyboard alone", async () => {
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Skip to the questions");
    await page.keyboard.press("Enter");
    // Yes, yes, no, no and 5: the first stays at yes, the second is moved there.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".verdict[data-verdict=counted]").nth(1).waitFor();
    await expect.poll(() => page.getByRole("status").textContent()).toContain("Both servers counted your report");
    expect(await page.locator("#split tbody td.value").allTextContents()).toEqual([..."11000101"]);
  });

  test("shows shares that add up to the values, and to each server its own", async () => {
    const [a, b] = [await column(page, "#split .fields", 3), await column(page, "#split .fields", 4)];
    expect(added(a, b)).toEqual([1, 1, 0, 0, 0, 1, 0, 1]);
    expect(await column(page, ".server.a .fields", 2)).toEqual(a);
    expect(await column(page, ".server.b .fields", 2)).toEqual(b);
    expect(await totals(page)).toEqual({ a, b });
  });

  test("shows the same check from both sides, with 0 as its outcome", async () => {
    const [a, b] = [await check(page, "a"), await check(page, "b")];
    expect(a.own).toHaveLength(3);
    expect([b.own, b.other, b.sum]).toEqual([a.other, a.own, a.sum]);
    expect(a.own?.map((x, i) => (x + (a.other?.[i] as bigint)) % p)).toEqual(a.sum);
    expect(a.sum?.[2]).toBe(0n);
    const points = await page.locator(".point code").allTextContents();
    expect(points[0]).toMatch(/^[0-9a-f]{22}$/);
    expect(points[1]).toBe(points[0]);
  });

  test("publishes nothing of one report", async () => {
    expect(await page.locator("#waiting").textContent()).toContain("1 report waits");
    expect(await page.locator(".totals tbody tr").count()).toBe(0);
  });

  test("refuses a 2 before one's eyes, and adds nothing", async () => {
    const before = await totals(page);
    const cheat = page.getByRole("switch", { name: "Cheat", exact: true });
    await cheat.focus();
    await page.keyboard.press("Space");
    expect(await send(page)).toContain("Both servers refused the report");
    expect(await page.locator("#split tbody td.value").first().textContent()).toBe("2");
    const [a, b] = [await column(page, "#split .fields", 3), await column(page, "#split .fields", 4)];
    expect(added(a, b)[0]).toBe(2);
    expect(await page.locator(".verdict").allTextContents()).toEqual(["✗ refused", "✗ refused"]);
    expect((await check(page, "a")).sum?.[2]).not.toBe(0n);
    expect((await check(page, "b")).sum).toEqual((await check(page, "a")).sum);
    expect(await totals(page)).toEqual(before);
    expect(await countsOf(page)).toEqual([
      [1, 1],
      [1, 1],
    ]);
    await cheat.focus();
    await page.keyboard.press("Space");
  });

  test("publishes the plain sums of 20 reports", async () => {
    for (let i = 1; i < 20; i++) {
      if (i === 10) await page.getByRole("radio", { name: "Yes" }).nth(3).check();
      await send(page);
    }
    expect(await publishedTotals(page)).toMatchObject({ reports: 20, published: [20, 20, 0, 10, 100] });
    expect(await page.locator("#waiting").textContent()).toBe("");
  });

  test("simulates visitors, some of whom cheat, to true totals that are the sum of both servers' shares", async () => {
    expect(await simulate(page, "100 more")).toMatch(/^\d+ reports counted, \d+ cheats refused\./);
    const [a, b] = await countsOf(page);
    expect(a).toEqual(b);
    expect((a?.[0] ?? 0) + (a?.[1] ?? 0)).toBe(121);
    // A group with many cheats in it may have left too few reports to publish.
    for (let tries = 0; tries < 5 && (await page.locator("#waiting").textContent()) !== ""; tries++) {
      await simulate(page, "25 more visitors");
    }
    const { reports, published, truth } = await publishedTotals(page);
    expect(reports).toBe((await countsOf(page))[0]?.[0]);
    expect(published).toHaveLength(5);
    expect(published).toEqual(truth);
    const shares = await totals(page);
    const sums = added(shares.a, shares.b);
    expect([...sums.slice(0, 4), numberOf(sums.slice(4))]).toEqual(published);
  });

  test("draws the totals in a chart that says in words what it shows", async () => {
    const inked = await page.locator("#chart canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      return new Set(Array.from(data).flatMap((_, i, all) => (i % 4 === 0 ? [all.slice(i, i + 4).join()] : []))).size;
    });
    // Four lines, a grid, text and their edges.
    expect(inked).toBeGreaterThan(50);
    const { reports } = await publishedTotals(page);
    const label = await page.locator("#chart").getAttribute("aria-label");
    expect(label).toContain(`Line chart up to ${reports} reports`);
    expect(label).toContain("Did you sleep well last night?");
  });

  test("can be stopped", async () => {
    const before = (await countsOf(page))[0] as [number, number];
    await page.getByRole("button", { name: "1,000 more" }).click();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.locator("#progress").waitFor({ state: "hidden", timeout: 60_000 });
    const [counted, refused] = (await countsOf(page))[0] as [number, number];
    expect(counted + refused - before[0] - before[1]).toBeLessThan(1000);
    expect((await publishedTotals(page)).published).toEqual((await publishedTotals(page)).truth);
  });

  test("gave Chromium nothing to complain of", () => {
    expect(problems).toEqual([]);
  });

  test("keeps a screenshot", async () => {
    await page.locator("#status").evaluate((status) => {
      status.style.position = "static";
    });
    await page.evaluate(() => scrollTo(0, 0));
    const renew = process.env["UPDATE_SCREENSHOT"] === "1";
    const image = await page.screenshot({ fullPage: true, ...(renew ? { path: screenshot } : {}) });
    expect(image.length).toBeGreaterThan(50_000);
    expect(existsSync(screenshot) && statSync(screenshot).size).toBeGreaterThan(50_000);
  });
});

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.each([
  { name: "a desktop, light", viewport: { width: 1280, height: 900 }, colorScheme: "light" as const },
  { name: "a desktop, dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" as const },
  { name: "a phone, light", viewport: { width: 390, height: 844 }, colorScheme: "light" as const },
  { name: "a narrow phone, dark", viewport: { width: 320, height: 640 }, colorScheme: "dark" as const },
])("on $name", ({ viewport, colorScheme }) => {
  test("the page fits and has no fault that axe finds, before, after a cheat and with totals", async () => {
    const { page } = await open(address, { viewport, colorScheme });
    const faults = async () => {
      const { violations } = (await page.evaluate(`${axe}; axe.run(document)`)) as {
        violations: { id: string; nodes: { target: string[] }[] }[];
      };
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
    };
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await faults()).toEqual([]);
    await page.getByRole("switch", { name: "Cheat", exact: true }).check();
    await send(page);
    expect(await faults()).toEqual([]);
    await simulate(page, "100 more");
    expect(await faults()).toEqual([]);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.context().close();
  });
});

test("npm run example:browser prints the address of a page that works", async () => {
  const child: ChildProcess = spawn("npm", ["run", "example:browser", "--", "--port", "4320"], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own: npm's own child is what has to end.
    detached: true,
  });
  try {
    const at = await new Promise<string>((resolve, reject) => {
      let output = "";
      child.stdout?.on("data", (data) => {
        output += data;
        const found = /https?:\/\/localhost:\d+\//.exec(output);
        if (found) resolve(found[0]);
      });
      child.on("exit", () => reject(new Error(`it ended: ${output}`)));
    });
    const { page, problems } = await open(at);
    expect(await send(page)).toContain("Both servers counted your report");
    expect(problems).toEqual([]);
    await page.context().close();
  } finally {
    process.kill(-(child.pid as number));
  }
});
