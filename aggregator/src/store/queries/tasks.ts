// Tasks, and the keys that clients seal to.

import type { Sql } from "../sql.js";
import { assignments } from "../sql.js";
import type { HpkeKeyRow, TaskRow, Transaction } from "../store.js";

type TaskQueries = Pick<Transaction, "insertTask" | "tasks" | "updateTask">;

export function taskQueries(sql: Sql): TaskQueries {
  return {
    async insertTask({ id, role, document, settings, secrets, state, createdAt }) {
      const [row] = await sql.rows<{ key: number }>(
        `INSERT INTO tasks (id, role, document, settings, secrets, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING RETURNING key`,
        ...[id, role, document, settings, secrets, state, createdAt],
      );
      return row?.key ?? null;
    },

    tasks() {
      return sql.rows<TaskRow>(
        `SELECT key, id, role, document, settings, secrets, state, created_at AS "createdAt" FROM tasks ORDER BY key`,
      );
    },

    async updateTask(task, { state, settings, secrets }) {
      const { text, values } = assignments({ state, settings, secrets }, 1);
      if (values.length > 0) await sql.change(`UPDATE tasks SET ${text} WHERE key = $1`, task, ...values);
    },
  };
}

type HpkeKeyQueries = Pick<Transaction, "insertHpkeKey" | "hpkeKeys" | "updateHpkeKey" | "removeHpkeKey">;

export function hpkeKeyQueries(sql: Sql): HpkeKeyQueries {
  return {
    async insertHpkeKey({ id, state, sealed, createdAt, changedAt }) {
      const added = await sql.change(
        `INSERT INTO hpke_keys (id, state, sealed, created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING`,
        ...[id, state, sealed, createdAt, changedAt],
      );
      return added === 1;
    },

    hpkeKeys() {
      return sql.rows<HpkeKeyRow>(
        `SELECT id, state, sealed, created_at AS "createdAt", changed_at AS "changedAt" FROM hpke_keys ORDER BY id`,
      );
    },

    async updateHpkeKey(id, state, at) {
      await sql.change("UPDATE hpke_keys SET state = $2, changed_at = $3 WHERE id = $1", id, state, at);
    },

    async removeHpkeKey(id) {
      await sql.change("DELETE FROM hpke_keys WHERE id = $1", id);
    },
  };
}
