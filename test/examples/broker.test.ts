// The servers of examples/broker over queues in memory, killed at every point, and given messages in any order and
// several times: nothing is lost, nothing is counted twice, and no report is answered twice. scripts/test-broker.mjs
// does it with processes and RabbitMQ.

import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Client, Config, generateKeyPair, ServerSecret } from "prio";
import { afterAll, describe, expect, test } from "vitest";
import { Exchange } from "../../examples/broker/exchange.mjs";
import { State } from "../../examples/broker/state.mjs";

type Options = ConstructorParameters<typeof Exchange>[0];
type Message = Parameters<Exchange["receive"]>[0][number];
type ServerId = "A" | "B";

const ids = ["A", "B"] as const;
const keys = { A: generateKeyPair(), B: generateKeyPair() };
const secret = ServerSecret.generate();
const fields = 4;
const config = new Config({ fields, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
const client = new Client(config);
/** In memory where that is possible: what is killed here is no process, and waiting for a disk takes minutes. */
const memory = "/dev/shm";
const scratch = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "prio-broker-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const optionsOf = (id: ServerId, changes: Partial<Options> = {}): Options => ({
  config,
  id,
  privateKey: keys[id].privateKey,
  secret,
  minimum: 2,
  checkpointAfter: 4,
  ...changes,
});

const data = (id: string, body: Uint8Array): Message => ({ type: "data", from: "clients", id, body });
const close: Message = { type: "close", from: "A", id: "", body: new Uint8Array() };

/** Two honest reports, one of them sent twice; a cheat; one without a packet for B; one whose packet for A is noise. */
const honest = [
  [true, false, true, true],
  [true, true, false, true],
];
const truth = { reports: 2, totals: [2, 1, 1, 2] };
const packets = honest.map((values) => client.encode(values));
const [first, second] = packets as [(typeof packets)[0], (typeof packets)[0]];
const cheat = { a: client.encode([true, true, true, true]).a, b: client.encode([false, true, true, true]).b };
const sent: Record<ServerId, Message[]> = {
  A: [
    data("1", first.a),
    data("cheat", cheat.a),
    data("2", second.a),
    data("1", first.a),
    data("lost", client.encode([true, true, true, true]).a),
    data("noise", new Uint8Array(100)),
  ],
  B: [
    data("cheat", cheat.b),
    data("1", first.b),
    data("noise", client.encode([true, true, true, true]).b),
    data("2", second.b),
  ],
};

/** The end of a process. */
class Killed extends Error {
  override readonly name = "Killed";
}

/** A state whose process may be killed in the middle of its work. */
class KillableState extends State {
  readonly #directory: string;
  readonly #point: () => void;

  constructor(directory: string, point: () => void) {
    super(directory);
    this.#directory = directory;
    this.#point = point;
  }

  override append(entries: Record<string, unknown>[]): void {
    this.#point();
    try {
      this.#point();
    } catch (error) {
      // In the middle of a line.
      const journal = readdirSync(this.#directory).find((name) => name.startsWith("journal-")) ?? "";
      appendFileSync(join(this.#directory, journal), JSON.stringify(entries).slice(0, -3));
      throw error;
    }
    super.append(entries);
    this.#point();
  }

  override checkpoint(content: Record<string, unknown>): void {
    this.#point();
    super.checkpoint(content);
    this.#point();
  }
}

/**
 * Runs a batch to its end. `choose(n)` is below n: which message comes next, how many, and how often. `point` is called
 * between any two effects, and throws Killed.
 */
function runBatch(choose: (n: number) => number, point: () => void) {
  const directory = mkdtempSync(join(scratch, "run-"));
  const queues: Record<ServerId, Message[]> = { A: [...sent.A], B: [...sent.B] };
  /** What was sent of each report, and of each type at the end. */
  const said = new Map<string, Set<string>>();
  const start = (id: ServerId): Exchange => {
    const openState = () => new KillableState(join(directory, id), point);
    return new Exchange(optionsOf(id), join(directory, `${id}-replays`), openState);
  };
  const exchanges = { A: start("A"), B: start("B") };
  let isClosed = false;

  const deliver = (id: ServerId, outgoing: ReturnType<Exchange["receive"]>): void => {
    for (const { to, type, ...message } of outgoing) {
      const key = `${id} ${type} ${message.id}`;
      said.set(key, (said.get(key) ?? new Set()).add(Buffer.from(message.body).toString("hex")));
      for (let copies = 1 + Number(choose(8) === 7); copies > 0; copies--)
        queues[to].push({ type, from: id, ...message });
      point();
    }
  };

  for (let turn = 0; exchanges.A.outcome === undefined || exchanges.B.outcome === undefined; turn++) {
    if (turn > 2000) throw new Error("the servers wait for each other");
    const id = ids[turn % 2] as ServerId;
    if (!isClosed && ![...queues.A, ...queues.B].some(({ type }) => type === "data")) {
      queues.A.push(close);
      isClosed = true;
    }
    const group: Message[] = [];
    for (let size = choose(4); size > 0 && queues[id].length > 0; size--) {
      group.push(...queues[id].splice(choose(queues[id].length), 1));
    }
    try {
      deliver(id, exchanges[id].receive(group));
      exchanges[id].sent();
      point();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      // What was not acknowledged comes again.
      queues[id].unshift(...group);
      exchanges[id].close();
      exchanges[id] = start(id);
    }
  }
  const { A, B } = exchanges;
  A.close();
  B.close();
  rmSync(directory, { recursive: true });
  return { outcomes: [A.outcome, B.outcome], pending: [A.counts.pending, B.counts.pending], said };
}

/** Always the first message, one at a time. */
const inOrder = (n: number): number => (n === 4 ? 1 : 0);

function requireRight({ outcomes, pending, said }: ReturnType<typeof runBatch>): void {
  expect(outcomes).toEqual([truth, truth]);
  // What one of the servers alone could open, and nothing else.
  expect(Math.max(...pending)).toBeLessThanOrEqual(2);
  // A second verify1 would be of a second query point, and a second verify2 a second answer.
  for (const [key, bodies] of said) expect(bodies.size, key).toBe(1);
}

describe("the servers of the broker example", () => {
  test("publish the totals of the honest reports", () => {
    const runs = runBatch(inOrder, () => undefined);
    requireRight(runs);
    expect(runs.said.size).toBe(18);
  });

  test("do so whatever the order of the messages, however often they come, and whenever a server is killed", () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(1000)), fc.infiniteStream(fc.nat(30)), (choices, moments) => {
        const next = (stream: fc.Stream<number>) => stream.next().value as number;
        let left = next(moments);
        const result = runBatch(
          (n) => next(choices) % n,
          () => {
            if (left-- > 0) return;
            left = 3 + next(moments);
            throw new Killed();
          },
        );
        requireRight(result);
      }),
      { numRuns: 100 },
    );
  });

