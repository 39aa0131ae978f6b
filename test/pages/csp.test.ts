// The content security policy `default-src 'self'`, which allows neither eval nor WebAssembly nor inline scripts, is
// enough for the library: the built package runs a collection under it, in a page and in a worker of a real Chromium.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { distFiles, root } from "../package/built.js";
import { openBrowser } from "./support/browser.js";

const POLICY = "default-src 'self'";

/** What the server has to give: the page, and the library. */
const files = new Map([
  ["/", { path: "test/pages/csp/index.html", type: "text/html" }],
  ["/page.js", { path: "test/pages/csp/page.js", type: "text/javascript" }],
  ...distFiles()
    .filter((path) => path.endsWith(".js"))
    .map((path) => [`/dist/${path}`, { path: `dist/${path}`, type: "text/javascript" }] as const),
]);

const server = createServer((request, response) => {
  const file = files.get(request.url ?? "");
  response.setHeader("Content-Security-Policy", POLICY);
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader("Content-Type", file.type).end(readFileSync(`${root}/${file.path}`));
});

const browser = await openBrowser();

beforeAll(() => new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening)));

afterAll(async () => {
  await browser.close();
  server.close();
});

test("a page and a worker under default-src 'self' collect and publish", async () => {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.locator("body[data-worker]").waitFor({ state: "attached", timeout: 20_000 });
  const seen = await page.evaluate(() => ({ ...document.body.dataset }));
  const expected = { totals: [2, 0, 2], violations: [], evalIsForbidden: true };
  expect(JSON.parse(seen["page"] ?? "null")).toEqual(expected);
  expect(JSON.parse(seen["worker"] ?? "null")).toEqual(expected);
  expect(problems).toEqual([]);
});
