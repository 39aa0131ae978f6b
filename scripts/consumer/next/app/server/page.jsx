// A server component: Next runs it while it builds.

import { batch } from "../../batch.mjs";
import { run } from "../../collect.mjs";

export default function Page() {
  return <output>{run(batch).join(" and ")}</output>;
}