  /** A server of its own in a new folder, with what is left of a batch when this function ends. */
  function withServer(changes: Partial<Options>, use: (a: Exchange, directory: string) => void): void {
    const directory = mkdtempSync(join(scratch, "server-"));
    const a = new Exchange(optionsOf("A", changes), join(directory, "replays"), () => new State(join(directory, "A")));
    use(a, directory);
    a.close();
  }
  const message = (type: Message["type"], from: Message["from"], id: string, content: unknown): Message => ({
    type,
    from,
    id,
    body: content instanceof Uint8Array ? content : new Uint8Array(Buffer.from(JSON.stringify(content))),
  });
  const typesOf = (outgoing: { type: string }[]) => outgoing.map(({ type }) => type);

  test("believe nobody but the other server what the other server says", () =>
    withServer({}, (a) => {
      a.receive([data("1", first.a)]);
      const forged = ["verify1", "verify2", "opened", "total"] as const;
      expect(a.receive(forged.map((type) => message(type, "clients", "1", [])))).toEqual([]);
      expect(a.receive([message("close", "clients", "", []), message("close", "B", "", [])])).toEqual([]);
      expect(a.ignored).toEqual({ foreign: 6 });
    }));

  test("go on when the other server sends what is no message", () =>
    withServer({}, (a) => {
      expect(typesOf(a.receive([data("1", first.a), data("2", second.a)]))).toEqual(["verify1", "verify1"]);
      expect(a.receive([message("verify1", "B", "1", new Uint8Array(3))])).toEqual([]);
      expect(a.ignored).toEqual({ "peer: malformed": 1 });
    }));

  test("take no packet after the batch is closed, and one packet for an id", () =>
    withServer({}, (a) => {
      a.receive([data("1", first.a), data("1", second.a), message("close", "A", "", []), data("2", second.a)]);
      expect(a.counts).toEqual({ pending: 1, counted: 0, refused: 0 });
      expect(a.ignored).toEqual({ repeated: 1, late: 1 });
    }));

  test("let no share of too small a total leave", () =>
    withServer({ minimum: 1 }, (a) => {
      a.receive([close]);
      const [total] = a.receive([message("opened", "B", "", [])]);
      expect(JSON.parse(Buffer.from(total?.body ?? []).toString())).toMatchObject({ reports: 0, share: "" });
      const theirs = { ...JSON.parse(Buffer.from(total?.body ?? []).toString()), share: "" };
      a.receive([message("total", "B", "", theirs)]);
      expect(a.outcome).toEqual({ refused: "too few reports: 0" });
    }));

  test("publish nothing when they counted different reports", () =>
    withServer({ minimum: 0 }, (a) => {
      a.receive([close, message("opened", "B", "", [])]);
      a.receive([message("total", "B", "", { reports: 1, digest: "", share: "" })]);
      expect(a.outcome).toEqual({ refused: "the servers counted different reports: 0 here, 1 there" });
    }));

  test("leave everything as it is when another process runs on their folder", () =>
    withServer({}, (_a, directory) => {
      const underWay = join(directory, "A/checkpoint.json.tmp");
      writeFileSync(underWay, "{");
      const openState = () => new State(join(directory, "A"));
      expect(() => new Exchange(optionsOf("A"), join(directory, "replays"), openState)).toThrow("in use");
      expect(existsSync(underWay)).toBe(true);
    }));

  test("answer a report once, even when the state is lost: the record remembers", () =>
    withServer({}, (a, directory) => {
      const firstMessageOf = (packet: Uint8Array) => {
        const folder = mkdtempSync(join(directory, "B-"));
        const b = new Exchange(optionsOf("B"), join(folder, "replays"), () => new State(join(folder, "B")));
        const [sent] = b.receive([data("1", packet)]);
        b.close();
        return sent;
      };
      const [theirs, other] = [firstMessageOf(first.b), firstMessageOf(second.b)];
      const verify1 = (body: Uint8Array | undefined) => message("verify1", "B", "1", body ?? new Uint8Array());
      expect(typesOf(a.receive([data("1", first.a), verify1(theirs?.body)]))).toEqual(["verify1", "verify2"]);
      a.close();
      const next = new Exchange(optionsOf("A"), join(directory, "replays"), () => new State(join(directory, "next")));
      expect(next.receive([data("2", first.a)])).toEqual([]);
      expect(next.ignored).toEqual({ replayed: 1 });
      next.receive([data("1", first.a)]);
      expect(() => next.receive([verify1(other?.body)])).toThrow("answered before");
      next.close();
    }));
});
