// An object of a gigabyte goes up and down in a bounded memory.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { expect, it } from "vitest";
import { newBucket, servers } from "./servers.js";

const MIB = 2 ** 20;
/** MiB of resident memory, beyond what the process has before the transfer (45 or so). */
const MOST = 100;

// moto keeps its objects in its own memory.
for (const server of servers.filter(({ name }) => name !== "moto")) {
  it(`${server.name}: 1 GiB in less than ${MOST} MiB beyond Node's own`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "prio-gigabyte-"));
    try {
      const program = join(folder, "transfer.mjs");
      await esbuild.build({
        entryPoints: [fileURLToPath(new URL("transfer.ts", import.meta.url))],
        outfile: program,
        bundle: true,
        platform: "node",
        format: "esm",
        logLevel: "error",
      });
      const { accessKeyId, secretAccessKey } = server.credentials;
      const env = {
        ...process.env,
        AWS_ENDPOINT_URL: server.endpoint,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      };
      const url = `s3://${await newBucket(server)}/large`;
      const output = execFileSync(process.execPath, [program, url, String(1024 * MIB)], { env, encoding: "utf8" });
      const { isSame, own, memory, up, down } = JSON.parse(output) as Record<string, number>;
      const time = `processor time up ${up} s, down ${down} s`;
      console.log(`${server.name}: 1 GiB, ${own} MiB of memory before and ${memory} more, ${time}`);
      expect(isSame).toBe(true);
      expect(memory).toBeLessThan(MOST);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
