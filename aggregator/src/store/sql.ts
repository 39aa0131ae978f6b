// What both databases are to the queries that read the same in SQLite and PostgreSQL: statements with $1, $2, …, and
// rows. Where the two differ (bulk work, locks), each has queries of its own.

/** What a column has. Numbers are safe integers. */
export type Value = number | string | Uint8Array | null;

/** One transaction of one database. Every call throws once the transaction has ended. */
export interface Sql {
  /** The rows of a statement, each with the columns' names as they stand in it. */
  rows<Row>(text: string, ...values: readonly Value[]): Promise<Row[]>;
  /** How many rows a statement changed. */
  change(text: string, ...values: readonly Value[]): Promise<number>;
  /** Ends a SELECT whose rows are held until the transaction ends; empty where transactions exclude one another. */
  readonly forUpdate: string;
  /** The same, and rows that another transaction holds are left out. */
  readonly forUpdateSkipLocked: string;
}

/** `$1, $2, …`, as many as there are values, after those that stand before. */
export function placeholders(count: number, before = 0): string {
  return Array.from({ length: count }, (_, i) => `$${before + i + 1}`).join(", ");
}

/** `column = $1, …` for what is given in a change, and its values. */
export function assignments(
  columns: Readonly<Record<string, Value | undefined>>,
  before = 0,
): { text: string; values: Value[] } {
  const given = Object.entries(columns).filter((entry): entry is [string, Value] => entry[1] !== undefined);
  const text = given.map(([column], i) => `${column} = $${before + i + 1}`).join(", ");
  return { text, values: given.map(([, value]) => value) };
}
