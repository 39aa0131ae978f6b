// The store in S3 does what every store does; the faults of servers are in the tests beside this one.

import { afterAll, beforeAll, beforeEach } from "vitest";
import { openStore } from "../../src/stores/open-store.js";
import { describeStore, type Scale } from "./conformance.js";
import { FakeS3 } from "./fake-s3.js";

let fake: FakeS3;
let stores = 0;
beforeAll(async () => {
  fake = await FakeS3.start();
});
beforeEach(() => fake.reset());
afterAll(() => fake.stop());

const settings = { credentials: { accessKeyId: "id", secretAccessKey: "secret" }, env: {}, partSize: 2 ** 18 };
const scale: Scale = { runs: 100, many: 200, large: 1_000_000, hasExclusiveWrites: true };

describeStore(
  "S3",
  (more) => {
    fake.pageSize = 30;
    return openStore(`s3://bucket/${++stores}`, { endpoint: fake.endpoint, ...settings, ...more });
  },
  scale,
);

describeStore(
  "S3 without conditional writes, ranges and escaped keys",
  (more) => {
    Object.assign(fake, { conditions: "ignored", hasRanges: false, escapesKeys: false });
    return openStore(`s3://bucket/${++stores}/a b`, { endpoint: fake.endpoint, ...settings, ...more });
  },
  { ...scale, runs: 20, many: 30, hasExclusiveWrites: false },
);
