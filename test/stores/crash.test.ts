// A writer is killed, and no reader sees a part of an object. `npm run test:s3` does this for longer, and with S3.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { openStore } from "../../src/stores/open-store.js";
import { survivesKills } from "./crash.js";
import { letter, whyNotWhole } from "./crash-object.js";

it("a directory has whole objects only, however a writer ends", async () => {
  const root = mkdtempSync(join(tmpdir(), "prio-store-"));
  const { left } = await survivesKills(root, 8);
  expect(left).toBeGreaterThan(0);
  // The next writer removes what the killed ones left.
  const store = openStore(root);
  for (const folder of readdirSync(root)) await store.write(`${folder}/last`, contentOf(""));
  expect(readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  rmSync(root, { recursive: true });
});

it("an object tells whether it is whole", () => {
  const whole = Buffer.concat([Buffer.from("1005\n"), Buffer.alloc(1000, letter(3))]);
  expect(whyNotWhole(whole)).toBeNull();
  for (const bytes of [Buffer.alloc(0), Buffer.from("1"), Buffer.from("2\n")]) expect(whyNotWhole(bytes)).toBeNull();
  expect(whyNotWhole(whole.subarray(0, -1))).toMatch(/another length/);
  expect(whyNotWhole(Buffer.concat([whole, Buffer.from("d")]))).toMatch(/another length/);
  const mixed = Buffer.from(whole);
  mixed[600] = 97;
  expect(whyNotWhole(mixed)).toBe("a mixture");
  expect(whyNotWhole(Buffer.alloc(0))).toBeNull();
});
