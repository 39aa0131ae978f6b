// The example page with Prio3, in a real Chromium: what the leader sees, what the helper sees and who checks what; and
// that its collection and the one with Prio v1 stay apart.

import type { Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FIELD_128 } from "../../src/core/fields.js";
import { openBrowser } from "./support/browser.js";
import { openExample, send, serveExample, simulate } from "./support/example.js";
import { added, column, countsOf, numberOf, publishedTotals, totals } from "./support/reading.js";

const p = FIELD_128.modulus;

const browser = await openBrowser();
const example = await serveExample();

afterAll(async () => {
  await browser.close();
  await example.close();
});

const elements = (page: Page, table: string, number: number) => column(page, table, number, 32);
const shares = async (page: Page) => [
  await elements(page, "#split .fields", 3),
  await elements(page, "#split .fields", 4),
];

/** The colours in which the helper shows these sums, each as the name of the page's variable. */
const coloursOfSums = (page: Page) =>
  page.locator(".server.b .check tbody .element.sum").evaluateAll((sums) => {
    const probe = document.body.appendChild(document.createElement("span"));
    const names = ["ink", "sum", "bad"].map((name) => {
      probe.style.color = `var(--${name})`;
      return [getComputedStyle(probe).color, name] as const;
    });
    probe.remove();
    return sums.map((sum) => new Map(names).get(getComputedStyle(sum).color));
  });

/** The sums of out, p and g that the helper sees. */
const sums = (page: Page) => elements(page, ".server.b .check", 4);

