// Reports that wait, in SQLite. They lie in the order in which they came, and of one time they are claimed in it: so a
// job's reports lie together. What clients sent is in a table of its own, so that a claim writes a few bytes a report.

import { ALWAYS, type ReportQueries } from "../queries/own.js";
import type { ReplayKey, Waiting, WaitingReport } from "../store.js";
import type { SqliteSql } from "./database.js";

export function reportQueries(sql: SqliteSql): ReportQueries {
  return {
    async insertReports(reports, at) {
      const { next } = sql.statement("SELECT coalesce(max(seq), 0) + 1 AS next FROM reports").get() as {
        next: number;
      };
      const insertReport = sql.statement(
        "INSERT INTO reports (seq, task, id, time, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (task, id) DO NOTHING",
      );
      const insertContent = sql.statement("INSERT INTO report_contents (seq, content) VALUES ($1, $2)");
      let seq = next;
      for (const { task, id, time, content } of reports) {
        if (insertReport.run(seq, task, id, time, at).changes === 0) continue;
        insertContent.run(seq, content);
        seq++;
      }
      return seq - next;
    },

    async waiting(limit) {
      const tasks = await sql.rows<{ key: number }>("SELECT key FROM tasks ORDER BY key");
      const count = sql.statement(
        `SELECT count(*) AS reports, min(at) AS since FROM (
           SELECT at FROM reports WHERE task = $1 AND job IS NULL ORDER BY time, at, seq LIMIT $2)`,
      );
      return tasks
        .map(({ key }) => ({ task: key, ...(count.get(key, limit) as Omit<Waiting, "task">) }))
        .filter(({ reports }) => reports > 0);
    },

    async countWaiting(task, { from, to } = ALWAYS, limit = Number.MAX_SAFE_INTEGER) {
      const [row] = await sql.rows<{ n: number }>(
        `SELECT count(*) AS n FROM (
           SELECT 1 FROM reports WHERE task = $1 AND job IS NULL AND time >= $2 AND time < $3 LIMIT $4)`,
        ...[task, from, to, limit],
      );
      return row?.n ?? 0;
    },

    async claimReports(task, job, limit, { from, to } = ALWAYS) {
      const claimed = await sql.rows<ReplayKey>(
        `UPDATE reports SET job = $1 WHERE seq IN (
           SELECT seq FROM reports WHERE task = $2 AND job IS NULL AND time >= $3 AND time < $4
           ORDER BY time, at, seq LIMIT $5) RETURNING id, time`,
        ...[job, task, from, to, limit],
      );
      return claimed.sort((a, b) => a.time - b.time || Buffer.compare(a.id, b.id));
    },

    reportsOf(task, job) {
      return sql.rows<WaitingReport>(
        `SELECT id, time, content FROM reports JOIN report_contents USING (seq)
         WHERE task = $1 AND job = $2 ORDER BY time, id`,
        ...[task, job],
      );
    },

    async removeReports(task, job, ids) {
      if (ids === undefined) {
        await sql.change(
          "DELETE FROM report_contents WHERE seq IN (SELECT seq FROM reports WHERE task = $1 AND job = $2)",
          ...[task, job],
        );
        await sql.change("DELETE FROM reports WHERE task = $1 AND job = $2", task, job);
        return;
      }
      const removeReport = sql.statement("DELETE FROM reports WHERE task = $1 AND job = $2 AND id = $3 RETURNING seq");
      const removeContent = sql.statement("DELETE FROM report_contents WHERE seq = $1");
      for (const id of ids) {
        const row = removeReport.get(task, job, id) as { seq: number } | undefined;
        if (row !== undefined) removeContent.run(row.seq);
      }
    },

    async moveReports(task, from, to, ids) {
      const move = sql.statement("UPDATE reports SET job = $4 WHERE task = $1 AND job = $2 AND id = $3");
      for (const id of ids) move.run(task, from, id, to);
    },
  };
}
