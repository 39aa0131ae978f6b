// docs/aggregator.md, "A pair from nothing", as two operators and a collector do it: commands alone, two processes of
// `serve`, clients in between, and a token that is changed while all of it runs.

import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DapClient, type TaskDocument } from "prio/dap";
import { Prio3Histogram } from "prio/prio3";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Status } from "../../src/admin/status.js";
import { BuiltCommand, type Ended, type Running, runProgram } from "../support/process.js";

const prio = fileURLToPath(new URL("../../../dist/cli.js", import.meta.url));
let command: BuiltCommand;
beforeAll(() => {
  command = new BuiltCommand("two-operators");
});
afterAll(() => command.remove());

/** An operator with a folder, a key, a store and a server. */
class Operator {
  readonly folder: string;
  port = "0";
  admin = "";
  server: Running | undefined;

  constructor(name: string) {
    this.folder = join(command.folder, name);
    mkdirSync(this.folder);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  get env(): Record<string, string> {
    return {
      PRIO_AGGREGATOR_KEY_FILE: this.path("key"),
      PRIO_AGGREGATOR_DATABASE: `sqlite:${this.path("store.sqlite")}`,
      PRIO_AGGREGATOR_REFRESH_SECONDS: "1",
      PRIO_AGGREGATOR_DRIVER_LONGEST_WAIT: "1",
    };
  }

  async must(...args: string[]): Promise<Ended> {
    const ran = await command.run(args, this.env);
    expect(ran, args.join(" ")).toMatchObject({ code: 0 });
    return ran;
  }

  /** Starts the server, on the same port as before. */
  async serve(): Promise<void> {
    const args = ["serve", "--listen", `127.0.0.1:${this.port}`, "--admin-listen", "127.0.0.1:0"];
    this.server = command.start(args, this.env);
    this.port = await this.server.until(/"port":(\d+)[^\n]*"msg":"started"/);
    this.admin = await this.server.until(/"port":(\d+)[^\n]*"msg":"admin port opened"/);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async status(): Promise<Status["tasks"][number]> {
    const { tasks } = (await (await fetch(`http://127.0.0.1:${this.admin}/status.json`)).json()) as Status;
    const [task] = tasks;
    if (task === undefined) throw new Error("expected a task");
    return task;
  }

  /** Waits until the page says something. */
  async sees(what: (task: Status["tasks"][number]) => boolean): Promise<void> {
    await expect.poll(async () => what(await this.status()), { timeout: 30_000 }).toBe(true);
  }
}

/** Milliseconds: some twenty processes, one after the other. */
const TIMEOUT = 240_000;

test("two operators and a collector come to a count, and change a token on the way", { timeout: TIMEOUT }, async () => {
  const [ada, ben] = [new Operator("ada"), new Operator("ben")];
  const carla = join(command.folder, "carla");
  mkdirSync(carla);
  const collect = (...args: string[]) => runProgram(prio, args, carla);

  // Keys and servers.
  expect((await collect("keygen", "--collector", "--output", "collector.json")).code).toBe(0);
  for (const operator of [ada, ben]) {
    await operator.must("keys", "new-secret", "--output", operator.path("key"));
    await operator.serve();
  }

  // The task, from one to the other.
  const { hpkeConfig } = JSON.parse(readFileSync(join(carla, "collector.json"), "utf8")) as { hpkeConfig: string };
  const made = await ada.must(
    ...["task", "create", "--role", "leader", "--url", ada.url, "--peer", ben.url, "--vdaf", "histogram:4"],
    ...["--time-precision", "1h", "--min-batch-size", "3", "--allow-small", "--max-job-delay", "1s", "--json"],
    ...["--collector-hpke", hpkeConfig],
  );
  const { id, hash } = JSON.parse(made.stdout) as { id: string; hash: string };
  const name = id.slice(0, 8);
  await ada.must("task", "export", name, "--for", "peer", "--output", ada.path("for-ben.json"));
  await ben.must("task", "import", ada.path("for-ben.json"), "--expect-hash", hash);
  await ada.must("task", "export", name, "--for", "collector", "--output", join(carla, "task.json"));
  const token = join(carla, "collector-token");
  await ada.must("task", "export", name, "--for", "collector", "--token-output", token);
  expect(statSync(token).mode & 0o777).toBe(0o600);
  for (const operator of [ada, ben]) {
    const known = `http://127.0.0.1:${operator.admin}/status.json`;
    await expect
      .poll(async () => ((await (await fetch(known)).json()) as Status).tasks.length, { timeout: 30_000 })
      .toBe(1);
  }

  // Clients.
  const document = JSON.parse((await ada.must("task", "export", name, "--for", "clients")).stdout) as TaskDocument;
  const { chunkLength } = document.vdaf as { chunkLength: number };
  const client = new DapClient({ task: document, vdaf: new Prio3Histogram({ length: 4, chunkLength }) });
  await client.uploadMany([0, 1, 1]);
  await ben.sees(({ counters }) => counters["aggregated"] === 3);

  // Ben changes the leader's token, and takes the old one back before Ada has the new one: an operator's bad day.
  await ben.must("task", "rotate-tokens", name, "--for", "peer", "--output", ben.path("token"));
  await ben.must("task", "rotate-tokens", name, "--for", "peer", "--revoke-old");
  const shown = await ada.must("task", "show", name, "--json", "--secrets");
  const { secrets } = JSON.parse(shown.stdout) as { secrets: { peerToken: string } };
  const authorization = `Bearer ${secrets.peerToken}`;
  const asAda = () => fetch(`${ben.url}tasks/${id}/aggregation_jobs`, { method: "POST", headers: { authorization } });
  await expect.poll(async () => [401, 403].includes((await asAda()).status), { timeout: 30_000 }).toBe(true);
  await client.uploadMany([3, 3]);
  await ada.sees(({ troubles }) => troubles.some(({ problem }) => /^waiting for the helper: 40[13]/.test(problem)));
  await ada.must("task", "rotate-tokens", name, "--for", "peer", "--token-file", ben.path("token"));
  await ben.sees(({ counters }) => counters["aggregated"] === 5);
  await ada.sees(({ troubles }) => troubles.length === 0);

  // A server that is started again goes on.
  expect(await ben.server?.end()).toBe(0);
  await client.upload(2);
  await ben.serve();
  await ben.sees(({ counters }) => counters["aggregated"] === 6);

  // The collector, and what it gives back.
  const hour = Math.floor(Date.now() / 3_600_000);
  const [start, end] = [hour - 1, hour + 1].map((one) => new Date(one * 3_600_000).toISOString().replace(".000Z", "Z"));
  const collected = await collect(
    ...["collect", "--task", "task.json", "--private-key-file", "collector.json", "--token-file", "collector-token"],
    ...["--start", start as string, "--end", end as string, "--format", "json", "--output", "result.json"],
  );
  expect(collected).toMatchObject({ code: 0 });
  const result = JSON.parse(readFileSync(join(carla, "result.json"), "utf8")) as { result: number[] };
  expect(result.result).toEqual([1, 2, 1, 2]);
  await ada.must("result", "put", name, join(carla, "result.json"));
  await ada.sees(({ results }) => results[0]?.totals.join() === "1,2,1,2" && results[0].reports === 6);
  expect((await ada.status()).collections).toMatchObject([{ state: "done" }]);

  for (const operator of [ada, ben]) expect(await operator.server?.end()).toBe(0);
});
