// Amazon's own client for Python at the other end: each reads what the other wrote.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { openStore } from "../../src/stores/open-store.js";
import { bytesOf, ODD_KEYS } from "../stores/conformance.js";
import { newBucket, servers } from "./servers.js";

const python = process.env["PRIO_BOTO3"] ?? "";
type Found = Record<string, [size: number, sha256: string]>;

for (const server of python === "" ? [] : servers) {
  it(`${server.name}: both read what the other wrote`, async () => {
    const { endpoint, credentials } = server;
    const bucket = await newBucket(server);
    const peer = (mode: string): Found => {
      const script = fileURLToPath(new URL("boto3_peer.py", import.meta.url));
      const keys = [credentials.accessKeyId, credentials.secretAccessKey];
      const args = [script, endpoint, ...keys, bucket, "a b/", mode, JSON.stringify(ODD_KEYS)];
      return JSON.parse(execFileSync(python, args, { encoding: "utf8" })) as Found;
    };
    const ours = async (): Promise<Found> => {
      const found: Found = {};
      for await (const { key, size, version } of store.list("")) {
        const bytes = await bytesOf(store.read(key, version));
        found[key] = [size, createHash("sha256").update(bytes).digest("hex")];
      }
      return found;
    };
    const store = openStore(`s3://${bucket}/a b`, { endpoint, credentials, env: {} });
    const { "folder/": folder, ...theirs } = peer("write");
    expect(folder?.[0]).toBe(0);
    expect(Object.keys(theirs)).toHaveLength(ODD_KEYS.length + 2);
    expect(await ours()).toEqual(theirs);
    for (const key of ODD_KEYS) await store.write(key, contentOf(`new ${key}`));
    await store.write("large", contentOf(Buffer.alloc(11_000_000, "x")));
    const { "folder/": _, ...seen } = peer("read");
    expect(seen).toEqual(await ours());
  });
}
