// The tables in PostgreSQL.
//
// `reports` and `replay_keys` are partitioned by a hash of the report's id. The record of replays must be one for all
// times, so that its partitions cannot be days of arrival; and hash partitions are made once: no partition is missing
// at midnight, nobody needs rights to make tables, and vacuuming and indexes are in parts that fit in memory. What is
// forgotten is deleted in small steps.

import type { Migration } from "../migrations.js";

const PARTS = 8;

/** All the partitions of a table, with settings of their own. */
function partitions(table: string, settings: Readonly<Record<string, number>>): string {
  const all = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return Array.from(
    { length: PARTS },
    (_, i) =>
      `CREATE TABLE ${table}_${i} PARTITION OF ${table} FOR VALUES WITH (MODULUS ${PARTS}, REMAINDER ${i})
         WITH (${all.join(", ")});`,
  ).join("\n");
}

/**
 * Reports come and go within minutes: vacuumed by the number that went, not by their part of a table that is now empty,
 * and without pauses.
 */
const BUSY = {
  autovacuum_vacuum_scale_factor: 0,
  autovacuum_vacuum_threshold: 5000,
  autovacuum_vacuum_insert_scale_factor: 0,
  autovacuum_vacuum_insert_threshold: 50_000,
  autovacuum_analyze_scale_factor: 0,
  autovacuum_analyze_threshold: 20_000,
  autovacuum_vacuum_cost_delay: 0,
  "toast.autovacuum_vacuum_scale_factor": 0,
  "toast.autovacuum_vacuum_threshold": 10_000,
  "toast.autovacuum_vacuum_cost_delay": 0,
};

/** Keys stay for months, and go from the oldest on. */
const LASTING = {
  autovacuum_vacuum_scale_factor: 0.02,
  autovacuum_vacuum_insert_scale_factor: 0.1,
  autovacuum_analyze_scale_factor: 0.05,
};

/** Few rows that change often. */
const CHANGING = `WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0)`;

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "tables",
    sql: `
      CREATE TABLE tasks (
        key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id bytea NOT NULL UNIQUE,
        role text NOT NULL,
        document text NOT NULL,
        settings text NOT NULL,
        secrets bytea NOT NULL,
        state text NOT NULL,
        created_at bigint NOT NULL
      );

      CREATE TABLE hpke_keys (
        id bigint PRIMARY KEY,
        state text NOT NULL,
        sealed bytea NOT NULL,
        created_at bigint NOT NULL,
        changed_at bigint NOT NULL
      );

      -- Reports that wait, and those of jobs that did not end.
      CREATE TABLE reports (
        task bigint NOT NULL,
        time bigint NOT NULL,
        at bigint NOT NULL,
        id bytea NOT NULL,
        job bytea,
        content bytea NOT NULL,
        PRIMARY KEY (task, id)
      ) PARTITION BY HASH (id);
      -- Encrypted bytes cannot be compressed.
      ALTER TABLE reports ALTER COLUMN content SET STORAGE EXTERNAL;
      ${partitions("reports", BUSY)}
      CREATE INDEX reports_waiting ON reports (task, time, id) WHERE job IS NULL;
      CREATE INDEX reports_by_job ON reports (task, job) WHERE job IS NOT NULL;

      CREATE TABLE replay_keys (
        task bigint NOT NULL,
        time bigint NOT NULL,
        id bytea NOT NULL,
        PRIMARY KEY (task, id)
      ) PARTITION BY HASH (id);
      ${partitions("replay_keys", LASTING)}
      CREATE INDEX replay_keys_by_time ON replay_keys (task, time);
      CREATE TABLE replay_horizons (
        task bigint PRIMARY KEY,
        before bigint NOT NULL
      );

      CREATE TABLE jobs (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        task bigint NOT NULL,
        kind text NOT NULL,
        id bytea NOT NULL,
        state text NOT NULL,
        ended bigint NOT NULL,
        step bigint NOT NULL,
        request_hash bytea,
        detail text NOT NULL,
        from_time bigint,
        to_time bigint,
        batch bytea,
        not_before bigint NOT NULL,
        attempts bigint NOT NULL DEFAULT 0,
        problem text,
        lease_token bytea,
        lease_until bigint NOT NULL DEFAULT 0,
        created_at bigint NOT NULL,
        changed_at bigint NOT NULL,
        UNIQUE (task, kind, id)
      ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
      CREATE INDEX jobs_due ON jobs (kind, not_before) WHERE ended = 0;
      CREATE INDEX jobs_open ON jobs (task, kind, from_time) WHERE ended = 0;
      CREATE INDEX jobs_ended ON jobs (task, changed_at) WHERE ended = 1;
      CREATE INDEX jobs_by_state ON jobs (task, kind, state);
      CREATE TABLE job_messages (
        job bigint PRIMARY KEY,
        request bytea,
        answer bytea
      ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

      CREATE TABLE partials (
        task bigint NOT NULL,
        bucket bytea NOT NULL,
        job bytea NOT NULL,
        count bigint NOT NULL CHECK (count > 0),
        checksum bytea NOT NULL,
        min_time bigint NOT NULL,
        max_time bigint NOT NULL,
        share bytea NOT NULL,
        UNIQUE (task, bucket, job)
      );
      CREATE TABLE collected (
        task bigint NOT NULL,
        from_bucket bytea NOT NULL,
        to_bucket bytea NOT NULL,
        at bigint NOT NULL,
        PRIMARY KEY (task, from_bucket)
      );
      CREATE TABLE open_batches (
        task bigint NOT NULL,
        id bytea NOT NULL,
        assigned bigint NOT NULL,
        created_at bigint NOT NULL,
        PRIMARY KEY (task, id)
      ) ${CHANGING};

      -- Each is the sum of several rows, so that transactions that count do not wait for one another.
      CREATE TABLE counters (
        task bigint NOT NULL,
        name text NOT NULL,
        part bigint NOT NULL,
        n bigint NOT NULL,
        PRIMARY KEY (task, name, part)
      ) ${CHANGING};
      CREATE TABLE results (
        task bigint NOT NULL,
        name text NOT NULL,
        result text NOT NULL,
        at bigint NOT NULL,
        PRIMARY KEY (task, name)
      );
      CREATE TABLE audit (
        seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at bigint NOT NULL,
        what text NOT NULL,
        task bigint
      );`,
  },
  {
    version: 2,
    name: "the order in which reports came",
    sql: `
      DROP INDEX reports_waiting;
      CREATE INDEX reports_waiting ON reports (task, time, at, id) WHERE job IS NULL;`,
  },
];
