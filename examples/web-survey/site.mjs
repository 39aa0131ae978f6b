// The survey's site: static files, of which none but the results ever change. Any web server will do.

import { copyFile, mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const page = fileURLToPath(new URL("page", import.meta.url));
const TYPES = new Map([
  ["html", "text/html; charset=utf-8"],
  ["css", "text/css; charset=utf-8"],
  ["js", "text/javascript; charset=utf-8"],
  ["json", "application/json"],
]);

/**
 * Puts the page into a folder, its program and its style each in one file with all that it imports. Beside it belong
 * `survey.json` and `results.json`, which page/survey.ts describes.
 *
 * @param {string} folder is made where there is none
 */
export async function buildSite(folder) {
  await mkdir(folder, { recursive: true });
  await copyFile(join(page, "index.html"), join(folder, "index.html"));
  await esbuild.build({
    entryPoints: [join(page, "survey.ts"), join(page, "survey.css")],
    outdir: folder,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
}

/**
 * Serves a folder. The page may talk to the aggregators, and to nobody else.
 *
 * @param {string} folder @param {number} port 0 lets the system choose
 * @param {readonly string[]} aggregators their URLs
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 */
export async function serveSite(folder, port, aggregators) {
  const origins = aggregators.map((url) => new URL(url).origin).join(" ");
  const policy = `default-src 'self'; img-src data:; connect-src 'self' ${origins}`;
  const server = createServer(async (request, response) => {
    const [, name = "index.html", type = "html"] = /^\/(?:([a-z]+\.([a-z]+))(?:\?.*)?)?$/.exec(request.url ?? "") ?? [];
    try {
      const body = await readFile(join(folder, name));
      response.writeHead(200, {
        "content-type": TYPES.get(type) ?? "application/octet-stream",
        "content-security-policy": policy,
        "cache-control": "no-cache",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", () => resolve(undefined));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
