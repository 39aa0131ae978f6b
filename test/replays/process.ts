// What the processes of process.test.ts do: `node process.mjs hold|write|contend DIRECTORY`.

import { closeSync, openSync, unlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ServerSecret } from "../../src/index.js";
import { FileReplayRecord, ReplayRecordError } from "../../src/replays/record.js";
import { keysOf, pointA, secretBytes } from "./keys.js";

const [, , task, directory = ""] = process.argv;
const open = () =>
  FileReplayRecord.open(directory, { server: "A", secret: ServerSecret.fromBytes(secretBytes), entriesInMemory: 7 });

/** Has the record open until it is killed. */
async function hold(): Promise<void> {
  open();
  process.stdout.write("open\n");
  await sleep(60_000);
}

/** Commits five reports at a time, and writes the number of each commit when it has returned. */
function write(): void {
  const record = open();
  const addAll = (commit: number) =>
    Array.from({ length: 5 }, (_, i) => record.addReport(keysOf(`${commit} ${i}`, `${commit} ${i}`), pointA));
  let commit = 1;
  while (addAll(commit)[0] === "again") commit++;
  for (; ; commit++) {
    record.commit();
    process.stdout.write(`${commit}\n`);
    addAll(commit + 1);
  }
}

/** Opens the record five times, whenever nobody else has it, and fails when somebody has it all the same. */
async function contend(): Promise<void> {
  for (let times = 0; times < 5; ) {
    let record: FileReplayRecord;
    try {
      record = open();
    } catch (error) {
      if (error instanceof ReplayRecordError && error.code === "in-use") continue;
      throw error;
    }
    // Made only if nobody else has made it.
    const path = `${directory}.alone`;
    closeSync(openSync(path, "wx"));
    await sleep(5);
    unlinkSync(path);
    record.close();
    times++;
    await sleep(20 * Math.random());
  }
  process.stdout.write("5 times alone\n");
}

const tasks = { hold, write, contend };
await tasks[task as keyof typeof tasks]();
