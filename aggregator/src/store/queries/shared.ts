// All queries that read the same in SQLite and PostgreSQL.

import type { Sql } from "../sql.js";
import { batchQueries } from "./batches.js";
import { jobQueries } from "./jobs.js";
import { peopleQueries } from "./people.js";
import { hpkeKeyQueries, taskQueries } from "./tasks.js";

export function sharedQueries(sql: Sql) {
  return {
    ...taskQueries(sql),
    ...hpkeKeyQueries(sql),
    ...jobQueries(sql),
    ...batchQueries(sql),
    ...peopleQueries(sql),
  };
}
