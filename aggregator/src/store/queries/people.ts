// What operators look at: results that collectors gave back, and the record of what operators did.

import type { Sql } from "../sql.js";
import type { AuditRow, ResultRow, Transaction } from "../store.js";

type PeopleQueries = Pick<Transaction, "counters" | "putResult" | "results" | "insertAudit" | "audit">;

export function peopleQueries(sql: Sql): PeopleQueries {
  return {
    counters(task) {
      return sql.rows<{ name: string; n: number }>(
        "SELECT name, CAST(sum(n) AS bigint) AS n FROM counters WHERE task = $1 GROUP BY name ORDER BY name",
        task,
      );
    },

    async putResult({ task, name, result, at }) {
      await sql.change(
        `INSERT INTO results (task, name, result, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (task, name) DO UPDATE SET result = excluded.result, at = excluded.at`,
        ...[task, name, result, at],
      );
    },

    results(task, limit) {
      return sql.rows<ResultRow>(
        "SELECT task, name, result, at FROM results WHERE task = $1 ORDER BY at DESC, name LIMIT $2",
        ...[task, limit],
      );
    },

    async insertAudit({ at, what, task }) {
      await sql.change("INSERT INTO audit (at, what, task) VALUES ($1, $2, $3)", at, what, task);
    },

    audit(limit) {
      return sql.rows<AuditRow>("SELECT at, what, task FROM audit ORDER BY seq DESC LIMIT $1", limit);
    },
  };
}
