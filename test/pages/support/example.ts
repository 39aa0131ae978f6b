// The example page, built and served under the policy `default-src 'self'`, and what every test of it does there.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright";
import { build, preview } from "vite";
import { expect } from "vitest";
import { root } from "../../package/built.js";

const configFile = join(root, "examples/browser/vite.config.ts");

/** Builds the page into a folder of its own and serves it. */
export async function serveExample(): Promise<{ address: string; close(): Promise<void> }> {
  const outDir = mkdtempSync(join(tmpdir(), "prio-example-"));
  await build({ configFile, logLevel: "warn", build: { outDir } });
  const headers = { "Content-Security-Policy": "default-src 'self'" };
  const server = await preview({
    configFile,
    logLevel: "warn",
    build: { outDir },
    preview: { host: "127.0.0.1", port: 4319, headers },
  });
  return {
    address: server.resolvedUrls?.local[0] ?? "",
    async close() {
      await server.close();
      rmSync(outDir, { recursive: true });
    },
  };
}

/** A page that is ready, and the problems that Chromium has had with it. */
export async function openExample(browser: Browser, at: string, options: BrowserContextOptions = {}) {
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

/** Sends the report and returns what the page says of it. */
export async function send(page: Page): Promise<string> {
  const before = await page.locator(".counts").allTextContents();
  const button = page.getByRole("button", { name: "Send my report" });
  await button.click();
  await expect.poll(() => page.locator(".counts").allTextContents()).not.toEqual(before);
  await expect.poll(() => button.isEnabled()).toBe(true);
  return (await page.locator("#send-status").textContent()) ?? "";
}

/** Simulates so many visitors and returns what the page says of them. */
export async function simulate(page: Page, visitors: 25 | 100 | 1000): Promise<string> {
  await page.locator(`[data-visitors="${visitors}"]`).click();
  // The click has changed what it says, and only the end does so again.
  await expect.poll(() => page.locator("#crowd-status").textContent(), { timeout: 60_000 }).not.toMatch(/…$/);
  return (await page.locator("#crowd-status").textContent()) ?? "";
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with the page as it is now. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { violations } = (await page.evaluate(`${axe}; axe.run(document)`)) as {
    violations: { id: string; nodes: { target: string[] }[] }[];
  };
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
}
