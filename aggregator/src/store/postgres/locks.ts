// Locks that belong to no row: PostgreSQL's advisory ones, held until the transaction ends. They write nothing, where a
// lock of the task's row would write it for each job and make it a place where all meet. Each is a class and a number;
// deployments that share a database share the locks too, which makes them wait and no more.

import type { Sql } from "../sql.js";

/** First numbers of locks: of migrations, of what adds to batches or closes them, and of the replay record. */
const CLASSES = { migrations: 0x70720001, task: 0x70720002, replays: 0x70720003 } as const;

export async function lock(
  sql: Sql,
  what: keyof typeof CLASSES,
  number: number,
  mode: "shared" | "exclusive",
): Promise<void> {
  const name = mode === "shared" ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock";
  await sql.rows(`SELECT ${name}(${CLASSES[what]}, CAST($1 AS integer))`, number);
}
