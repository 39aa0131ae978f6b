// `prio collect`: gets a batch's result from the aggregators of a DAP task.

import { createSecureContext } from "node:tls";
import {
  type Collected,
  type CollectionJobState,
  type CollectionQuery,
  DapCollector,
  DapError,
  DapTask,
  type Fetch,
  vdafFromJSON,
} from "../dap/index.js";
import { Failure, systemFailure } from "../files/failure.js";
import { readSmallFile } from "../files/small-file.js";
import { PrioError } from "../index.js";
import { certificateFetch } from "./certificate-fetch.js";
import { type CollectedNoise, collectedNoise } from "./collected-noise.js";
import { queryFrom } from "./collection-query.js";
import { COLLECTION_FORMATS, type CollectionResult, writeCollection } from "./collection-result.js";
import { readState, removeState, writeState } from "./collection-state.js";
import { WaitLine } from "./collection-wait.js";
import { readCollectorKey } from "./collector-key.js";
import { requireDistinctPaths } from "./distinct-paths.js";
import { EXIT, usageFailure } from "./exit.js";
import { Interrupted } from "./io.js";
import { parseOption, requireNoDash } from "./options.js";
import type { Run } from "./run.js";
import { readSecretFile } from "./secret-file.js";
import { readLabels } from "./table.js";

/** Far more than a task's document has, in bytes. */
const MAX_TASK = 1_048_576;

type Result = bigint | readonly bigint[];

/** What is collected, from whom, and where it goes. */
interface Collection {
  readonly collector: DapCollector<Result>;
  readonly task: DapTask;
  readonly noise: CollectedNoise | null;
  readonly start: CollectionJobState;
  /** The interval that was asked for; null for the leader's choice. */
  readonly interval: { readonly start: Date; readonly end: Date } | null;
  readonly state: string | undefined;
}

export async function collect(run: Run): Promise<number> {
  const { options, reporter } = run;
  options.require("task", "private-key-file");
  requireNoDash(options, "task", "private-key-file", "token-file", "labels", "state", "tls-cert", "tls-key", "tls-ca");
  const format = options.choice("format", COLLECTION_FORMATS) ?? "table";
  const path = options.given("output") ?? "-";
  const state = options.given("state");
  requireDistinctPaths(run, [
    { option: "output", path },
    ...(state === undefined ? [] : [{ option: "state", path: state }]),
  ]);
  const collection = collectionFrom(run, state);
  const { task, noise, interval } = collection;
  reporter.know(task.idText);
  const { collected, job } = await wait(run, collection);
  const totals = typeof collected.result === "bigint" ? [collected.result] : collected.result;
  const labels = options.text("labels") === undefined && totals.length === 1 ? ["total"] : labelsFrom(run, totals);
  const result: CollectionResult = {
    task,
    ...(interval ?? collected),
    job: interval === null ? job : null,
    reports: collected.reportCount,
    totals,
    labels,
    noise,
  };
  await writeCollection(run, result, format, path);
  // Only now is the result safe. A run that ends before this line gets the same result again.
  if (state !== undefined) removeState(state);
  return EXIT.done;
}

function labelsFrom({ options }: Run, totals: readonly bigint[]): string[] {
  return readLabels(options.text("labels"), totals.length);
}

function collectionFrom(run: Run, statePath: string | undefined): Collection {
  const { options } = run;
  const task = readTask(options.required("task"));
  const keyPath = options.required("private-key-file");
  const keyPair = readCollectorKey(keyPath);
  const vdaf = parseOption("task", () => vdafFromJSON(task.vdaf));
  const noise = collectedNoise(options.texts("noise"), vdaf.sensitivity);
  const token = tokenFrom(run);
  let collector: DapCollector<Result>;
  try {
    collector = new DapCollector<Result>({
      task,
      vdaf,
      keyPair,
      noise: noise !== null,
      ...tlsFrom(run, task),
      ...(token === undefined ? {} : { token }),
    });
  } catch (error) {
    if (!(error instanceof PrioError) || error.code !== "mismatch") throw error;
    throw usageFailure(`${keyPath}: its key is not the one whose public key is in the task's document`);
  }
  warnWithoutTls(run, task);
  const { start, interval } = jobFrom(run, collector, statePath);
  return { collector, task, noise, start, interval, state: statePath };
}

