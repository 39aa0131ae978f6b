// examples/web-survey, run as its reader runs it: two aggregators, a collector and a static page. People in Chromium
// answer across origins, with and without a network, and see the totals.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { BrowserContextOptions, Page } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../package/built.js";
import { openBrowser } from "./support/browser.js";
import { accessibilityFaults } from "./support/example.js";

const browser = await openBrowser();
const said: string[] = [];
/** Where pictures go, for somebody to look at. */
const shots = process.env["SCREENSHOTS"];
let example: ChildProcess;
let address = "";

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, "aggregator/scripts/build.mjs")]);
  const main = join(root, "examples/web-survey/main.mjs");
  example = spawn(process.execPath, [main, "--port", "0", "--batch", "4"], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: example.stdout as NonNullable<ChildProcess["stdout"]> });
  await new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      if (said.push(line) === 4) resolve();
    });
  });
  address = /http:\S+/.exec(said[0] ?? "")?.[0] ?? "";
}, 90_000);

afterAll(async () => {
  await browser.close();
  if (example.exitCode !== null) return;
  example.kill("SIGINT");
  await once(example, "exit");
});

/** A visitor, with a browser profile of their own. */
async function visit(options: BrowserContextOptions = {}): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  await page.goto(address);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
  return { page, problems };
}

async function answer(page: Page, name: string): Promise<string> {
  await page.getByLabel(name).check();
  await page.getByRole("button", { name: "Send my answer" }).click();
  await expect.poll(() => page.locator("#status").textContent(), { timeout: 20_000 }).not.toMatch(/^$|…$/);
  return (await page.locator("#status").textContent()) ?? "";
}

const totals = (page: Page) => page.locator("#totals .number").allTextContents();
const summary = (page: Page) => page.locator("#summary").textContent();

test("visitors answer across origins, offline too, and everyone sees the totals", async () => {
  const { page: first, problems } = await visit();
  expect(await summary(first)).toMatch(/^Nothing yet/);
  for (const name of ["Tea", "Tea"]) expect(await answer(first, name)).toMatch(/^Thank you/);
  const { page: second } = await visit();
  expect(await answer(second, "Water")).toMatch(/^Thank you/);

  // No leader in reach: the answer waits in this browser, and goes when the page is opened again.
  await second.route(/\/reports$/, (route) => route.abort());
  expect(await answer(second, "Nothing")).toMatch(/^There is no connection\. Your answer is kept/);
  expect(await second.evaluate(() => Object.keys(localStorage).length)).toBe(1);
  await second.unroute(/\/reports$/);
  await second.reload();
  await expect.poll(() => second.evaluate(() => Object.keys(localStorage).length)).toBe(0);

  for (const page of [first, second]) {
    await expect.poll(() => summary(page), { timeout: 60_000 }).toBe("4 answers so far.");
    expect(await totals(page)).toEqual(["2", "0", "1", "1"]);
  }
  await expect.poll(() => said.at(-1), { timeout: 20_000 }).toBe("4 answers: 2, 0, 1, 1");
  expect(problems).toEqual([]);

  // So does the leader's operator, with numbers of reports and jobs, and nothing about anybody.
  const operators = await browser.newPage();
  await operators.goto(/http:\S+/.exec(said[1] ?? "")?.[0] ?? "");
  await operators.getByText("4 reports, shown here since").waitFor({ timeout: 30_000 });
  if (shots !== undefined) await operators.screenshot({ path: join(shots, "survey-operator.png"), fullPage: true });

  // The next batch is added to it.
  for (const name of ["Coffee", "Coffee", "Coffee", "Tea"]) await answer(first, name);
  await expect.poll(() => summary(first), { timeout: 60_000 }).toBe("8 answers so far.");
  expect(await totals(first)).toEqual(["3", "3", "1", "1"]);

  // And one of people whom nobody has to wait for.
  await first.getByRole("button", { name: "Let 20 others answer" }).click();
  await expect.poll(() => first.locator("#status").textContent()).toBe("20 others have answered.");
  await expect.poll(() => summary(first), { timeout: 60_000 }).toBe("28 answers so far.");
  expect((await totals(first)).reduce((sum, total) => sum + Number(total), 0)).toBe(28);
}, 180_000);

test.each([
  ["light", { width: 1000, height: 900 }],
  ["dark", { width: 1000, height: 900 }],
  ["light", { width: 360, height: 740 }],
  ["dark", { width: 360, height: 740 }],
] as const)("the page in %s, %j, can be read and used by everyone", async (colorScheme, viewport) => {
  const { page } = await visit({ colorScheme, viewport });
  expect(await accessibilityFaults(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  // By keyboard alone.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  expect(await page.getByLabel("Coffee").isChecked()).toBe(true);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator("#status").textContent()).toMatch(/^Thank you/);
  if (shots !== undefined) {
    await page.screenshot({ path: join(shots, `survey-${colorScheme}-${viewport.width}.png`), fullPage: true });
  }
});

test("Ctrl-C ends everything, and leaves nothing", async () => {
  example.kill("SIGINT");
  const [code] = (await once(example, "exit")) as [number | null];
  expect(code).toBe(0);
});
