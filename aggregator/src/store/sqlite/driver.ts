// SQLite itself: the module of Node where there is one (22.13 and later), else the same interface from a package. Both
// have SQLite in them; nothing is installed on the machine.

/** A prepared statement. Parameters are ?1, ?2, … */
export interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number | bigint };
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
}

/** An open file. Everything is synchronous. */
export interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Sqlite {
  readonly DatabaseSync: new (path: string) => Connection;
}

/** Node's module, without the warning that it is new; undefined where there is none. */
function builtIn(): Sqlite | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule("node:sqlite") as unknown as Sqlite | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

// The package is not even loaded where it is not needed: it has binaries for fewer machines than Node runs on.
const { DatabaseSync } = builtIn() ?? ((await import("@photostructure/sqlite")) as unknown as Sqlite);

export function connect(path: string): Connection {
  return new DatabaseSync(path);
}

/** Whether an error says that another process holds the file: SQLITE_BUSY, in any of its variants. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && (Number(error.errcode) & 0xff) === 5;
}
