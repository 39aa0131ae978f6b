// A route handler, which runs for each request.

import { batch } from "../../batch.mjs";
import { run } from "../../collect.mjs";

export const dynamic = "force-dynamic";

export function GET() {
  return new Response(run(batch).join(" and "));
}
