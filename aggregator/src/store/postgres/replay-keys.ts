// The replay record in PostgreSQL. Two transactions that add the same id meet at its unique index: the second waits for
// the first, and then finds the id or adds it.

import { horizonQueries } from "../queries/horizons.js";
import type { ReplayKeyQueries } from "../queries/own.js";
import { bigintArray, byteaArray } from "./arrays.js";
import type { Connection } from "./database.js";
import { lock } from "./locks.js";

const textOf = (id: Uint8Array): string => Buffer.from(id.buffer, id.byteOffset, id.length).toString("latin1");

export function replayKeyQueries(sql: Connection): ReplayKeyQueries {
  const horizons = horizonQueries(sql);
  return {
    async insertReplayKeys(task, keys) {
      // While this adds keys, the horizon stays where it is: or a key could be removed and come back.
      await lock(sql, "replays", task, "shared");
      const horizon = await horizons.of(task);
      // In the order of ids, so that two transactions never wait for each other.
      const young = keys.filter(({ time }) => time >= horizon).sort((a, b) => Buffer.compare(a.id, b.id));
      const added = await sql.rows<{ id: Uint8Array }>(
        `INSERT INTO replay_keys (task, id, time)
         SELECT $1, id, time FROM unnest($2::bytea[], $3::bigint[]) AS k (id, time)
         ON CONFLICT DO NOTHING RETURNING id`,
        ...[task, byteaArray(young.map(({ id }) => id)), bigintArray(young.map(({ time }) => time))],
      );
      const isNew = new Set(added.map(({ id }) => textOf(id)));
      return keys.filter(({ id, time }) => time < horizon || !isNew.delete(textOf(id))).map(({ id }) => id);
    },

    async removeReplayKeys(task, before, limit) {
      if ((await horizons.of(task)) < before) {
        await lock(sql, "replays", task, "exclusive");
        await horizons.advance(task, before);
      }
      return sql.change(
        `WITH old AS MATERIALIZED (
           SELECT id FROM replay_keys WHERE task = $1 AND time < $2 ORDER BY time LIMIT $3)
         DELETE FROM replay_keys USING old WHERE replay_keys.task = $1 AND replay_keys.id = old.id`,
        ...[task, before, limit],
      );
    },
  };
}
