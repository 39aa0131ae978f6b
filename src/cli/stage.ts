// How a stage goes over a file: chunks to the crew, a decision on each row that opened, output in the file's order, counts at
// the end. The decisions are here, in one thread, because they need the whole file: which packet is the k-th that opened
// (stream mode's points), and which id or packet was there before.

import { KeySet } from "../core/key-set.js";
import { ServerSecret } from "../index.js";
import { MAX_REPORTS_AT_ONE_POINT, queryPointSource } from "../prio1/query-points.js";
import { type Chunk, type ChunkLimits, chunksOf, Input, type Output } from "./batches.js";
import { Crew, type Ordered } from "./crew.js";
import { EXIT, Failure, usage } from "./failure.js";
import { VerificationPackets } from "./lookup.js";
import { type Given, jobsFrom, QUERY_POINTS, type ServerRole } from "./options.js";
import { isRefusal, type Refusal, refuse } from "./rows.js";
import { FINGERPRINT_WORDS, fingerprintKey } from "./seen.js";
import { type Assignment, configOf, type Finished, type OpenedRow, type Order } from "./session.js";
import { Tally } from "./tally.js";
import type { Surroundings, Talk } from "./ui.js";

/** What every command is given. */
export interface Run {
  readonly given: Given;
  readonly talk: Talk;
  readonly around: Surroundings;
}

/** Field elements of one chunk's shares: bounds the memory of shares between the two steps. */
const CHUNK_ELEMENTS = 2 ** 14;
const MAX_CHUNK_ROWS = 32;
const CHUNK_BYTES = 2 ** 18;

function limitsFor(assignment: Assignment): ChunkLimits {
  const { fields, size } = configOf(assignment.batch).snip;
  const rows = Math.floor(CHUNK_ELEMENTS / (fields + size));
  return { rows: Math.max(1, Math.min(MAX_CHUNK_ROWS, rows)), bytes: CHUNK_BYTES };
}

/** Runs `work` with a crew, an input and a tally, and ends all three whatever happens. */
export async function overRows(
  { given, talk, around }: Run,
  assignment: Assignment,
  work: (rows: Rows) => Promise<void>,
): Promise<Tally> {
  const input = new Input(given.required("input"), around.stdin);
  const tally = Tally.of(given.text("errors"));
  const crew = new Crew(assignment, jobsFrom(given, input.size));
  const progress = talk.progress(assignment.stage, around.env, input.size, () => input.bytesRead);
  try {
    await work(new Rows(crew, chunksOf(input.pieces(), limitsFor(assignment)), tally, (rows) => progress.rows(rows)));
    await tally.commit();
    return tally;
  } finally {
    progress.clear();
    tally.discard();
    input.close();
    await crew.close();
  }
}

/** The rows of a file on their way through a crew. */
export class Rows {
  readonly crew: Crew;
  readonly tally: Tally;
  readonly #chunks: AsyncIterable<Chunk>;
  readonly #progress: (rows: number) => void;

  constructor(crew: Crew, chunks: AsyncIterable<Chunk>, tally: Tally, progress: (rows: number) => void) {
    this.crew = crew;
    this.tally = tally;
    this.#chunks = chunks;
    this.#progress = progress;
  }

  /** One step: every chunk to `begin`, what it makes to the outputs in the file's order. */
  async inOneStep(begin: (chunk: Chunk) => Promise<Finished>, outputs: readonly Output[]): Promise<void> {
    const ending = new Queue<{ chunk: Chunk; finished: Promise<Finished> }>(this.crew.depth, ({ chunk, finished }) =>
      this.#end(chunk, finished, outputs),
    );
    for await (const chunk of this.#chunks) await ending.push({ chunk, finished: watched(begin(chunk)) });
    await ending.drain();
  }

  /** Two steps: opening, in any order, and after the decision in the file's order, finishing. */
  async inTwoSteps(decide: (row: OpenedRow) => Ordered, outputs: readonly Output[]): Promise<void> {
    const ending = new Queue<{ chunk: Chunk; finished: Promise<Finished> }>(this.crew.depth, ({ chunk, finished }) =>
      this.#end(chunk, finished, outputs),
    );
    const opening = new Queue<{ chunk: Chunk; opened: ReturnType<Crew["open"]> }>(
      this.crew.depth,
      async ({ chunk, opened }) => {
        const orders = (await opened).map((row) => (isRefusal(row) ? row : decide(row)));
        await ending.push({ chunk, finished: watched(this.crew.finish(chunk.index, orders)) });
      },
    );
    for await (const chunk of this.#chunks) await opening.push({ chunk, opened: watched(this.crew.open(chunk)) });
    await opening.drain();
    await ending.drain();
  }

  async #end(chunk: Chunk, finished: Promise<Finished>, outputs: readonly Output[]): Promise<void> {
    const { texts, outcomes } = await finished;
    await this.tally.add(chunk, outcomes);
    for (const [i, output] of outputs.entries()) await output.write(texts[i] as string);
    this.#progress(this.tally.total);
  }
}

/** Lets a promise fail before anyone waits for it: whoever waits later still gets the error. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** First in, first out, with a bound: pushing onto a full queue first takes the oldest. */
class Queue<T> {
  readonly #items: T[] = [];
  readonly #bound: number;
  readonly #take: (item: T) => Promise<void>;

