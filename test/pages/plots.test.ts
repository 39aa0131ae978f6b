// The plots of the documents as Chromium shows them, as a picture on a light and on a dark page: no text is cut off,
// none covers another, and the ground is the page's.

import { readdirSync, readFileSync } from "node:fs";
import type { Page } from "playwright";
import { afterAll, describe, expect, test } from "vitest";
import { root } from "../package/built.js";
import { openBrowser } from "./support/browser.js";

const browser = await openBrowser();
afterAll(() => browser.close());

const files = readdirSync(`${root}/docs`).filter((name) => name.endsWith(".svg"));

/** The red, green and blue of the picture's colours, the most frequent first. */
async function coloursOf(page: Page): Promise<string[]> {
  const picture = await page.locator("img").screenshot();
  return page.evaluate(
    async (png) => {
      const image = new Image();
      image.src = png;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      const counts = new Map<string, number>();
      for (let i = 0; i < data.length; i += 4) {
        const colour = data.slice(i, i + 3).join(" ");
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
      return [...counts].sort(([, a], [, b]) => b - a).map(([colour]) => colour);
    },
    `data:image/png;base64,${picture.toString("base64")}`,
  );
}

describe.each(files)("docs/%s", (name) => {
  const svg = readFileSync(`${root}/docs/${name}`, "utf8");

  test.each([
    { scheme: "light", ground: "255 255 255", line: "15 118 127" },
    { scheme: "dark", ground: "13 17 23", line: "18 155 168" },
  ] as const)("stands on the ground of a $scheme page, in its colours", async ({ scheme, ground, line }) => {
    const page = await browser.newPage({ colorScheme: scheme });
    const source = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
    await page.setContent(
      `<body style="background: rgb(${ground}); color-scheme: ${scheme}"><img alt="" src="${source}">`,
    );
    const colours = await coloursOf(page);
    expect(colours[0]).toBe(ground);
    expect(colours).toContain(line);
    await page.close();
  });

  test("cuts off no text and lets none cover another", async () => {
    const page = await browser.newPage();
    await page.setContent(svg);
    const { width, height } = await page.locator("svg").evaluate((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      (element as SVGElement).style.translate = `${-x}px ${-y}px`;
      return { width, height };
    });
    const boxes = await page.locator("text").evaluateAll((texts) =>
      texts.map((text) => {
        const { left, top, right, bottom } = text.getBoundingClientRect();
        return { text: text.textContent ?? "", left, top, right, bottom };
      }),
    );
    for (const { text, left, top, right, bottom } of boxes) {
      expect([text, left >= 0 && top >= 0 && right <= width && bottom <= height]).toEqual([text, true]);
    }
    const covered = boxes.flatMap((one, i) =>
      boxes
        .slice(i + 1)
        // A line's height includes room that no letter fills.
        .filter(
          (other) =>
            one.left < other.right &&
            other.left < one.right &&
            one.top + 3 < other.bottom - 3 &&
            other.top + 3 < one.bottom - 3,
        )
        .map((other) => `${one.text} / ${other.text}`),
    );
    expect(covered).toEqual([]);
    await page.close();
  });
});
