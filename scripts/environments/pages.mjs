// Browsers, and the page that they open: a server on this machine gives it the program, and takes the outcome that it
// sends back.

import { execFileSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, extname, join, normalize } from "node:path";
import { chromium } from "playwright";
import { findChromium, launchOptions } from "../chromium.mjs";
import { beside, within } from "./processes.mjs";
import { Missing } from "./project.mjs";

/**
 * @typedef {object} Browser
 * @property {string} name
 * @property {boolean} required in CI
 * @property {() => string} version throws Missing where there is none
 * @property {<T>(url: string, use: () => Promise<T>) => Promise<T>} open keeps a page open while `use` runs
 */

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript" };

/** @param {string} command @param {string} name */
function onPath(command, name) {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = folders.map((folder) => join(folder, command)).find((path) => existsSync(path));
  if (found === undefined) throw new Missing(`no ${name} on this machine`);
  return found;
}

/** The number in what a command prints. @param {string} command @param {string[]} args */
function versionOf(command, ...args) {
  const text = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return /\b\d+(?:\.\d+)+/.exec(text)?.[0] ?? "unknown";
}

/**
 * Runs `use` with a folder that is a home of its own.
 *
 * @template T
 * @param {(folder: string) => Promise<T>} use
 */
async function withFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), "prio-profile-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Playwright's Chromium, for a page that is more than the program. */
export async function launchChromium() {
  const path = findChromium();
  if (path === null) throw new Missing("no Chromium on this machine");
  return await chromium.launch(launchOptions(path));
}

/** @type {Browser} */
export const chromiumBrowser = {
  name: "Chromium",
  required: true,
  version() {
    const path = findChromium();
    if (path === null) throw new Missing("no Chromium on this machine");
    return versionOf(path, "--version", "--no-sandbox");
  },
  async open(url, use) {
    const browser = await launchChromium();
    try {
      await (await browser.newPage()).goto(url);
      return await use();
    } finally {
      await browser.close();
    }
  },
};

/** @type {Browser} */
export const firefox = {
  name: "Firefox ESR",
  required: true,
  version: () => versionOf(onPath("firefox-esr", "Firefox ESR"), "--version"),
  open: (url, use) =>
    withFolder((home) => {
      const args = ["--headless", "--no-remote", "--profile", home, url];
      return beside({ command: "firefox-esr", args, env: { ...process.env, HOME: home } }, use);
    }),
};

/** WebKitGTK's own small browser, which Debian's webkit2gtk-driver contains. */
function findMiniBrowser() {
  const folders = existsSync("/usr/lib") ? readdirSync("/usr/lib").filter((name) => name.endsWith("-linux-gnu")) : [];
  const paths = folders.map((name) => `/usr/lib/${name}/webkit2gtk-4.1/MiniBrowser`);
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Missing("no WebKitGTK on this machine");
  return found;
}

/** @type {Browser} */
export const webkit = {
  name: "WebKitGTK",
  required: false,
  // The browser tells its version only on a display.
  version() {
    findMiniBrowser();
    return versionOf("dpkg-query", "--show", "webkit2gtk-driver");
  },
  // It has no mode without a display, so it gets one in memory.
  open: (url, use) =>
    withFolder((home) =>
      beside({ command: onPath("Xvfb", "Xvfb"), args: ["-displayfd", "1", "-nolisten", "tcp"] }, async (printed) => {
        const [, display] = await printed(/^(\d+)$/m);
        const env = { ...process.env, DISPLAY: `:${display}`, HOME: home };
        return await beside({ command: findMiniBrowser(), args: ["--private", url], env }, use);
      }),
    ),
};

/**
 * The outcome of the page `index.html` of a folder in a browser.
 *
 * @param {Browser} browser
 * @param {string} folder
 */
export async function outcomeOfPage(browser, folder) {
  const events = new EventEmitter();
  const outcome = once(events, "outcome").then(([text]) => String(text));
  const server = createServer(async (request, response) => {
    const path = normalize(request.url === "/" ? "/index.html" : (request.url ?? ""));
    if (path === "/outcome") {
      let text = "";
      for await (const chunk of request) text += chunk;
      response.writeHead(204).end();
      events.emit("outcome", text);
      return;
    }
    const type = types[/** @type {keyof typeof types} */ (extname(path))];
    const file = join(folder, path);
    if (type === undefined || !existsSync(file)) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": type }).end(readFileSync(file));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    return await browser.open(`http://127.0.0.1:${port}/`, () => within(outcome, `outcome from ${browser.name}`));
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
