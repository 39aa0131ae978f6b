// How the example page is laid out, on a phone and on a desktop, light and dark: nothing covers anything, what came of
// a report stands beside the button that sent it, and everything is reached by keyboard.

import type { Locator, Page } from "playwright";
import { afterAll, describe, expect, test } from "vitest";
import { openBrowser } from "./support/browser.js";
import { accessibilityFaults, openExample, send, serveExample, simulate } from "./support/example.js";

const browser = await openBrowser();
const example = await serveExample();

afterAll(async () => {
  await browser.close();
  await example.close();
});

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Where an element is in the window. */
async function boxOf(locator: Locator): Promise<Box> {
  const { x, y, width, height } = (await locator.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  expect(width * height).toBeGreaterThan(0);
  return { left: x, top: y, right: x + width, bottom: y + height };
}

/** The elements that stay in place while the page is scrolled, and so cover what moves below them. */
const floating = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter((element) => ["fixed", "sticky"].includes(getComputedStyle(element).position))
      .map(({ id, className }) => `${id} ${className}`),
  );

/** Pairs of elements that cover each other, of those that no other contains. */
const overlaps = (page: Page, selector: string) =>
  page.locator(selector).evaluateAll((all) => {
    // What is collapsed has a place too.
    const shown = all.filter((element) => element.checkVisibility());
    const boxes = shown.map((element) => ({ element, box: element.getBoundingClientRect() }));
    return boxes.flatMap(({ element, box }, i) =>
      boxes
        .slice(i + 1)
        .filter(
          ({ element: other, box: b }) =>
            !element.contains(other) &&
            Math.min(box.right, b.right) - Math.max(box.left, b.left) > 1 &&
            Math.min(box.bottom, b.bottom) - Math.max(box.top, b.top) > 1,
        )
        .map(({ element: other }) => `${element.textContent} / ${other.textContent}`),
    );
  });

/** What reaches past the right edge of its section, or its server. */
const overflowing = (page: Page) =>
  page.locator("section :is(table, p, button, label)").evaluateAll((all) =>
    all
      .filter((element) => element.checkVisibility())
      .filter((element) => {
        const room = element.closest("section, .server") as HTMLElement;
        const right = room.getBoundingClientRect().right - Number.parseFloat(getComputedStyle(room).paddingRight);
        return element.getBoundingClientRect().right > right + 1;
      })
      .map((element) => `${element.tagName} ${element.className}`),
  );

const BLOCKS = "h1, h2, h3, h4, p, small, legend, button, table, summary, .counts, .verdict, .slider, #chart";

