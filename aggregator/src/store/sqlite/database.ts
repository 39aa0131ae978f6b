// One SQLite file: how it is opened, its prepared statements, and BEGIN … COMMIT. Several processes may open it.

import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql, Value } from "../sql.js";
import { type Connection, connect, isBusy, type Statement } from "./driver.js";

/** How long SQLite itself waits for another process, which stops everything in this one, in milliseconds. */
const BUSY_TIMEOUT = 20;
/** How long we wait for another process, without stopping anything, in milliseconds. */
const PATIENCE = 60_000;
/** The wait between two tries is up to this, in milliseconds. */
const PAUSE = 20;

/** Pages of 4096 bytes in the log after which SQLite moves them into the file. */
const CHECKPOINT_PAGES = 4000;
/** What the log may keep on disk after that, in bytes. */
const LOG_BYTES = 64 << 20;
/** Pages of the file that are kept in memory, in KiB. */
const CACHE_KIB = 64 << 10;

/** Statements that are kept prepared. The queries have fewer; only changes of jobs come in many forms. */
const MOST_STATEMENTS = 500;

export class Database {
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement>();

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @param path a file, which is made where there is none, or ":memory:" */
  static async open(path: string): Promise<Database> {
    // What is in it is for the operator alone. SQLite gives its other files the mode of the first.
    if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
    const connection = connect(path);
    try {
      connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
      await whenFree(() => {
        // Space is given back by PRAGMA incremental_vacuum; this must come before the first table.
        connection.exec("PRAGMA auto_vacuum = INCREMENTAL");
        connection.exec("PRAGMA journal_mode = WAL");
      });
      connection.exec("PRAGMA synchronous = FULL");
      connection.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      connection.exec(`PRAGMA journal_size_limit = ${LOG_BYTES}`);
      connection.exec(`PRAGMA cache_size = -${CACHE_KIB}`);
    } catch (error) {
      connection.close();
      throw error;
    }
    return new Database(connection);
  }

  /** A prepared statement, kept for the next time. The text has $1, $2, … */
  statement(text: string): Statement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    if (this.#statements.size >= MOST_STATEMENTS) this.#statements.clear();
    const statement = this.#connection.prepare(text.replaceAll(/\$(\d+)/g, "?$1"));
    this.#statements.set(text, statement);
    return statement;
  }

  /** Several statements without parameters. */
  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /** Begins a transaction that excludes all others, of other processes too. Waits for them. */
  async begin(): Promise<void> {
    await whenFree(() => this.#connection.exec("BEGIN IMMEDIATE"));
  }

  /** What was done since `begin` is on disk when this returns. */
  commit(): void {
    this.#connection.exec("COMMIT");
  }

  rollback(): void {
    try {
      this.#connection.exec("ROLLBACK");
    } catch {
      // SQLite has already taken everything back: a full disk does that.
    }
  }

  close(): void {
    try {
      // On Node 20 the connection lives on until its statements are collected, and would leave the log as it is.
      this.#connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // A full disk, perhaps. Whoever opens the file next reads the log.
    }
    this.#statements.clear();
    this.#connection.close();
  }
}

/** The database as the queries see it. */
export class SqliteSql implements Sql {
  readonly forUpdate = "";
  readonly forUpdateSkipLocked = "";
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** For bulk work: a statement that is carried out once a row, without a promise each. */
  statement(text: string): Statement {
    return this.#database.statement(text);
  }

  async rows<Row>(text: string, ...values: readonly Value[]): Promise<Row[]> {
    return this.statement(text).all(...values) as Row[];
  }

  async change(text: string, ...values: readonly Value[]): Promise<number> {
    return Number(this.statement(text).run(...values).changes);
  }
}

/** Tries something until no other process is in its way. */
async function whenFree(attempt: () => void): Promise<void> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > end) {
        throw new Error(`store: another process has held the SQLite file for ${PATIENCE / 1000} s`, { cause: error });
      }
    }
    await sleep(Math.random() * PAUSE);
  }
}
