// The store on SQLite: one connection, whose transactions follow one another. Each is BEGIN IMMEDIATE … COMMIT, with
// the log (WAL) and synchronous=FULL: what is committed is on disk, and nothing else is. Several processes may open one
// file; they wait for one another.

import { setImmediate as nextTurn } from "node:timers/promises";
import { type Migrating, type Migration, migrate } from "../migrations.js";
import { Operations } from "../operations.js";
import { sharedQueries } from "../queries/shared.js";
import type { Store, Transaction } from "../store.js";
import { bucketQueries } from "./buckets.js";
import { Database, SqliteSql } from "./database.js";
import { replayKeyQueries } from "./replay-keys.js";
import { reportQueries } from "./reports.js";
import { MIGRATIONS } from "./schema.js";

/** Of the pages of a file, the part that may be free before any is given back: they are used again. */
const FREE_PART = 1 / 4;
/** Pages that one call of `compact` gives back at most: 16 MiB. */
const COMPACT_PAGES = 4096;

export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #operations: Transaction;
  /** Ends when the transactions that were asked for have ended. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(database: Database) {
    this.#database = database;
    this.#operations = operationsOf(new SqliteSql(database));
  }

  /** @param path a file, or ":memory:" */
  static async open(path: string, migrations: readonly Migration[] = MIGRATIONS): Promise<SqliteStore> {
    const database = await Database.open(path);
    try {
      await migrateFile(database, migrations);
    } catch (error) {
      database.close();
      throw error;
    }
    return new SqliteStore(database);
  }

  run<T>(name: string, body: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#inTurn(name, async () => {
      const operations = new Operations(this.#operations);
      await this.#database.begin();
      try {
        const result = await body(operations.transaction);
        await operations.end();
        this.#database.commit();
        return result;
      } catch (error) {
        await operations.end().catch(() => undefined);
        this.#database.rollback();
        throw error;
      }
    });
  }

  compact(): Promise<boolean> {
    return this.#inTurn("compact", async () => {
      const read = (name: string) =>
        Number(Object.values(this.#database.statement(`PRAGMA ${name}`).get() as Record<string, number>)[0]);
      const most = read("page_count") * FREE_PART;
      if (read("freelist_count") <= Math.max(most, COMPACT_PAGES)) return false;
      await this.#database.begin();
      try {
        this.#database.execute(`PRAGMA incremental_vacuum(${COMPACT_PAGES})`);
        this.#database.commit();
      } catch (error) {
        this.#database.rollback();
        throw error;
      }
      return read("freelist_count") > Math.max(most, COMPACT_PAGES);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#last;
    this.#database.close();
  }

  /** Carries something out when everything that was asked for before has ended. */
  #inTurn<T>(name: string, what: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error(`store: ${name}: the store is closed`));
    const result = this.#last.then(what);
    // SQLite never waits, so that many transactions in a row would keep everything else from its turn.
    this.#last = result.catch(() => undefined).then(() => nextTurn());
    return result;
  }
}

function operationsOf(sql: SqliteSql): Transaction {
  return {
    ...sharedQueries(sql),
    ...reportQueries(sql),
    ...replayKeyQueries(sql),
    ...bucketQueries(sql),
    async lockTask() {
      // BEGIN IMMEDIATE has excluded everyone.
    },
    async addCounters(counters) {
      const add = sql.statement(
        `INSERT INTO counters (task, name, n) VALUES ($1, $2, $3)
         ON CONFLICT (task, name) DO UPDATE SET n = n + excluded.n`,
      );
      for (const { task, name, n } of counters) add.run(task, name, n);
    },
  };
}

/** Brings a file up to date. Refuses one that another program made. */
async function migrateFile(database: Database, migrations: readonly Migration[]): Promise<void> {
  const tables = () =>
    (database.statement("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[]).map(
      ({ name }) => name,
    );
  const migrating: Migrating = {
    async hasTable(name) {
      return tables().includes(name);
    },
    async execute(sql) {
      database.execute(sql);
    },
    async version() {
      const row = database.statement("SELECT max(version) AS version FROM migrations").get();
      return (row as { version: number | null }).version ?? 0;
    },
    async record(version, name) {
      database.statement("INSERT INTO migrations (version, name) VALUES ($1, $2)").run(version, name);
    },
  };
  await database.begin();
  try {
    if (tables().length > 0 && !tables().includes("migrations")) {
      throw new Error("store: expected a file of prio-aggregator, got an SQLite file of another program");
    }
    await migrate(migrating, migrations);
    database.commit();
  } catch (error) {
    database.rollback();
    throw error;
  }
}
