// Jobs and their leases. Requests and answers have a table of their own, because SQLite writes the whole of a row that
// changes, and a lease changes often.

import { randomBytes } from "node:crypto";
import { assignments, placeholders, type Sql, type Value } from "../sql.js";
import {
  ENDED,
  type JobKind,
  type JobName,
  type JobRow,
  type JobSummary,
  LeaseLost,
  type TimeRange,
  type Transaction,
} from "../store.js";

type JobQueries = Pick<
  Transaction,
  | "insertJob"
  | "job"
  | "lockJob"
  | "acquireJobs"
  | "renewLease"
  | "updateJob"
  | "countOpenJobs"
  | "jobs"
  | "jobStates"
  | "forgetJobs"
>;

const SUMMARY = `j.task, j.kind, j.id, j.state, j.step, j.request_hash AS "requestHash", j.detail,
  j.from_time AS "fromTime", j.to_time AS "toTime", j.batch, j.not_before AS "notBefore", j.attempts, j.problem,
  j.created_at AS "createdAt", j.changed_at AS "changedAt"`;
const WHOLE = `SELECT ${SUMMARY}, m.request, m.answer FROM jobs AS j LEFT JOIN job_messages AS m ON m.job = j.seq`;

/** A row as these queries give it. */
type Flat<T> = Omit<T, "times"> & { readonly fromTime: number | null; readonly toTime: number | null };

/** With its range of times put together. */
function shaped<T extends { readonly times: TimeRange | null }>({ fromTime, toTime, ...rest }: Flat<T>): T {
  const times = fromTime === null || toTime === null ? null : { from: fromTime, to: toTime };
  return { ...rest, times } as unknown as T;
}

const isEnded = (state: string): number => Number(ENDED.includes(state));

