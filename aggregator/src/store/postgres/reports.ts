// Reports that wait, in PostgreSQL: many a statement, and in the order of their ids where transactions could wait for
// one another in a circle.

import { ALWAYS, type ReportQueries } from "../queries/own.js";
import type { ReplayKey, Waiting, WaitingReport } from "../store.js";
import { bigintArray, byteaArray } from "./arrays.js";
import type { Connection } from "./database.js";

export function reportQueries(sql: Connection): ReportQueries {
  /** A statement over all reports of a job, or those that are named. */
  const changeSome = (text: string, task: number, job: Uint8Array, ids?: readonly Uint8Array[]) =>
    ids === undefined
      ? sql.change(`${text} WHERE task = $1 AND job = $2`, task, job)
      : sql.change(`${text} WHERE task = $1 AND job = $2 AND id = ANY($3::bytea[])`, task, job, byteaArray(ids));

  return {
    insertReports(reports, at) {
      const sorted = reports.toSorted((a, b) => Buffer.compare(a.id, b.id));
      return sql.change(
        `INSERT INTO reports (task, id, time, content, at)
         SELECT task, id, time, content, $5
         FROM unnest($1::bigint[], $2::bytea[], $3::bigint[], $4::bytea[]) AS r (task, id, time, content)
         ON CONFLICT DO NOTHING`,
        bigintArray(sorted.map(({ task }) => task)),
        byteaArray(sorted.map(({ id }) => id)),
        bigintArray(sorted.map(({ time }) => time)),
        byteaArray(sorted.map(({ content }) => content)),
        at,
      );
    },

    waiting(limit) {
      return sql.rows<Waiting>(
        `SELECT tasks.key AS task, w.reports, w.since FROM tasks, LATERAL (
           SELECT count(*) AS reports, min(at) AS since FROM (
             SELECT at FROM reports WHERE task = tasks.key AND job IS NULL ORDER BY time, at, id LIMIT $1) AS first
           ) AS w
         WHERE w.reports > 0 ORDER BY tasks.key`,
        limit,
      );
    },

    async countWaiting(task, { from, to } = ALWAYS, limit = Number.MAX_SAFE_INTEGER) {
      const [row] = await sql.rows<{ n: number }>(
        `SELECT count(*) AS n FROM (
           SELECT 1 FROM reports WHERE task = $1 AND job IS NULL AND time >= $2 AND time < $3 LIMIT $4) AS counted`,
        ...[task, from, to, limit],
      );
      return row?.n ?? 0;
    },

    async claimReports(task, job, limit, { from, to } = ALWAYS) {
      const claimed = await sql.rows<ReplayKey>(
        `WITH claimed AS MATERIALIZED (
           SELECT id FROM reports WHERE task = $2 AND job IS NULL AND time >= $3 AND time < $4
           ORDER BY time, at, id LIMIT $5 FOR UPDATE SKIP LOCKED)
         UPDATE reports SET job = $1 FROM claimed WHERE reports.task = $2 AND reports.id = claimed.id
         RETURNING reports.id, reports.time`,
        ...[job, task, from, to, limit],
      );
      return claimed.sort((a, b) => a.time - b.time || Buffer.compare(a.id, b.id));
    },

    reportsOf(task, job) {
      return sql.rows<WaitingReport>(
        "SELECT id, time, content FROM reports WHERE task = $1 AND job = $2 ORDER BY time, id",
        ...[task, job],
      );
    },

    async removeReports(task, job, ids) {
      await changeSome("DELETE FROM reports", task, job, ids);
    },

    async moveReports(task, from, to, ids) {
      await sql.change(
        "UPDATE reports SET job = $4 WHERE task = $1 AND job = $2 AND id = ANY($3::bytea[])",
        ...[task, from, byteaArray(ids), to],
      );
    },
  };
}