describe("a visit with Prio3", () => {
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    ({ page, problems } = await openExample(browser, example.address));
  });

  afterAll(() => page.context().close());

  test("is chosen by keyboard, and starts with servers that have seen nothing", async () => {
    await send(page);
    await page.getByRole("radio", { name: "Prio v1" }).focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByText("The IETF's successor").isVisible()).toBe(true);
    expect(await page.getByText("What Mozilla ran").isVisible()).toBe(false);
    expect(await page.locator(".server h3").allTextContents()).toEqual(["Server A, leader", "Server B, helper"]);
    expect(await page.getByText("No report has come yet.").count()).toBe(2);
    expect(await page.locator("#send-status").textContent()).toBe("Both servers are ready for your report.");
    expect(await countsOf(page)).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test("shows shares that add up to the values, and to each server its own", async () => {
    expect(await send(page)).toContain("Both servers counted your report");
    const [a, b] = (await shares(page)) as [bigint[], bigint[]];
    expect(added(a, b, p)).toEqual([1, 0, 0, 0, 0, 0, 1, 1]);
    expect(await elements(page, ".server.a .fields", 2)).toEqual(a);
    expect(await elements(page, ".server.b .fields", 2)).toEqual(b);
    expect(await totals(page, 32)).toEqual({ a, b });
  });

  test("shows the helper both halves of the check, and the leader its own alone", async () => {
    const [own, other] = [await elements(page, ".server.b .check", 2), await elements(page, ".server.b .check", 3)];
    expect(await elements(page, ".server.a .check", 2)).toEqual(other);
    for (const number of [3, 4]) expect(await elements(page, ".server.a .check", number)).toEqual([]);
    const [out, poly, gadget] = await sums(page);
    expect(own.map((x, i) => (x + (other[i] as bigint)) % p)).toEqual([out, poly]);
    expect([out, poly]).toEqual([0n, gadget]);
    expect(await coloursOfSums(page)).toEqual(["sum", "sum", "ink"]);
    expect(await page.locator(".server.a .reason").textContent()).toContain("B checked the proof for both");
  });

  test("refuses a 2: the proof is whole, and says that a value is no bit", async () => {
    const before = await totals(page, 32);
    await page.getByRole("radio", { name: "Cheat" }).check();
    expect(await send(page)).toContain("one of its values is neither 0 nor 1");
    const [a, b] = (await shares(page)) as [bigint[], bigint[]];
    expect(added(a, b, p)[0]).toBe(2);
    expect(await page.locator(".verdict").allTextContents()).toEqual(["✗ refused", "✗ refused"]);
    const [out, poly, gadget] = await sums(page);
    expect(out).not.toBe(0n);
    expect(poly).toBe(gadget);
    expect(await coloursOfSums(page)).toEqual(["bad", "sum", "ink"]);
    expect(await totals(page, 32)).toEqual(before);
  });

  test("refuses a report of which one bit was flipped on its way: the proof does not fit the share", async () => {
    const before = await totals(page, 32);
    await page.getByRole("radio", { name: "Tamper" }).check();
    expect(await send(page)).toContain("the proof does not fit the changed share");
    const [a] = (await shares(page)) as [bigint[], bigint[]];
    const got = await elements(page, ".server.a .fields", 2);
    expect([...got.keys()].filter((i) => got[i] !== a[i])).toEqual([0]);
    expect(((got[0] as bigint) ^ (a[0] as bigint)).toString()).toBe("1");
    const [out, poly, gadget] = await sums(page);
    // The circuit's output is computed from the proof, which is whole: it is the proof that does not fit.
    expect(out).toBe(0n);
    expect(poly).not.toBe(gadget);
    expect(await coloursOfSums(page)).toEqual(["sum", "bad", "ink"]);
    expect(await page.locator(".server.a .reason").textContent()).toContain("it does not hold");
    expect(await totals(page, 32)).toEqual(before);
    expect(await countsOf(page)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    await page.getByRole("radio", { name: "Fair" }).check();
  });

  test("publishes true totals of simulated visitors, some of whom cheat", async () => {
    await simulate(page, 100);
    for (let tries = 0; tries < 5 && (await page.locator("#waiting").textContent()) !== ""; tries++) {
      await simulate(page, 25);
    }
    const { reports, published, truth } = await publishedTotals(page);
    expect(reports).toBe((await countsOf(page))[0]?.[0]);
    expect(reports).toBeGreaterThan(50);
    expect(published).toEqual(truth);
    const running = await totals(page, 32);
    const total = added(running.a, running.b, p);
    expect([...total.slice(0, 4), numberOf(total.slice(4))]).toEqual(published);
  });

  test("leaves the collection with Prio v1 as it was, and is there again when it is chosen again", async () => {
    const [counts, published] = [await countsOf(page), await publishedTotals(page)];
    await page.getByRole("radio", { name: "Prio v1" }).check();
    expect(await countsOf(page)).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(await page.locator("#send-status").textContent()).toContain("Both servers counted your report");
    expect(await page.locator("#totals").isVisible()).toBe(false);
    expect(await column(page, "#split .fields", 3, 22)).toHaveLength(8);
    await page.getByRole("radio", { name: "Prio3" }).check();
    expect(await countsOf(page)).toEqual(counts);
    expect(await publishedTotals(page)).toEqual(published);
    await expect.poll(() => page.locator("#chart .name").count()).toBe(4);
  });

  test("puts the sizes of both side by side", async () => {
    const figures = async (protocol: string) =>
      Promise.all(
        ["a", "b", "between"].map((figure) =>
          page.locator(`#difference [data-of="${protocol}"][data-figure="${figure}"]`).textContent(),
        ),
      );
    // A packet's length varies by some bytes: leading zeros are left out.
    expect((await figures("prio1")).join()).toMatch(
      /^4[34]\d bytes sealed to A,16\d bytes sealed to B,4 messages, [67]\d bytes in two rounds$/,
    );
    expect(await figures("prio3")).toEqual([
      "432 bytes for A, sealed by your own code",
      "128 bytes for B, sealed by your own code",
      "2 messages, 202 bytes there and back",
    ]);
  });

  test("gave Chromium nothing to complain of", () => {
    expect(problems).toEqual([]);
  });
});
