// A test of a user's, in CommonJS.

const { batch } = require("./batch.cjs");
const { run } = require("./collect.cjs");

test("a batch of libprio's", () => {
  process.stdout.write(run(batch).join(" and "));
});
