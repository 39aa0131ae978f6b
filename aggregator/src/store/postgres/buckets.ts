// What jobs add to many buckets at once, in PostgreSQL: one statement, however many buckets the times of reports touch.

import type { BucketQueries } from "../queries/own.js";
import { bigintArray, byteaArray } from "./arrays.js";
import type { Connection } from "./database.js";

export function bucketQueries(sql: Connection): BucketQueries {
  return {
    async insertPartials(task, job, partials) {
      await sql.change(
        `INSERT INTO partials (task, bucket, job, count, checksum, share, min_time, max_time)
         SELECT $1, bucket, $2, count, checksum, share, min_time, max_time
         FROM unnest($3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bigint[], $8::bigint[])
           AS p (bucket, count, checksum, share, min_time, max_time)`,
        task,
        job,
        byteaArray(partials.map(({ bucket }) => bucket)),
        bigintArray(partials.map(({ count }) => count)),
        byteaArray(partials.map(({ checksum }) => checksum)),
        byteaArray(partials.map(({ share }) => share)),
        bigintArray(partials.map(({ minTime }) => minTime)),
        bigintArray(partials.map(({ maxTime }) => maxTime)),
      );
    },

    async collectedAmong(task, buckets) {
      // Ranges never overlap: the last one that begins before a bucket is the only one that can have it.
      const found = await sql.rows<{ bucket: Uint8Array }>(
        `SELECT bucket FROM unnest($2::bytea[]) WITH ORDINALITY AS b (bucket, position)
         WHERE bucket < (
           SELECT to_bucket FROM collected WHERE task = $1 AND from_bucket <= bucket
           ORDER BY from_bucket DESC LIMIT 1)
         ORDER BY position`,
        ...[task, byteaArray(buckets)],
      );
      return found.map(({ bucket }) => bucket);
    },
  };
}
