// A test of a user's, as an ES module.

import { batch } from "./batch.mjs";
import { run } from "./collect.mjs";

test("a batch of libprio's", () => {
  process.stdout.write(run(batch).join(" and "));
});
