// The connections to PostgreSQL: how their values come and go, and BEGIN … COMMIT. Transactions are READ COMMITTED:
// each statement sees what was committed before it, so that whoever waited for a lock sees what its holder wrote.

import pg from "pg";
import type { Sql, Value } from "../sql.js";
import { BYTEA, INT8 } from "./arrays.js";

/** The oldest server that is taken, as server_version_num. */
const OLDEST = 150_000;
/** Where the tables are, unless the URL has `?schema=`. */
const SCHEMA = "prio_aggregator";
/**
 * What holds in each transaction; it is set there, not on the connection, so that a pooler may stand between. How long
 * one waits for a lock before it is tried again, and how long it may do nothing, in milliseconds. And plans that follow
 * the indexes, whatever statistics say: those of tables that fill and empty within minutes are always wrong, and every
 * query here has the index that it needs.
 */
const SETTINGS = {
  lock_timeout: 30_000,
  idle_in_transaction_session_timeout: 120_000,
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  enable_sort: "off",
  jit: "off",
  plan_cache_mode: "force_generic_plan",
};

/** How long a new connection may take, and a transaction may wait for one that is in use, in milliseconds. */
const CONNECTION_TIMEOUT = 10_000;

/** How values are read; those of other types stay texts. */
const TYPES = {
  getTypeParser(type: number): (text: string) => unknown {
    if (type === INT8) return Number;
    if (type === BYTEA) return bytesOf;
    return String;
  },
};

/** Of `\x…`, as PostgreSQL writes it. */
function bytesOf(text: string): Uint8Array {
  const buffer = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

export class Database {
  readonly schema: string;
  readonly #pool: pg.Pool;
  #begin: string;

  /**
   * Makes no connection yet.
   *
   * @param connections how many at most
   */
  constructor(url: string, connections: number) {
    const { address, schema } = parted(url);
    this.schema = schema;
    this.#pool = new pg.Pool({
      connectionString: address,
      max: connections,
      application_name: "prio-aggregator",
      connectionTimeoutMillis: CONNECTION_TIMEOUT,
      keepAlive: true,
    });
    // A connection that breaks while nobody uses it is replaced by the pool; whoever uses it gets the error of its
    // query.
    this.#pool.on("error", () => undefined);
    this.#pool.on("connect", (client) => client.on("error", () => undefined));
    const settings = Object.entries({ search_path: `"${schema}"`, ...SETTINGS });
    this.#begin = [
      "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
      ...settings.map(([name, value]) => `SET LOCAL ${name} = ${value}`),
    ].join("; ");
  }

  /** Begins a transaction on a connection of its own, which its end gives back. */
  async begin(): Promise<Connection> {
    const client = await this.#pool.connect();
    try {
      await client.query(this.#begin);
    } catch (error) {
      client.release(true);
      throw error;
    }
    return new Connection(client);
  }

  /** Refuses a server that is too old, and sees to it that what is committed is on disk. */
  async check(connection: Connection): Promise<void> {
    const settings = await connection.rows<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('server_version_num', 'server_version', 'synchronous_commit')`,
    );
    const of = (name: string) => settings.find((row) => row.name === name)?.setting ?? "";
    if (Number(of("server_version_num")) < OLDEST) {
      throw new Error(`store: expected PostgreSQL ${OLDEST / 10_000} or later, got ${of("server_version")}`);
    }
    // Whatever the operator set for the database.
    if (of("synchronous_commit") === "off") this.#begin += "; SET LOCAL synchronous_commit = on";
  }

  /** Waits for connections that are in use. */
  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/** The address for pg, and the schema. */
function parted(url: string): { address: string; schema: string } {
  // Its own error would carry the URL, and in it the password.
  if (!URL.canParse(url)) throw new Error("store: expected postgres://USER:PASSWORD@HOST/DATABASE");
  const parsed = new URL(url);
  const schema = parsed.searchParams.get("schema") ?? SCHEMA;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new Error("store: expected a schema of letters a to z, digits and underscores, up to 63");
  }
  parsed.searchParams.delete("schema");
  return { address: parsed.href, schema };
}

/** Arrays come in the binary format (arrays.ts), but for those of texts. */
type Parameter = Value | Buffer | readonly string[];

/** One transaction, on one connection. */
export class Connection implements Sql {
  readonly forUpdate = "FOR UPDATE";
  readonly forUpdateSkipLocked = "FOR UPDATE SKIP LOCKED";
  readonly #client: pg.PoolClient;

  constructor(client: pg.PoolClient) {
    this.#client = client;
  }

  async rows<Row>(text: string, ...values: readonly Parameter[]): Promise<Row[]> {
    return (await this.#query(text, values)).rows;
  }

  async change(text: string, ...values: readonly Parameter[]): Promise<number> {
    return (await this.#query(text, values)).rowCount ?? 0;
  }

  /** Several statements without parameters. */
  async execute(sql: string): Promise<void> {
    await this.#client.query(sql);
  }

  /** Ends it: what was done is on disk when this resolves. Throws if PostgreSQL took it back instead. */
  async commit(): Promise<void> {
    const command = await this.#end("COMMIT");
    if (command !== "COMMIT") throw new Error("store: PostgreSQL has not committed a transaction");
  }

  /** Ends it: nothing of it is left. Never throws: where the connection broke, the server takes it back by itself. */
  async rollback(): Promise<void> {
    await this.#end("ROLLBACK").catch(() => undefined);
  }

  /** Gives the connection back, or closes it where that fails. */
  async #end(statement: string): Promise<string> {
    try {
      const { command } = await this.#client.query(statement);
      this.#client.release();
      return command;
    } catch (error) {
      this.#client.release(true);
      throw error;
    }
  }

  #query(text: string, values: readonly Parameter[]): Promise<pg.QueryResult> {
    return this.#client.query({ name: nameOf(text), text, values: [...values], types: TYPES });
  }
}

/** Names of prepared statements. There are as many as the queries have forms, a few dozen. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const name = names.get(text) ?? `prio_${names.size}`;
  names.set(text, name);
  return name;
}
