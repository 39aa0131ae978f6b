// The store on PostgreSQL, for any number of processes. Where transactions meet, they lock rows or wait for one
// another; where that ends in a conflict, or the server goes away before the COMMIT, the transaction is carried out
// again.

import { setTimeout as sleep } from "node:timers/promises";
import { type Migrating, type Migration, migrate } from "../migrations.js";
import { Operations } from "../operations.js";
import { sharedQueries } from "../queries/shared.js";
import type { Store, Transaction } from "../store.js";
import { bigintArray } from "./arrays.js";
import { bucketQueries } from "./buckets.js";
import { type Connection, Database } from "./database.js";
import { isBroken, isPassing } from "./errors.js";
import { lock } from "./locks.js";
import { replayKeyQueries } from "./replay-keys.js";
import { reportQueries } from "./reports.js";
import { MIGRATIONS } from "./schema.js";

/** For how long a transaction is tried again, and for how long where a store opens, in milliseconds. */
const PATIENCE = 60_000;
const OPENING_PATIENCE = 10_000;
/** The first pause between tries is up to this, each one twice as long, up to the last, in milliseconds. */
const PAUSE = { first: 10, longest: 4000 };

/** Rows that a counter is spread over. */
const COUNTER_PARTS = 16;

export class PostgresStore implements Store {
  readonly #database: Database;
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** @param connections how many this process has at most; as many transactions run at once */
  static async open(
    url: string,
    connections: number,
    migrations: readonly Migration[] = MIGRATIONS,
  ): Promise<PostgresStore> {
    const store = new PostgresStore(new Database(url, connections));
    try {
      await store.#tried("open", (connection) => prepare(connection, store.#database, migrations), OPENING_PATIENCE);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  run<T>(name: string, body: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#tried(name, async (connection) => {
      const operations = new Operations(operationsOf(connection));
      let result: T;
      try {
        result = await body(operations.transaction);
      } catch (error) {
        // Whatever the body made of a conflict, the transaction is tried again.
        await operations.end().catch((failure: unknown) => {
          if (isPassing(failure)) throw failure;
        });
        throw error;
      }
      await operations.end();
      return result;
    });
  }

  compact(): Promise<boolean> {
    // Autovacuum does it, as the tables' settings say.
    return Promise.resolve(false);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#running);
    await this.#database.close();
  }

  #tried<T>(name: string, work: (connection: Connection) => Promise<T>, patience = PATIENCE): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error(`store: ${name}: the store is closed`));
    const result = this.#tryAgain(name, work, performance.now() + patience);
    this.#running.add(result);
    const end = () => this.#running.delete(result);
    result.then(end, end);
    return result;
  }

  async #tryAgain<T>(name: string, work: (connection: Connection) => Promise<T>, end: number): Promise<T> {
    let pause = PAUSE.first;
    for (;;) {
      try {
        return await this.#tryOnce(name, work);
      } catch (error) {
        if (performance.now() > end || this.#isClosed || !isPassing(error)) throw error;
      }
      await sleep(Math.random() * pause);
      pause = Math.min(2 * pause, PAUSE.longest);
    }
  }

  async #tryOnce<T>(name: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#database.begin();
    let result: T;
    try {
      result = await work(connection);
    } catch (error) {
      await connection.rollback();
      throw error;
    }
    try {
      await connection.commit();
    } catch (error) {
      if (!isBroken(error)) throw error;
      const cause = { cause: error };
      throw new Error(`store: ${name}: the connection broke at its end: it may be written or not`, cause);
    }
    return result;
  }
}

function operationsOf(sql: Connection): Transaction {
  return {
    ...sharedQueries(sql),
    ...reportQueries(sql),
    ...replayKeyQueries(sql),
    ...bucketQueries(sql),
    lockTask: (task, mode) => lock(sql, "task", task, mode),
    async addCounters(counters) {
      if (counters.length === 0) return;
      const sums = new Map<string, { task: number; name: string; n: number }>();
      for (const { task, name, n } of counters) {
        const key = `${task} ${name}`;
        sums.set(key, { task, name, n: (sums.get(key)?.n ?? 0) + n });
      }
      // One part a transaction, and names in one order, so that two of them never wait for each other.
      const rows = Array.from(sums.keys())
        .sort()
        .map((key) => sums.get(key) as { task: number; name: string; n: number });
      await sql.change(
        `INSERT INTO counters (task, name, part, n)
         SELECT task, name, $1, n FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS c (task, name, n)
         ON CONFLICT (task, name, part) DO UPDATE SET n = counters.n + excluded.n`,
        Math.floor(Math.random() * COUNTER_PARTS),
        bigintArray(rows.map(({ task }) => task)),
        rows.map(({ name }) => name),
        bigintArray(rows.map(({ n }) => n)),
      );
    },
  };
}

/** Checks the server, makes the schema where there is none, and brings it up to date. */
async function prepare(connection: Connection, database: Database, migrations: readonly Migration[]): Promise<void> {
  await database.check(connection);
  const migrating: Migrating = {
    async hasTable(name) {
      const [row] = await connection.rows<{ found: string | null }>(
        "SELECT to_regclass($1) AS found",
        `"${database.schema}"."${name}"`,
      );
      return row?.found !== null;
    },
    execute(sql) {
      return connection.execute(sql);
    },
    async version() {
      const [row] = await connection.rows<{ version: number | null }>(
        "SELECT CAST(max(version) AS bigint) AS version FROM migrations",
      );
      return row?.version ?? 0;
    },
    async record(version, name) {
      await connection.change("INSERT INTO migrations (version, name) VALUES ($1, $2)", version, name);
    },
  };
  await lock(connection, "migrations", 0, "exclusive");
  const [row] = await connection.rows<{ found: string | null }>("SELECT to_regnamespace($1) AS found", database.schema);
  if (row?.found === null) await connection.execute(`CREATE SCHEMA "${database.schema}"`);
  await migrate(migrating, migrations);
}
