// Next: an app of one client component, one server component and one route, built and started.

import { launchChromium } from "./pages.mjs";
import { beside, within } from "./processes.mjs";

/** @import { Project } from "./project.mjs" */
/** @import { Kind } from "./table.mjs" */

const binary = "node_modules/next/dist/bin/next";

/**
 * Runs `use` with the address of the started app.
 *
 * @param {Project} project
 * @param {(url: string) => Promise<string>} use
 */
const started = (project, use) =>
  beside(project.background(binary, "start", "--hostname=127.0.0.1", "--port=0"), async (printed) => {
    const [url] = await printed(/http:\/\/127\.0\.0\.1:\d+/);
    await printed(/Ready in/);
    return await use(url);
  });

/** What a request is answered with. @param {string} url */
const bodyOf = async (url) => await (await within(fetch(url), `answer from ${url}`)).text();

/** @type {Kind} */
export const next = {
  name: "next",
  packages: ["next", "react", "react-dom"],
  build: (project) => project.node(binary, "build"),
  rows: [
    {
      name: "Next, client component",
      how: "`import`, nothing set; the page runs in Chromium",
      outcome: "noble and noble",
      required: true,
      run: (project) =>
        started(project, async (url) => {
          const browser = await launchChromium();
          try {
            const page = await browser.newPage();
            await page.goto(`${url}/client`);
            return (await page.locator("output", { hasText: /\w/ }).textContent()) ?? "";
          } finally {
            await browser.close();
          }
        }),
    },
    {
      name: "Next, server component",
      how: "`import`, nothing set; run by `next build`",
      outcome: "native and noble",
      run: (project) =>
        started(project, async (url) => /<output>(.*?)<\/output>/.exec(await bodyOf(`${url}/server`))?.[1] ?? ""),
    },
    {
      name: "Next, route handler",
      how: "`import`, nothing set; run by `next start`",
      outcome: "native and noble",
      run: (project) => started(project, (url) => bodyOf(`${url}/route`)),
    },
  ],
};