/** The task's document. What an operator alone has besides is passed over: `role` and what comes with it. */
function readTask(path: string): DapTask {
  try {
    const bytes = readSmallFile(path, MAX_TASK);
    if (bytes === null) throw usageFailure(`${path}: expected a task's document, got more than ${MAX_TASK} bytes`);
    return DapTask.fromJSON(JSON.parse(bytes.toString("utf8")));
  } catch (error) {
    if (error instanceof SyntaxError) throw usageFailure(`${path}: expected a task's document, as JSON`);
    if (error instanceof PrioError) throw usageFailure(`${path}: ${error.message}`);
    throw systemFailure(error, `cannot read ${path}`);
  }
}

/** The bearer token: of a file, or of the environment. It is never an option, which every user of the machine sees. */
function tokenFrom({ options, io }: Run): string | undefined {
  const path = options.text("token-file");
  const text = path === undefined ? io.env["COLLECTOR_TOKEN"] : readSecretFile(path, "collector's token");
  if (text === undefined || text === "") return undefined;
  // RFC 6750, section 2.1.
  if (/^[A-Za-z0-9._~+/-]+=*$/.test(text)) return text;
  throw usageFailure(`${path ?? "COLLECTOR_TOKEN"}: expected a bearer token: one line of letters, digits and -._~+/`);
}

/** A fetch with the certificate of the options; Node's own where there are none. */
function tlsFrom({ options }: Run, { leader }: DapTask): { fetch?: Fetch } {
  const [cert, key, ca] = ["tls-cert", "tls-key", "tls-ca"].map((name) => options.given(name));
  if (cert === undefined && key === undefined && ca === undefined) return {};
  if ((cert === undefined) !== (key === undefined)) {
    throw usageFailure("--tls-cert and --tls-key belong together: expected both, got one of them");
  }
  if (!leader.startsWith("https:"))
    throw usageFailure("--tls-cert, --tls-key and --tls-ca are for a leader with https");
  const files = {
    ...(cert === undefined ? {} : { cert: readPem(cert) }),
    ...(key === undefined ? {} : { key: readSecretFile(key, "certificate's key") }),
    ...(ca === undefined ? {} : { ca: readPem(ca) }),
  };
  try {
    createSecureContext(files);
  } catch {
    // What OpenSSL says of it is for nobody, and may have a part of the file in it.
    throw new Failure("--tls-cert, --tls-key, --tls-ca: expected certificates and their key as PEM");
  }
  return { fetch: certificateFetch(files) };
}

