// The replay record in SQLite: one row a report, in the order of ids, and an index by time to forget by.

import type { Transaction } from "../store.js";
import type { SqliteSql } from "./database.js";

type ReplayKeyQueries = Pick<Transaction, "insertReplayKeys" | "removeReplayKeys">;

export function replayKeyQueries(sql: SqliteSql): ReplayKeyQueries {
  return {
    async insertReplayKeys(task, keys) {
      const insert = sql.statement(
        "INSERT INTO replay_keys (task, id, time) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      );
      return keys.filter(({ id, time }) => insert.run(task, id, time).changes === 0).map(({ id }) => id);
    },

    removeReplayKeys(task, before, limit) {
      return sql.change(
        `DELETE FROM replay_keys WHERE task = $1 AND id IN (
           SELECT id FROM replay_keys WHERE task = $1 AND time < $2 ORDER BY time LIMIT $3)`,
        ...[task, before, limit],
      );
    },
  };
}
