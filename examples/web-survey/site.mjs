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

/** Puts the page into a folder, its program with all that it imports in one file. @param {string} folder */
export async function buildSite(folder) {
  await mkdir(folder, { recursive: true });
  for (const name of ["index.html", "survey.css"]) await copyFile(join(page, name), join(folder, name));
  await esbuild.build({
    entryPoints: [join(page, "survey.ts")],
    outfile: join(folder, "survey.js"),
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
  const policy = `default-src 'self'; img-src data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ${origins}`;
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
