// What jobs add to many buckets at once, in SQLite: a statement a bucket.

import type { BucketQueries } from "../queries/own.js";
import type { SqliteSql } from "./database.js";

export function bucketQueries(sql: SqliteSql): BucketQueries {
  return {
    async insertPartials(task, job, partials) {
      const insert = sql.statement(
        `INSERT INTO partials (task, bucket, job, count, checksum, share, min_time, max_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      );
      for (const { bucket, count, checksum, share, minTime, maxTime } of partials) {
        insert.run(task, bucket, job, count, checksum, share, minTime, maxTime);
      }
    },

    async collectedAmong(task, buckets) {
      // Ranges never overlap: the last one that begins before a bucket is the only one that can have it.
      const end = sql.statement(
        `SELECT to_bucket AS "to" FROM collected WHERE task = $1 AND from_bucket <= $2
         ORDER BY from_bucket DESC LIMIT 1`,
      );
      return buckets.filter((bucket) => {
        const last = end.get(task, bucket) as { to: Uint8Array } | undefined;
        return last !== undefined && Buffer.compare(last.to, bucket) > 0;
      });
    },
  };
}
