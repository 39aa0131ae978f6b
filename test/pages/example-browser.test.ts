// The example page in a real Chromium, with Prio v1: answers by keyboard, cheats, simulates visitors and reads the
// totals, using only what the page shows. example-prio3.test.ts does the same with Prio3. UPDATE_SCREENSHOT=1 updates
// docs/browser-example.png.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FIELD_87 } from "../../src/core/fields.js";
import { root } from "../package/built.js";
import { openBrowser } from "./support/browser.js";
import { openExample, send, serveExample, simulate } from "./support/example.js";
import { added, column, countsOf, numberOf, publishedTotals, totals } from "./support/reading.js";

const p = FIELD_87.modulus;
const screenshot = join(root, "docs/browser-example.png");

const browser = await openBrowser();
const example = await serveExample();

afterAll(async () => {
  await browser.close();
  await example.close();
});

const elements = (page: Page, table: string, number: number) => column(page, table, number, 22);

/** What a server's column says of the check: own half, the other's and the sum of d, e and out. */
async function check(page: Page, id: "a" | "b") {
  const table = `.server.${id} .check`;
  const [own, other, sum] = await Promise.all([2, 3, 4].map((number) => elements(page, table, number)));
  return { own, other, sum };
}

describe("a visit", () => {
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    // The README shows the screenshot at some 840 pixels: more would only make the file longer.
    ({ page, problems } = await openExample(browser, example.address, { deviceScaleFactor: 0.66 }));
  });

  afterAll(() => page.context().close());

  test("starts with two servers that have seen nothing and no totals", async () => {
    expect(await page.getByText("No report has come yet.").count()).toBe(2);
    expect(await page.locator("#totals-empty").textContent()).toContain("when 20 reports are counted");
    expect(await page.locator("#totals").isVisible()).toBe(false);
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
    await expect.poll(() => page.locator("#send-status").textContent()).toContain("Both servers counted your report");
    expect(await page.locator("#split tbody td.value").allTextContents()).toEqual([..."11000101"]);
  });

  test("shows shares that add up to the values, and to each server its own", async () => {
    const [a, b] = [await elements(page, "#split .fields", 3), await elements(page, "#split .fields", 4)];
    expect(added(a, b, p)).toEqual([1, 1, 0, 0, 0, 1, 0, 1]);
    expect(await elements(page, ".server.a .fields", 2)).toEqual(a);
    expect(await elements(page, ".server.b .fields", 2)).toEqual(b);
    expect(await totals(page, 22)).toEqual({ a, b });
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
    expect(await page.locator("#waiting").textContent()).toContain("1 of 20 is counted");
    expect(await page.locator(".totals tbody").count()).toBe(0);
    expect(await page.locator("#totals-empty").isVisible()).toBe(true);
  });

  test("refuses a 2 before one's eyes, and adds nothing", async () => {
    const before = await totals(page, 22);
    await page.getByRole("radio", { name: "Fair" }).focus();
    await page.keyboard.press("ArrowDown");
    expect(await page.getByRole("radio", { name: "Cheat" }).isChecked()).toBe(true);
    expect(await send(page)).toContain(
      "Both servers refused your report, because one of its values is neither 0 nor 1",
    );
    expect(await page.locator("#split tbody td.value").first().textContent()).toBe("2");
    const [a, b] = [await elements(page, "#split .fields", 3), await elements(page, "#split .fields", 4)];
    expect(added(a, b, p)[0]).toBe(2);
    expect(await page.locator(".verdict").allTextContents()).toEqual(["✗ refused", "✗ refused"]);
    expect((await check(page, "a")).sum?.[2]).not.toBe(0n);
    expect((await check(page, "b")).sum).toEqual((await check(page, "a")).sum);
    expect(await totals(page, 22)).toEqual(before);
    expect(await countsOf(page)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test("refuses a report of which one bit was flipped on its way, and adds nothing", async () => {
    const before = await totals(page, 22);
    await page.getByRole("radio", { name: "Tamper" }).check();
    expect(await send(page)).toContain("the changed packet does not open");
    expect(await page.locator(".verdict").allTextContents()).toEqual(["✗ not opened", "✗ refused"]);
    // A saw nothing of it. B opened its packet, and heard of A's.
    expect(await elements(page, ".server.a .fields", 2)).toEqual([]);
    expect(await elements(page, ".server.b .fields", 2)).toEqual(await elements(page, "#split .fields", 4));
    expect(await check(page, "b")).toEqual({ own: [], other: [], sum: [] });
    expect(await totals(page, 22)).toEqual(before);
    expect(await countsOf(page)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    await page.getByRole("radio", { name: "Fair" }).check();
  });

  test("publishes the plain sums of 20 reports", async () => {
    for (let i = 1; i < 20; i++) {
      if (i === 10) await page.getByRole("radio", { name: "Yes" }).nth(3).check();
      await send(page);
    }
    expect(await publishedTotals(page)).toMatchObject({ reports: 20, published: [20, 20, 0, 10, 100] });
    expect(await page.locator("#waiting").textContent()).toBe("");
    expect(await page.locator("#totals-empty").isVisible()).toBe(false);
  });

  test("simulates visitors, some of whom cheat, to true totals that are the sum of both servers' shares", async () => {
    expect(await simulate(page, 100)).toMatch(/^(Of 100 reports, both servers counted|Both servers counted all 100)/);
    const [a, b] = await countsOf(page);
    expect(a).toEqual(b);
    expect((a?.[0] ?? 0) + (a?.[1] ?? 0)).toBe(122);
    // A group with many cheats in it may have left too few reports to publish.
    for (let tries = 0; tries < 5 && (await page.locator("#waiting").textContent()) !== ""; tries++) {
      await simulate(page, 25);
    }
    const { reports, published, truth } = await publishedTotals(page);
    expect(reports).toBe((await countsOf(page))[0]?.[0]);
    expect(published).toHaveLength(5);
    expect(published).toEqual(truth);
    const shares = await totals(page, 22);
    const sums = added(shares.a, shares.b, p);
    expect([...sums.slice(0, 4), numberOf(sums.slice(4))]).toEqual(published);
  });

  test("draws the totals in a chart that says in words what it shows", async () => {
    const names = await page.locator("#chart .name").allTextContents();
    expect(names).toEqual(["slept well", "told a lie", "cried", "read terms"]);
    expect(await page.locator("#chart text").allTextContents()).toContain("reports counted");
    const { reports } = await publishedTotals(page);
    const label = await page.locator("#chart").getAttribute("aria-label");
    expect(label).toContain(`Line chart up to ${reports} reports`);
    expect(label).toContain("Did you sleep well last night?");
  });

  test("can be stopped", async () => {
    const before = (await countsOf(page))[0] as [number, number];
    await page.getByRole("button", { name: "1,000", exact: true }).click();
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
    await page.getByRole("radio", { name: "Prio3" }).check();
    await send(page);
    await page.getByRole("radio", { name: "Prio v1" }).check();
    await send(page);
    await page.evaluate(() => scrollTo(0, 0));
    const renew = process.env["UPDATE_SCREENSHOT"] === "1";
    const image = await page.screenshot({ fullPage: true, ...(renew ? { path: screenshot } : {}) });
    expect(image.length).toBeGreaterThan(50_000);
    expect(existsSync(screenshot) && statSync(screenshot).size).toBeGreaterThan(50_000);
    expect(statSync(screenshot).size).toBeLessThan(450_000);
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
    const { page, problems } = await openExample(browser, at);
    expect(await send(page)).toContain("Both servers counted your report");
    expect(problems).toEqual([]);
    await page.context().close();
  } finally {
    process.kill(-(child.pid as number));
  }
});
