// The library's Server with the replay record on disk: runs that come one after the other, as after a restart.

import { expect, test } from "vitest";
import { Client, PrioError, type Server } from "../../src/index.js";
import type { FileReplayRecord } from "../../src/replays/record.js";
import { codeOf, configFor, process, secret, serverA, serverB } from "../support/deployment.js";
import { freshDirectory, openRecord } from "./support.js";

const config = configFor({ fields: 3 });
const client = new Client(config);
const packets = Array.from({ length: 6 }, () => client.encode([1, 0, 1]));
const ids = packets.map((_, i) => `report ${i}`);

/** The next run of a server whose record is in `directory`. */
function nextRun(directory: string, queryPoints: "stream" | "report", last?: FileReplayRecord) {
  last?.commit();
  last?.close();
  const record = openRecord(directory, { secret });
  return { record, server: serverA(config, { replays: record, queryPoints }) };
}

/** For each report in this order: its verify1 message in hex, or the code of the refusal. */
function verify1Of(server: Server, order: readonly number[]): Map<number, string> {
  const messageOf = (i: number) => {
    try {
      return Buffer.from(server.open(packets[i]?.a as Uint8Array, ids[i] as string).verify1()).toString("hex");
    } catch (error) {
      if (error instanceof PrioError) return error.code;
      throw error;
    }
  };
  return new Map(order.map((i) => [i, messageOf(i)]));
}

test("stream: runs over the same packets in other orders never give a second message", () => {
  const directory = freshDirectory();
  const inOrder = [0, 1, 2, 3, 4, 5];
  const first = nextRun(directory, "stream");
  const messages = verify1Of(first.server, inOrder);
  expect(new Set(messages.values()).size).toBe(6);
  let { record } = first;
  for (const order of [inOrder, [1, 2, 3, 4, 5, 0], [5, 4, 3, 2, 1, 0], [0, 2, 1, 3, 4, 5], inOrder]) {
    const run = nextRun(directory, "stream", record);
    record = run.record;
    const again = verify1Of(run.server, order);
    // The k-th packet that opens has the k-th point.
    for (const [k, i] of order.entries()) expect(again.get(i)).toBe(i === k ? messages.get(i) : "replay");
  }
});

test("report: a run may be repeated in any order with the same messages, another id is refused", () => {
  const directory = freshDirectory();
  const first = nextRun(directory, "report");
  const messages = verify1Of(first.server, [0, 1, 2]);
  const second = nextRun(directory, "report", first.record);
  const again = verify1Of(second.server, [2, 0, 1]);
  for (const i of [0, 1, 2]) expect(again.get(i)).toBe(messages.get(i));
  const third = nextRun(directory, "report", second.record);
  expect(codeOf(() => third.server.open(packets[0]?.a as Uint8Array, "another id"))).toBe("replay");
});

test("a restart between opening and counting loses no report", () => {
  const directory = freshDirectory();
  const first = nextRun(directory, "report");
  first.server.open(packets[0]?.a as Uint8Array, "report 0");
  const second = nextRun(directory, "report", first.record);
  const b = serverB(config, { queryPoints: "report" });
  expect(process(second.server, b, packets[0] as { a: Uint8Array; b: Uint8Array }, "report 0")).toBe(true);
  expect(second.server.reports).toBe(1);
});
