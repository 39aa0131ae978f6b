// How far a task's replay record was forgotten. A report from before that may have been counted, so that none is taken.

import type { Sql } from "../sql.js";

export interface HorizonQueries {
  /** Times before this one are forgotten: 0 if none are. */
  of(task: number): Promise<number>;
  /** Moves the horizon, never back. */
  advance(task: number, before: number): Promise<void>;
}

export function horizonQueries(sql: Sql): HorizonQueries {
  return {
    async of(task) {
      const [row] = await sql.rows<{ before: number }>("SELECT before FROM replay_horizons WHERE task = $1", task);
      return row?.before ?? 0;
    },

    async advance(task, before) {
      await sql.change(
        `INSERT INTO replay_horizons (task, before) VALUES ($1, $2)
         ON CONFLICT (task) DO UPDATE SET before = excluded.before WHERE excluded.before > replay_horizons.before`,
        ...[task, before],
      );
    },
  };
}
