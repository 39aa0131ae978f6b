// The tables in SQLite. Whatever comes in masses lies in the order in which it came. An index by random identifiers has
// nothing else in it: SQLite writes whole pages, and of such an index one for each report.

import type { Migration } from "../migrations.js";

export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: "tables",
    sql: `
      CREATE TABLE tasks (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE,
        role TEXT NOT NULL,
        document TEXT NOT NULL,
        settings TEXT NOT NULL,
        secrets BLOB NOT NULL,
        state TEXT NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE hpke_keys (
        id INTEGER PRIMARY KEY,
        state TEXT NOT NULL,
        sealed BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL
      ) STRICT;

      -- Reports that wait, and those of jobs that did not end. What a client sent is in report_contents.
      CREATE TABLE reports (
        task INTEGER NOT NULL,
        id BLOB NOT NULL,
        time INTEGER NOT NULL,
        at INTEGER NOT NULL,
        job BLOB,
        seq INTEGER NOT NULL,
        PRIMARY KEY (task, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX reports_by_job ON reports (task, job, time, id, at, seq);
      CREATE TABLE report_contents (
        seq INTEGER PRIMARY KEY,
        content BLOB NOT NULL
      ) STRICT;

      CREATE TABLE replay_keys (
        task INTEGER NOT NULL,
        id BLOB NOT NULL,
        time INTEGER NOT NULL,
        PRIMARY KEY (task, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX replay_keys_by_time ON replay_keys (task, time);
      CREATE TABLE replay_horizons (
        task INTEGER PRIMARY KEY,
        before INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        task INTEGER NOT NULL,
        kind TEXT NOT NULL,
        id BLOB NOT NULL,
        state TEXT NOT NULL,
        ended INTEGER NOT NULL,
        step INTEGER NOT NULL,
        request_hash BLOB,
        detail TEXT NOT NULL,
        from_time INTEGER,
        to_time INTEGER,
        batch BLOB,
        not_before INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        problem TEXT,
        lease_token BLOB,
        lease_until INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        UNIQUE (task, kind, id)
      ) STRICT;
      CREATE INDEX jobs_due ON jobs (kind, not_before, lease_until) WHERE ended = 0;
      CREATE INDEX jobs_open ON jobs (task, kind, from_time) WHERE ended = 0;
      CREATE INDEX jobs_ended ON jobs (task, changed_at) WHERE ended = 1;
      CREATE INDEX jobs_by_state ON jobs (task, kind, state);
      CREATE TABLE job_messages (
        job INTEGER PRIMARY KEY,
        request BLOB,
        answer BLOB
      ) STRICT;

      CREATE TABLE partials (
        task INTEGER NOT NULL,
        bucket BLOB NOT NULL,
        job BLOB NOT NULL,
        count INTEGER NOT NULL CHECK (count > 0),
        checksum BLOB NOT NULL,
        min_time INTEGER NOT NULL,
        max_time INTEGER NOT NULL,
        share BLOB NOT NULL,
        UNIQUE (task, bucket, job)
      ) STRICT;
      CREATE TABLE collected (
        task INTEGER NOT NULL,
        from_bucket BLOB NOT NULL,
        to_bucket BLOB NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (task, from_bucket)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE open_batches (
        task INTEGER NOT NULL,
        id BLOB NOT NULL,
        assigned INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (task, id)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE counters (
        task INTEGER NOT NULL,
        name TEXT NOT NULL,
        n INTEGER NOT NULL,
        PRIMARY KEY (task, name)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE results (
        task INTEGER NOT NULL,
        name TEXT NOT NULL,
        result TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (task, name)
      ) STRICT;
      CREATE TABLE audit (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        task INTEGER
      ) STRICT;`,
  },
  {
    version: 2,
    name: "the order in which reports came",
    sql: `
      ALTER TABLE reports RENAME TO old_reports;
      DROP INDEX reports_by_job;
      CREATE TABLE reports (
        seq INTEGER PRIMARY KEY,
        task INTEGER NOT NULL,
        id BLOB NOT NULL,
        time INTEGER NOT NULL,
        at INTEGER NOT NULL,
        job BLOB
      ) STRICT;
      INSERT INTO reports (seq, task, id, time, at, job)
        SELECT seq, task, id, time, at, job FROM old_reports ORDER BY seq;
      CREATE UNIQUE INDEX reports_by_id ON reports (task, id);
      CREATE INDEX reports_by_job ON reports (task, job, time, at);
      DROP TABLE old_reports;

      ALTER TABLE replay_keys RENAME TO old_replay_keys;
      DROP INDEX replay_keys_by_time;
      CREATE TABLE replay_keys (
        task INTEGER NOT NULL,
        time INTEGER NOT NULL,
        id BLOB NOT NULL
      ) STRICT;
      INSERT INTO replay_keys (task, time, id) SELECT task, time, id FROM old_replay_keys ORDER BY time;
      CREATE UNIQUE INDEX replay_keys_by_id ON replay_keys (task, id);
      CREATE INDEX replay_keys_by_time ON replay_keys (task, time);
      DROP TABLE old_replay_keys;`,
  },
];
