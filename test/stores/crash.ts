// Kills a writer at random, again and again, while a reader looks at what it wrote.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { expect } from "vitest";
import { openStore } from "../../src/stores/open-store.js";
import type { StoreSettings } from "../../src/stores/settings.js";
import { StoreError } from "../../src/stores/store.js";
import { bytesOf } from "./conformance.js";
import { whyNotWhole } from "./crash-object.js";

/**
 * Runs and kills `rounds` writers. Returns how many objects were read meanwhile, and how many are there in the end;
 * each was whole.
 *
 * @param env variables of the writer, with which it opens the store of `url` too
 */
export async function survivesKills(
  url: string,
  rounds: number,
  { env = {}, ...settings }: StoreSettings & { env?: Record<string, string> } = {},
): Promise<{ read: number; left: number }> {
  const folder = mkdtempSync(join(tmpdir(), "prio-crash-"));
  const program = join(folder, "writer.mjs");
  await esbuild.build({
    entryPoints: [fileURLToPath(new URL("crash-writer.ts", import.meta.url))],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  const store = openStore(url, { env, ...settings });
  let read = 0;
  /** Reads all objects. One that is written anew under way is another one, and no mixture. */
  const readAll = async (): Promise<number> => {
    let found = 0;
    for await (const { key, version } of store.list("")) {
      try {
        const why = whyNotWhole(await bytesOf(store.read(key, version)));
        expect([key, why]).toEqual([key, null]);
        found++;
      } catch (error) {
        if (!(error instanceof StoreError && (error.code === "changed" || error.code === "not-found"))) throw error;
      }
    }
    read += found;
    return found;
  };
  let left = 0;
  try {
    for (let round = 0; round < rounds; round++) {
      const child = spawn(process.execPath, [program, url], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "exit");
      await Promise.race([once(child.stdout, "data"), ended]);
      const reading = round % 4 === 0 ? readAll() : undefined;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 120));
      child.kill("SIGKILL");
      const [, signal] = (await ended) as [number | null, string | null];
      expect(signal).toBe("SIGKILL");
      await reading;
      left = await readAll();
    }
    return { read, left };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
