// Batches: what jobs added to their buckets, which buckets were collected, and the batches that the leader fills.

import type { Sql } from "../sql.js";
import type { BucketRange, BucketSummary, OpenBatch, Page, StoredPartial, Transaction } from "../store.js";

type BatchQueries = Pick<
  Transaction,
  | "partials"
  | "removePartials"
  | "countAggregated"
  | "buckets"
  | "insertCollected"
  | "isCollected"
  | "insertBatch"
  | "openBatches"
  | "addToBatch"
  | "removeBatch"
>;

/** One page, longer than a table is. */
const ALL: Page<StoredPartial> = { limit: Number.MAX_SAFE_INTEGER };

export function batchQueries(sql: Sql): BatchQueries {
  const isCollected = async (task: number, { from, to }: BucketRange): Promise<boolean> => {
    // Ranges never overlap: the last one that begins before the end is the only one that can reach into this one.
    const [last] = await sql.rows<{ to: Uint8Array }>(
      `SELECT to_bucket AS "to" FROM collected WHERE task = $1 AND from_bucket < $2 ORDER BY from_bucket DESC LIMIT 1`,
      ...[task, to],
    );
    return last !== undefined && Buffer.compare(last.to, from) > 0;
  };

  return {
    partials(task, { from, to }, { limit, after } = ALL) {
      const columns = `bucket, job, count, checksum, share, min_time AS "minTime", max_time AS "maxTime"`;
      const isAfter = after === undefined ? "bucket >= $2" : "(bucket, job) > ($2, $5)";
      return sql.rows<StoredPartial>(
        `SELECT ${columns} FROM partials WHERE task = $1 AND ${isAfter} AND bucket < $3 ORDER BY bucket, job LIMIT $4`,
        ...[task, after?.bucket ?? from, to, limit],
        ...(after === undefined ? [] : [after.job]),
      );
    },

    async removePartials(task, { from, to }) {
      await sql.change("DELETE FROM partials WHERE task = $1 AND bucket >= $2 AND bucket < $3", task, from, to);
    },

    async countAggregated(task, { from, to }) {
      const [row] = await sql.rows<{ n: number | null }>(
        `SELECT CAST(sum(count) AS bigint) AS n FROM partials WHERE task = $1 AND bucket >= $2 AND bucket < $3`,
        ...[task, from, to],
      );
      return row?.n ?? 0;
    },

    buckets(task, limit) {
      return sql.rows<BucketSummary>(
        `SELECT bucket, CAST(sum(count) AS bigint) AS count, count(*) AS jobs, min(min_time) AS "minTime",
           max(max_time) AS "maxTime"
         FROM partials AS p
         WHERE task = $1 AND NOT EXISTS (
           SELECT 1 FROM collected AS c
           WHERE c.task = p.task AND c.from_bucket <= p.bucket AND c.to_bucket > p.bucket)
         GROUP BY bucket ORDER BY bucket LIMIT $2`,
        ...[task, limit],
      );
    },

    async insertCollected(task, range, at) {
      if (await isCollected(task, range)) throw new Error("store: a batch is collected that was collected before");
      await sql.change(
        "INSERT INTO collected (task, from_bucket, to_bucket, at) VALUES ($1, $2, $3, $4)",
        ...[task, range.from, range.to, at],
      );
    },

    isCollected,

    async insertBatch(task, batch, at) {
      await sql.change(
        "INSERT INTO open_batches (task, id, assigned, created_at) VALUES ($1, $2, 0, $3)",
        ...[task, batch, at],
      );
    },

    openBatches(task) {
      return sql.rows<OpenBatch>(
        `SELECT id, assigned, created_at AS "createdAt" FROM open_batches WHERE task = $1
         ORDER BY created_at, id ${sql.forUpdate}`,
        task,
      );
    },

    async addToBatch(task, batch, reports) {
      await sql.change(
        "UPDATE open_batches SET assigned = assigned + $3 WHERE task = $1 AND id = $2",
        ...[task, batch, reports],
      );
    },

    async removeBatch(task, batch) {
      await sql.change("DELETE FROM open_batches WHERE task = $1 AND id = $2", task, batch);
    },
  };
}