  constructor(bound: number, take: (item: T) => Promise<void>) {
    this.#bound = bound;
    this.#take = take;
  }

  async push(item: T): Promise<void> {
    this.#items.push(item);
    while (this.#items.length >= this.#bound) await this.#take(this.#items.shift() as T);
  }

  async drain(): Promise<void> {
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) await this.#take(item);
  }
}

export type ServerStage = "verify1" | "verify2" | "aggregate";

/** The assignment of a server's stage, with a fresh key for what the run remembers. */
export function assignmentOf(stage: ServerStage, role: ServerRole): Exclude<Assignment, { stage: "encode-shares" }> {
  return { stage, ...role, fingerprintKey: fingerprintKey() };
}

/**
 * What one server's run over a file decides of a row that opened: refused when its id or its packet was there before, else
 * given its query point. In stream mode a refused duplicate takes its point too, as in the library's Server, to stay in step
 * with a libprio peer; and so does a row whose verification packets are missing, so that no packet ever has another point
 * in verify2 than it had in verify1.
 */
export class FileRecord {
  readonly #ids = new KeySet(FINGERPRINT_WORDS);
  readonly #packets = new KeySet(FINGERPRINT_WORDS);
  readonly #nextPoint: (() => bigint) | undefined;
  readonly #isAtOnePoint: boolean;
  #checked = 0;

  constructor(stage: ServerStage, { batch, secret, queryPoints }: ServerRole) {
    this.#isAtOnePoint = queryPoints === "batch" && stage !== "aggregate";
    if (queryPoints !== "stream" || stage === "aggregate") return;
    const source = queryPointSource("stream", configOf(batch), ServerSecret.fromBase64(secret));
    this.#nextPoint = () => source(undefined).point.r;
  }

  decide({ id, idPrint, packetPrint }: OpenedRow, messages: (id: string) => Messages): Ordered {
    const point = this.#nextPoint?.();
    if (!this.#ids.add(idPrint)) return refuse("duplicate-id", id);
    if (!this.#packets.add(packetPrint)) return refuse("duplicate-packet", id);
    this.#checked++;
    // Each thread has the library's own limit; this one is of the whole file.
    if (this.#isAtOnePoint && this.#checked > MAX_REPORTS_AT_ONE_POINT) {
      throw new Failure(
        `--query-points batch: one point serves ${MAX_REPORTS_AT_ONE_POINT} reports, and the file has more`,
        "make more batches of it, or use --query-points report",
      );
    }
    const found = messages(id);
    if (found !== undefined && isRefusal(found)) return found;
    const order: Order = {
      ...(point === undefined ? {} : { point }),
      ...(found === undefined ? {} : { messages: found }),
    };
    return { id, order };
  }
}

/** A report's messages of both servers, A's first; undefined in the stage that has none yet. */
export type Messages = readonly [string, string] | Refusal | undefined;

/** Looks up both servers' messages while `work` runs. */
export async function withMessages(
  { given, around }: Run,
  { serverId }: ServerRole,
  work: (messages: (id: string) => Messages) => Promise<void>,
): Promise<void> {
  const internalInput = new Input(given.required("input-internal"), around.stdin);
  const externalInput = new Input(given.required("input-external"), around.stdin);
  const internal = await VerificationPackets.of(internalInput);
  try {
    const external = await VerificationPackets.of(externalInput);
    try {
      await work((id) => {
        const own = internal.get(id);
        if (own === undefined) return refuse("unknown-id-internal", id);
        const other = external.get(id);
        if (other === undefined) return refuse("unknown-id-external", id);
        return serverId === "A" ? [own, other] : [other, own];
      });
    } finally {
      external.close();
    }
  } finally {
    internal.close();
  }
}

/** Runs `work` on outputs that are committed together when it succeeds, and discarded when it does not. */
export async function withOutputs(
  opening: readonly (() => Output)[],
  work: (outputs: readonly Output[]) => Promise<void>,
): Promise<void> {
  const outputs: Output[] = [];
  try {
    for (const open of opening) outputs.push(open());
    await work(outputs);
    for (const output of outputs) await output.commit();
  } finally {
    for (const output of outputs) output.discard();
  }
}

/** Tells the counts, on standard output unless rows go there, and gives the exit code. */
export function conclude({ given, talk, around }: Run, tally: Tally, outputs: readonly string[]): number {
  if (outputs.includes("-")) talk.plain(tally.counts);
  else around.stdout.write(`${tally.counts}\n`);
  if (tally.reasons !== undefined) talk.say(`left out: ${tally.reasons}`);
  const hint = tally.hint(given.choice("query-points", QUERY_POINTS) ?? "stream");
  if (hint !== undefined) talk.hint(hint);
  return given.flag("strict") && tally.errors > 0 ? EXIT.refused : EXIT.done;
}

/** Standard input can be read once, and standard output can hold one stream of rows. */
export function requireOneDash(given: Given, ...options: readonly string[]): void {
  const dashed = options.filter((option) => given.text(option) === "-");
  if (dashed.length > 1) throw usage(`only one of ${dashed.map((option) => `--${option}`).join(" and ")} can be -`);
}
