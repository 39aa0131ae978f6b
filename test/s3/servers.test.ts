// The store in S3 with real servers. `npm run test:s3` starts them.

import { beforeAll, describe, expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { openStore } from "../../src/stores/open-store.js";
import type { StoreSettings } from "../../src/stores/settings.js";
import { allOf, bytesOf, describeStore } from "../stores/conformance.js";
import { newBucket, servers, uploadsOf } from "./servers.js";

it("there are servers, started by npm run test:s3", () => {
  expect(servers.length).toBeGreaterThan(0);
});

for (const server of servers) {
  const { name, endpoint, credentials, checksSignatures } = server;
  let bucket: string;
  let stores = 0;
  const open = (settings: StoreSettings = {}, prefix = `${++stores}/a b+c`) =>
    openStore(`s3://${bucket}/${prefix}`, { endpoint, credentials, env: {}, ...settings });
  beforeAll(async () => {
    bucket = await newBucket(server);
  });

  describeStore(name, open, { runs: 30, many: 1100, large: 20_000_000, hasExclusiveWrites: true });

  describe(`${name}, asked wrongly,`, () => {
    it("says what is wrong", async () => {
      const absent = openStore("s3://no-such-bucket-here", { endpoint, credentials, env: {} });
      for (const request of [
        () => absent.stat("x"),
        () => allOf(absent.list("")),
        () => bytesOf(absent.read("x")),
        () => absent.write("x", contentOf("x")),
        () => absent.write("x", contentOf("x".repeat(10_000_000))),
      ]) {
        const error = await request().catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: "not-found", key: undefined });
      }
      await open({}, "here").write("x", contentOf("x"));
      const attempts: [string, Partial<typeof credentials>][] = [
        ["SignatureDoesNotMatch", { secretAccessKey: "another-secret" }],
        ["(InvalidAccessKeyId|XAdminUserNotFound)", { accessKeyId: "nobody" }],
      ];
      for (const [code, wrong] of checksSignatures ? attempts : []) {
        const store = open({ credentials: { ...credentials, ...wrong }, tries: 2 }, "here");
        for (const request of [() => store.stat("x"), () => allOf(store.list("")), () => bytesOf(store.read("x"))]) {
          const error = await request().catch((reason: unknown) => reason);
          expect(error).toMatchObject({ code: "forbidden", message: expect.stringMatching(`, ${code}\\)$`) });
        }
      }
    });

    it("keeps no part of an upload that failed", async () => {
      const content = {
        size: 20_000_000,
        async *read() {
          yield await Promise.resolve(Buffer.alloc(10_000_000));
          throw new Error("unreadable");
        },
      };
      await expect(open().write("x", content)).rejects.toThrow("unreadable");
      expect(await uploadsOf(server, bucket)).toBe(0);
    });
  });
}
