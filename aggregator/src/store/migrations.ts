// Numbered migrations, forward only. Each is applied once, in the order of their numbers; all that are missing are one
// transaction, under a lock that each database has in its own way, so that processes may start together.

/** A step from the schema before. Once released, it never changes: what follows is another migration. */
export interface Migration {
  /** 1, 2, 3, … */
  readonly version: number;
  /** What it does, in a few words. */
  readonly name: string;
  /** Statements, separated by semicolons. */
  readonly sql: string;
}

/** What a migration needs of a database, in a transaction under the lock. */
export interface Migrating {
  /** Whether there is a table of this name. */
  hasTable(name: string): Promise<boolean>;
  execute(sql: string): Promise<void>;
  /** The highest version in the table `migrations`, or 0. */
  version(): Promise<number>;
  record(version: number, name: string): Promise<void>;
}

/** Brings the schema up to date. Throws if a later program has changed it. */
export async function migrate(database: Migrating, migrations: readonly Migration[]): Promise<void> {
  if (!(await database.hasTable("migrations"))) {
    await database.execute("CREATE TABLE migrations (version integer PRIMARY KEY, name text NOT NULL)");
  }
  const version = await database.version();
  const latest = migrations.at(-1)?.version ?? 0;
  if (version > latest) {
    throw new Error(
      `expected a schema of version ${latest} or earlier, got ${version}: a later prio-aggregator has changed it`,
    );
  }
  for (const migration of migrations.slice(version)) {
    await database.execute(migration.sql);
    await database.record(migration.version, migration.name);
  }
}