function readPem(path: string): string {
  try {
    return readSmallFile(path, MAX_TASK)?.toString("utf8") ?? "";
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}

function warnWithoutTls({ reporter }: Run, { leader }: DapTask): void {
  const { protocol, hostname } = new URL(leader);
  const isLocal = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
  if (protocol === "http:" && !isLocal) reporter.warn("the leader's URL is not https: others can read the token");
}

/** Where to go on: with the state in the file, or with a new job. */
function jobFrom(
  { options, reporter }: Run,
  collector: DapCollector<Result>,
  path: string | undefined,
): Pick<Collection, "start" | "interval"> {
  const query = queryFrom(options);
  const kept = path === undefined ? undefined : readState(path);
  if (query === undefined && kept === undefined) {
    throw usageFailure("missing option --date, --start and --end, or --next-batch", "they say which batch to collect");
  }
  if (query === "next-batch" && path === undefined) {
    throw usageFailure(
      "--next-batch needs --state",
      "the leader gives each batch away once: with the file, an interrupted run gets its batch again",
    );
  }
  const interval = query === undefined || query === "next-batch" ? null : intervalOf(query);
  const fresh = query === undefined ? undefined : jobOf(collector, query);
  if (interval !== null && interval.end.getTime() > Date.now()) {
    reporter.warn("the interval is not over: its reports that come after the result are never counted");
  }
  if (kept === undefined) return { start: fresh as CollectionJobState, interval };
  if (kept.task !== collector.task.idText || (fresh !== undefined && fresh.request !== kept.request)) {
    throw usageFailure(
      `${path}: it is the state of another ${kept.task === collector.task.idText ? "batch" : "task"}`,
      "finish that collection with its own options, or name another file",
    );
  }
  reporter.info(`going on with the collection of ${path}`);
  return { start: kept, interval };
}

function intervalOf({ start, end }: Exclude<CollectionQuery, string>): { start: Date; end: Date } {
  return { start: new Date(start), end: new Date(end) };
}

/** The job of a query. A query that the task cannot answer is a usage failure. */
function jobOf(collector: DapCollector<Result>, query: CollectionQuery): CollectionJobState {
  try {
    return collector.job(query);
  } catch (error) {
    if (!(error instanceof PrioError)) throw error;
    const hint = error.code === "mismatch" && query === "next-batch" ? "give --date, or --start and --end" : undefined;
    throw usageFailure(error.message, error.code === "mismatch" ? (hint ?? "give --next-batch") : undefined);
  }
}

/** Waits for the result, and shows that it does. Returns it with the id of its job, if the leader gave it one. */
async function wait(
  run: Run,
  { collector, start, state }: Collection,
): Promise<{ collected: Collected<Result>; job: string | null }> {
  const { reporter, io } = run;
  let job: string | null = null;
  let isSaid = false;
  const least = collector.task.minBatchSize.toLocaleString("en-US");
  const line = reporter.draw(io.env, (stream, paint) => new WaitLine(stream, paint));
  try {
    const collected = await collector.collect(start, {
      ...(io.interruption === undefined ? {} : { signal: io.interruption.signal }),
      onState: async (now) => {
        job = now.job === null ? null : (new URL(now.job).pathname.split("/").at(-1) ?? null);
        if (state !== undefined) await writeState(state, now);
      },
      onWait: ({ milliseconds, error }) => {
        if (error !== null) reporter.warn(`${error.message}; it is asked again`);
        else if (!line.isShown && !isSaid) {
          reporter.info(`waiting: the leader has no result yet (the minimum batch size is ${least})`);
          isSaid = true;
        }
        line.wait(error === null ? "the leader has no result yet" : "waiting for the leader", milliseconds);
      },
    });
    return { collected, job };
  } catch (error) {
    line.end();
    if (error instanceof Interrupted && state !== undefined) {
      reporter.hint("the leader goes on; the same command goes on with it");
    }
    throw error instanceof PrioError ? failureOf(error, state) : error;
  } finally {
    line.end();
  }
}

const HINTS: Readonly<Record<string, string>> = {
  "cannot-open": "the key file is that of the task's collectorHpkeConfig, and both operators have the same document",
  mismatch: "if the aggregators add noise, say which with --noise",
};

/** A failure with what usually helps. */
function failureOf(error: PrioError, state: string | undefined): Failure {
  if (!(error instanceof DapError)) return new Failure(error.message, HINTS[error.code]);
  const { status, problem, code } = error;
  // OpenSSL's names, which Node passes on as codes.
  const isUntrusted = code === "unavailable" && /\((?:\w*CERT\w*|\w*ISSUER\w*)\)/.test(error.message);
  if (isUntrusted) return new Failure(error.message, "--tls-ca has the authorities of a leader's own certificate");
  if (code === "unavailable") return new Failure(error.message, "try again later");
  if (status === 401 || status === 403) {
    return new Failure(error.message, "the token is in --token-file, or in the variable COLLECTOR_TOKEN");
  }
  if (state !== undefined && status === 404 && problem?.type !== "unrecognizedTask") {
    return new Failure(error.message, `the leader has no such job any more: remove ${state} to make a new one`);
  }
  return new Failure(error.message);
}
