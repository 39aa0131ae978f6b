// The replay record in SQLite: one row a report, found by its id, and forgotten by its time.

import { horizonQueries } from "../queries/horizons.js";
import type { ReplayKeyQueries } from "../queries/own.js";
import type { ReplayKey } from "../store.js";
import type { SqliteSql } from "./database.js";

export function replayKeyQueries(sql: SqliteSql): ReplayKeyQueries {
  const horizons = horizonQueries(sql);
  return {
    async insertReplayKeys(task, keys) {
      const horizon = await horizons.of(task);
      const insert = sql.statement(
        "INSERT INTO replay_keys (task, id, time) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      );
      const isThere = ({ id, time }: ReplayKey) => time < horizon || insert.run(task, id, time).changes === 0;
      return keys.filter(isThere).map(({ id }) => id);
    },

    async removeReplayKeys(task, before, limit) {
      await horizons.advance(task, before);
      return sql.change(
        `DELETE FROM replay_keys WHERE rowid IN (
           SELECT rowid FROM replay_keys WHERE task = $1 AND time < $2 ORDER BY time LIMIT $3)`,
        ...[task, before, limit],
      );
    },
  };
}