export function jobQueries(sql: Sql): JobQueries {
  const read = async (name: JobName, end = ""): Promise<JobRow | null> => {
    const [row] = await sql.rows<Flat<JobRow>>(
      `${WHOLE} WHERE j.task = $1 AND j.kind = $2 AND j.id = $3 ${end}`,
      ...[name.task, name.kind, name.id],
    );
    return row === undefined ? null : shaped<JobRow>(row);
  };

  const putMessages = async (job: number, messages: { request?: Uint8Array | null; answer?: Uint8Array | null }) => {
    const given = assignments(messages, 1);
    if (given.values.length === 0) return;
    await sql.change(
      `INSERT INTO job_messages (job, ${Object.keys(messages).join(", ")})
       VALUES ($1, ${placeholders(given.values.length, 1)}) ON CONFLICT (job) DO UPDATE SET ${given.text}`,
      ...[job, ...given.values],
    );
  };

  return {
    async insertJob({ times, request, answer, ...job }, at) {
      const [row] = await sql.rows<{ seq: number }>(
        `INSERT INTO jobs (task, kind, id, state, ended, step, request_hash, detail, from_time, to_time, batch,
           not_before, created_at, changed_at)
         VALUES (${placeholders(14)}) ON CONFLICT (task, kind, id) DO NOTHING RETURNING seq`,
        ...[job.task, job.kind, job.id, job.state, isEnded(job.state), job.step, job.requestHash, job.detail],
        ...[times?.from ?? null, times?.to ?? null, job.batch, job.notBefore, at, at],
      );
      if (row === undefined) return false;
      if (request !== null || answer !== null) await putMessages(row.seq, { request, answer });
      return true;
    },

    job(task, kind, id) {
      return read({ task, kind, id });
    },

    async lockJob(task, kind, id) {
      // The job first and its messages then: they may change while this waits for whoever holds the job.
      const held = await sql.rows(
        `SELECT seq FROM jobs WHERE task = $1 AND kind = $2 AND id = $3 ${sql.forUpdate}`,
        ...[task, kind, id],
      );
      return held.length === 0 ? null : read({ task, kind, id });
    },

    async acquireJobs(kinds, limit, at, until) {
      if (kinds.length === 0 || limit <= 0) return [];
      const token = new Uint8Array(randomBytes(16));
      const taken = await sql.rows<{ seq: number }>(
        `WITH due AS MATERIALIZED (
           SELECT seq FROM jobs
           WHERE ended = 0 AND not_before <= $3 AND lease_until <= $3 AND kind IN (${placeholders(kinds.length, 4)})
           ORDER BY not_before, seq LIMIT $4 ${sql.forUpdateSkipLocked})
         UPDATE jobs SET lease_token = $1, lease_until = $2 FROM due WHERE jobs.seq = due.seq RETURNING jobs.seq`,
        ...[token, until, at, limit, ...kinds],
      );
      if (taken.length === 0) return [];
      const rows = await sql.rows<Flat<JobRow>>(
        `${WHOLE} WHERE j.seq IN (${placeholders(taken.length)}) ORDER BY j.not_before, j.seq`,
        ...taken.map(({ seq }) => seq),
      );
      return rows.map((row) => {
        const job = shaped<JobRow>(row);
        return { ...job, lease: { task: job.task, kind: job.kind, id: job.id, token } };
      });
    },

    async renewLease({ task, kind, id, token }, until) {
      const renewed = await sql.change(
        "UPDATE jobs SET lease_until = $5 WHERE task = $1 AND kind = $2 AND id = $3 AND lease_token = $4",
        ...[task, kind, id, token, until],
      );
      return renewed === 1;
    },

    async updateJob({ task, kind, id }, { times, request, answer, ...change }, at, holder) {
      const isGivenBack = holder === undefined ? change.state !== undefined : holder.release;
      const columns: Record<string, Value | undefined> = {
        state: change.state,
        ended: change.state === undefined ? undefined : isEnded(change.state),
        step: change.step,
        request_hash: change.requestHash,
        detail: change.detail,
        from_time: times === undefined ? undefined : (times?.from ?? null),
        to_time: times === undefined ? undefined : (times?.to ?? null),
        batch: change.batch,
        not_before: change.notBefore,
        attempts: change.attempts,
        problem: change.problem,
        changed_at: at,
        ...(isGivenBack ? { lease_token: null, lease_until: 0 } : {}),
      };
      const name: Value[] = holder === undefined ? [task, kind, id] : [task, kind, id, holder.lease.token];
      const { text, values } = assignments(columns, name.length);
      const isHeld = holder === undefined ? "" : "AND lease_token = $4";
      const [row] = await sql.rows<{ seq: number }>(
        `UPDATE jobs SET ${text} WHERE task = $1 AND kind = $2 AND id = $3 ${isHeld} RETURNING seq`,
        ...[...name, ...values],
      );
      if (row === undefined) {
        if (holder !== undefined) throw new LeaseLost();
        throw new Error("store: a job that changes is not there");
      }
      await putMessages(row.seq, {
        ...(request === undefined ? {} : { request }),
        ...(answer === undefined ? {} : { answer }),
      });
    },

    async countOpenJobs(task, kind, { times, batch, state }) {
      const conditions = ["task = $1", "kind = $2", "ended = 0"];
      const values: Value[] = [task, kind];
      if (times !== undefined) {
        values.push(times.from, times.to);
        conditions.push("to_time > $3", "from_time < $4");
      }
      if (batch !== undefined) {
        values.push(batch);
        conditions.push(`batch = $${values.length}`);
      }
      if (state !== undefined) {
        values.push(state);
        conditions.push(`state = $${values.length}`);
      }
      const [row] = await sql.rows<{ n: number }>(
        `SELECT count(*) AS n FROM jobs WHERE ${conditions.join(" AND ")}`,
        ...values,
      );
      return row?.n ?? 0;
    },

    async jobs(task, kind, limit) {
      const rows = await sql.rows<Flat<JobSummary>>(
        `SELECT ${SUMMARY} FROM jobs AS j WHERE j.task = $1 AND j.kind = $2 ORDER BY j.seq DESC LIMIT $3`,
        ...[task, kind, limit],
      );
      return rows.map((row) => shaped<JobSummary>(row));
    },

    jobStates(task) {
      return sql.rows<{ kind: JobKind; state: string; count: number }>(
        `SELECT kind, state, count(*) AS count FROM jobs WHERE task = $1 GROUP BY kind, state ORDER BY kind, state`,
        task,
      );
    },

    async forgetJobs(task, before, limit) {
      const gone = await sql.rows<{ seq: number }>(
        `DELETE FROM jobs WHERE seq IN (
           SELECT seq FROM jobs
           WHERE task = $1 AND ended = 1 AND changed_at < $2
             AND (kind IN ('aggregate', 'verify') OR (kind = 'collect' AND state = 'deleted'))
           ORDER BY changed_at LIMIT $3 ${sql.forUpdateSkipLocked}) RETURNING seq`,
        ...[task, before, limit],
      );
      const seqs = gone.map(({ seq }) => seq);
      for (let i = 0; i < seqs.length; i += MOST_PLACEHOLDERS) {
        const some = seqs.slice(i, i + MOST_PLACEHOLDERS);
        await sql.change(`DELETE FROM job_messages WHERE job IN (${placeholders(some.length)})`, ...some);
      }
      return seqs.length;
    },
  };
}

/** Both databases take more; there is no gain in longer statements. */
const MOST_PLACEHOLDERS = 100;
