// A Worker that runs the consumer when it is asked.

import { batch } from "./batch.mjs";
import { run } from "./collect.mjs";

export default {
  fetch() {
    return new Response(run(batch).join(" and "));
  },
};