/** Presses Tab until this has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  expect(await page.locator(":focus").textContent()).toBe(await target.textContent());
}

const screens = [
  { name: "a phone, light", viewport: { width: 360, height: 740 }, colorScheme: "light" },
  { name: "a phone, dark", viewport: { width: 360, height: 740 }, colorScheme: "dark" },
  { name: "a narrow phone, dark", viewport: { width: 320, height: 640 }, colorScheme: "dark" },
  { name: "a desktop, light", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "a desktop, dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
] as const;

describe.each(screens)("on $name", ({ viewport, colorScheme }) => {
  test("nothing covers anything and axe finds no fault, before a report and with either protocol", async () => {
    const { page } = await openExample(browser, example.address, { viewport, colorScheme });
    const faults = async () => [
      ...(await accessibilityFaults(page)),
      ...(await floating(page)).map((name) => `floats: ${name}`),
      ...(await overlaps(page, BLOCKS)).map((pair) => `overlap: ${pair}`),
      ...(await overflowing(page)).map((name) => `too wide: ${name}`),
      ...((await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) ? ["too wide"] : []),
    ];
    expect(await faults()).toEqual([]);
    for (const [protocol, manner] of [
      ["Prio v1", "Cheat"],
      ["Prio3", "Tamper"],
    ] as const) {
      await page.getByRole("radio", { name: protocol }).check();
      await page.getByRole("radio", { name: "Fair" }).check();
      await send(page);
      await page.getByRole("radio", { name: manner }).check();
      await send(page);
      await simulate(page, 100);
      for (const server of await page.locator(".server:not([open]) summary").all()) await server.click();
      expect(await faults()).toEqual([]);
    }
    await page.context().close();
  });
});

describe.each([
  { name: "a phone", viewport: { width: 360, height: 740 }, colorScheme: "dark" },
  { name: "a desktop", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
] as const)("on $name", ({ viewport, colorScheme }) => {
  const open = () => openExample(browser, example.address, { viewport, colorScheme });

  test("what came of a report stands in sight below Send, and leads to the result", async () => {
    const { page } = await open();
    const [button, status] = [page.getByRole("button", { name: "Send my report" }), page.locator("#send-status")];
    expect(await page.locator("#ways").isVisible()).toBe(false);
    // Send is the lowest thing in the window: what comes of it would stand below.
    await button.evaluate((element) => element.scrollIntoView({ block: "end" }));
    await send(page);
    const [above, below, ways] = [await boxOf(button), await boxOf(status), await boxOf(page.locator("#ways"))];
    expect(below.top).toBeGreaterThanOrEqual(above.bottom);
    expect(below.top - above.bottom).toBeLessThan(32);
    expect(above.top).toBeGreaterThanOrEqual(0);
    expect(ways.bottom).toBeLessThanOrEqual(viewport.height);

    for (const [name, heading] of [
      ["how your page split it", "Your page splits"],
      ["what the servers saw", "Two servers check, and see this"],
      ["the totals", "The servers publish totals"],
    ] as const) {
      await tabTo(page, page.getByRole("link", { name }));
      await page.keyboard.press("Enter");
      const { top, bottom } = await boxOf(page.getByRole("heading", { name: heading }));
      expect(top).toBeGreaterThanOrEqual(0);
      expect(bottom).toBeLessThanOrEqual(viewport.height);
      await button.focus();
    }
    await page.context().close();
  });

  test("a server is collapsed and opened by keyboard, and its verdict stays in sight", async () => {
    const { page } = await open();
    await send(page);
    const server = page.locator(".server.a");
    const summary = server.locator("summary");
    expect(await server.locator(".seen").isVisible()).toBe(true);
    await tabTo(page, summary);
    await page.keyboard.press("Enter");
    expect(await server.locator(".seen").isVisible()).toBe(false);
    expect(await summary.innerText()).toMatch(/Server A\s+(✓ counted\s+1 counted, 0|1 counted, 0 refused\s+✓)/);
    const { top, bottom } = await boxOf(server);
    expect(bottom - top).toBeLessThan(100);
    await page.keyboard.press("Enter");
    expect(await server.locator(".seen").isVisible()).toBe(true);
    await page.context().close();
  });

  test("each question of the totals stands above its bar, and each line of the chart has its name", async () => {
    const { page } = await open();
    await simulate(page, 100);
    for (const [i, body] of (await page.locator(".totals tbody:has(.bar)").all()).entries()) {
      const [question, track, fill] = [
        await boxOf(body.locator("th")),
        await boxOf(body.locator(".bar")),
        await boxOf(body.locator(".fill")),
      ];
      expect(track.top).toBeGreaterThanOrEqual(question.bottom);
      expect(track.right - track.left).toBeGreaterThan(80);
      const percent = Number.parseInt((await body.locator("td").nth(2).textContent()) ?? "", 10);
      expect(Math.abs((100 * (fill.right - fill.left)) / (track.right - track.left) - percent)).toBeLessThan(1);
      // The bar has the colour of the question's line.
      const colour = (locator: Locator) => locator.evaluate((element) => getComputedStyle(element).color);
      const line = page.locator(`#chart .line-${i + 1}`);
      expect(await colour(body.locator(".fill"))).toBe(await colour(line));
      const tracks = await body.locator(".bar").evaluate((bar) => getComputedStyle(bar).backgroundColor);
      expect([await colour(line), "rgba(0, 0, 0, 0)"]).not.toContain(tracks);
    }

    // Each line of the chart has its name at its end, and no text covers another.
    const names = page.locator("#chart .name");
    expect(await names.count()).toBe(4);
    const chart = await boxOf(page.locator("#chart"));
    for (const name of await names.all()) {
      const [text, line] = [await boxOf(name), await boxOf(name.locator("xpath=../*[@class='line']"))];
      expect(text.left).toBeGreaterThan(line.right);
      expect(text.right).toBeLessThanOrEqual(chart.right);
    }
    expect(await overlaps(page, "#chart text")).toEqual([]);
    await page.context().close();
  });
});

test.each([
  { name: "a phone", viewport: { width: 360, height: 740 } },
  { name: "a desktop", viewport: { width: 1280, height: 900 } },
])("the choice of the protocol moves nothing that stands beside or below it, on $name", async ({ viewport }) => {
  const { page } = await openExample(browser, example.address, { viewport });
  const places = async () =>
    Promise.all(["#answer", "#send", ".protocol .choice"].map((selector) => boxOf(page.locator(selector))));
  const before = await places();
  await page.getByRole("radio", { name: "Prio v1" }).focus();
  await page.keyboard.press("ArrowRight");
  expect(await page.getByRole("radio", { name: "Prio3" }).isChecked()).toBe(true);
  const after = await places();
  // On a desktop, step 1 is as high as step 2 beside it.
  for (const [i, { left, top, right }] of after.entries()) {
    expect({ left, top, right }).toEqual({ left: before[i]?.left, top: before[i]?.top, right: before[i]?.right });
  }
  await page.context().close();
});

test("on a phone the second server is collapsed at first, on a desktop neither", async () => {
  for (const { viewport, open } of [
    { viewport: { width: 360, height: 740 }, open: [true, false] },
    { viewport: { width: 1280, height: 900 }, open: [true, true] },
  ]) {
    const { page } = await openExample(browser, example.address, { viewport });
    const all = page.locator(".server");
    expect(await all.evaluateAll((servers) => servers.map((server) => (server as HTMLDetailsElement).open))).toEqual(
      open,
    );
    await page.context().close();
  }
});

test("Stop has the focus while visitors are simulated, and the button that started them after it", async () => {
  const { page } = await openExample(browser, example.address);
  const start = page.getByRole("button", { name: "1,000", exact: true });
  await start.focus();
  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator(":focus").textContent()).toBe("Stop");
  await page.keyboard.press("Enter");
  await page.locator("#progress").waitFor({ state: "hidden", timeout: 60_000 });
  expect(await page.locator(":focus").textContent()).toBe("1,000");
  await page.context().close();
});
