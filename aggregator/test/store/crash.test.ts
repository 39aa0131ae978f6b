// Processes that are killed at any moment: nothing is half-written, and everything that they were told is written is
// there. Two processes work on one store; first the one is killed, then the other.

import { randomInt } from "node:crypto";
import { once as event } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { openStore } from "../../src/store/open.js";
import type { Store, Transaction } from "../../src/store/store.js";
import { bundled, type Program } from "./programs.js";
import { bucketsIn, emptyPlace, isPostgres, onPostgres, taskOf } from "./support.js";

/** Rounds of two kills. A script has more. */
const ROUNDS = Number(process.env["PRIO_STORE_KILLS"] ?? 8) / 2;
/** A process is killed after up to so many lines. */
const MOST_LINES = 300;

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** What the processes said, each id once. */
class Said {
  readonly uploaded = new Set<string>();
  readonly claimed = new Set<string>();
  readonly finished = new Set<string>();

  add(line: string): void {
    const [what, id] = line.split(" ");
    // The last line of a process may be torn.
    if (id?.length === 32 && (what === "uploaded" || what === "claimed" || what === "finished")) this[what].add(id);
  }
}

/** Two workers that are killed, one after the other, each when it has said a number of things. */
async function round(program: Program, url: string, name: number, said: Said): Promise<void> {
  const workers = [0, 1].map((i) => {
    const child = program.start(url, `${name}-${i}`);
    if (child.stdout === null) throw new Error("a worker has no output");
    const lines = createInterface({ input: child.stdout });
    const ended = event(child, "exit");
    const read = event(lines, "close");
    let left = randomInt(1, MOST_LINES);
    const worked = new Promise<void>((resolve) => {
      lines.on("line", (line) => {
        said.add(line);
        if (--left === 0) resolve();
      });
    });
    return { child, worked: Promise.race([worked, read]), ended, read };
  });
  for (const { child, worked, ended, read } of workers) {
    await worked;
    child.kill("SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    await read;
  }
}

/** Waits until the server has noticed that the processes are gone. */
async function settled(application: string): Promise<void> {
  if (!isPostgres) return;
  await onPostgres(`DO $$ BEGIN
    WHILE EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = '${application}') LOOP
      PERFORM pg_sleep(0.005);
      PERFORM pg_stat_clear_snapshot();
    END LOOP; END $$`);
}

/** Ends a transaction that only looks. */
class TakenBack extends Error {}

/** Checks every job and every report, and returns how many reports were counted. */
async function check(store: Store, task: number, said: Said): Promise<number> {
  let counted = 0;
  const look = async (tx: Transaction): Promise<never> => {
    const counters = Object.fromEntries((await tx.counters(task)).map(({ name, n }) => [name, n]));
    const partials = await tx.partials(task, bucketsIn(0, 9));
    const counts = new Map(partials.map(({ job, count }) => [hexOf(job), count]));
    const states = new Map<string, string>();
    let open = 0;
    for (const { id, state, detail } of await tx.jobs(task, "aggregate", 1e6)) {
      const { reports } = JSON.parse(detail) as { reports: number };
      const isDone = state === "done";
      states.set(hexOf(id), state);
      // Its reports are all there, or all of them are counted.
      const kept = await tx.reportsOf(task, id);
      expect([hexOf(id), kept.length, counts.get(hexOf(id)) ?? 0]).toEqual([
        hexOf(id),
        isDone ? 0 : reports,
        isDone ? reports : 0,
      ]);
      for (const { content } of kept) expect(content).toHaveLength(2500);
      // They are in the replay record.
      expect(await tx.insertReplayKeys(task, kept)).toHaveLength(kept.length);
      if (isDone) counted += reports;
      else open += reports;
    }
    const waiting = await tx.claimReports(task, new Uint8Array(16), 1e6);
    expect(counters["uploaded"] ?? 0).toBe(waiting.length + open + counted);
    expect(counters["counted"] ?? 0).toBe(counted);

    for (const id of said.claimed) expect(states.has(id)).toBe(true);
    for (const id of said.finished) expect(states.get(id)).toBe("done");
    // What was uploaded waits, or a job has had it.
    const uploaded = Array.from(said.uploaded, (id) => ({ id: new Uint8Array(Buffer.from(id, "hex")), time: 0 }));
    const known = new Set([...waiting.map(({ id }) => id), ...(await tx.insertReplayKeys(task, uploaded))].map(hexOf));
    expect(uploaded.filter(({ id }) => !known.has(hexOf(id)))).toEqual([]);
    throw new TakenBack();
  };
  await expect(store.run("look", look)).rejects.toThrow(TakenBack);
  return counted;
}

test(`after ${2 * ROUNDS} kills nothing is half-written, and nothing that was acknowledged is lost`, {
  timeout: 20_000 + ROUNDS * 5000,
}, async () => {
  const { url } = emptyPlace();
  const name = `crash${process.pid}`;
  const named = isPostgres ? `${url}&application_name=${name}` : url;
  const program = await bundled("crash-worker.ts");
  try {
    const store = await openStore(url);
    const task = await taskOf(store);
    const said = new Said();
    let counted = 0;
    for (let i = 0; i < ROUNDS; i++) {
      await round(program, named, i, said);
      await settled(name);
      counted = await check(store, task, said);
    }
    expect(counted).toBeGreaterThan(0);
    await store.close();
  } finally {
    program.remove();
  }
});
