// Writers are killed at random, many times, and readers see whole objects only. A directory is tried too, and what
// happens to it when a file system is full.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { openStore } from "../../src/stores/open-store.js";
import { bytesOf } from "../stores/conformance.js";
import { survivesKills } from "../stores/crash.js";
import { newBucket, servers } from "./servers.js";

const ROUNDS = 50;

for (const server of servers) {
  it(`in ${server.name}`, async () => {
    const { accessKeyId, secretAccessKey } = server.credentials;
    const env = {
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const { read, left } = await survivesKills(`s3://${await newBucket(server)}/here`, ROUNDS, { env });
    expect(left).toBeGreaterThan(0);
    console.log(`${server.name}: ${ROUNDS} writers killed, ${read} objects read, each whole`);
  });
}

it("in a directory", async () => {
  const root = mkdtempSync(join(tmpdir(), "prio-store-"));
  const { read, left } = await survivesKills(root, ROUNDS);
  expect(left).toBeGreaterThan(0);
  console.log(`a directory: ${ROUNDS} writers killed, ${read} objects read, each whole`);
  rmSync(root, { recursive: true });
});

const small = mkdtempSync(join(tmpdir(), "prio-small-"));
let isMounted = true;
try {
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small], { stdio: "ignore" });
} catch {
  isMounted = false;
}

it(`a full file system is said to be full${isMounted ? "" : " (NOT TRIED: none can be mounted here)"}`, async () => {
  if (!isMounted) return;
  try {
    const store = openStore(small);
    await store.write("a/x", contentOf("old"));
    const large = contentOf(Buffer.alloc(2_000_000));
    for (const ifAbsent of [false, true]) {
      const error = await store.write(ifAbsent ? "a/y" : "a/x", large, { ifAbsent }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "full", message: expect.stringContaining("no space left on the device") });
    }
    expect(readdirSync(join(small, "a"))).toEqual(["x"]);
    expect((await bytesOf(store.read("a/x"))).toString()).toBe("old");
    await store.write("a/x", contentOf("new"));
  } finally {
    execFileSync("umount", [small]);
    rmSync(small, { recursive: true });
  }
});
