// `prio-aggregator keys`, `result`, `config`, `migrate` and the program as a whole.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ShownResult } from "../../src/admin/results.js";
import { openStore } from "../../src/store/open.js";
import { TaskRegistry } from "../../src/tasks/registry.js";
import { Secrets } from "../../src/tasks/secrets.js";
import { CREATE, Operator } from "../support/command.js";

let operator: Operator;
beforeEach(() => {
  operator = new Operator();
});
afterEach(() => operator.remove());

const createTask = async (): Promise<string> => {
  const { stdout } = await operator.must([...CREATE, "--new-collector-key", operator.path("collector"), "--json"]);
  return (JSON.parse(stdout) as { id: string }).id;
};

describe("keys", () => {
  test("a rotation makes a pending key, which list shows", async () => {
    await operator.must(["migrate"]);
    expect((await operator.must(["keys", "list"])).stderr).toContain("There are no keys");
    const { stderr } = await operator.must(["keys", "rotate"]);
    expect(stderr).toContain("Key 1 is pending");
    const { stdout } = await operator.must(["keys", "list", "--json"]);
    expect(JSON.parse(stdout)).toEqual([{ id: 1, state: "pending", createdAt: operator.now, changedAt: operator.now }]);
    expect((await operator.must(["keys", "list"])).stdout).toMatch(/^1 +pending +2027-01-15 08:00Z/m);
    expect((await operator.must(["task", "rotate-keys"])).stderr).toContain("Key 1 is pending");
  });

  test("a new secret goes into a new file for its owner alone, and is never shown", async () => {
    const path = operator.path("key");
    const { stdout, stderr } = await operator.must(["keys", "new-secret", "--output", path]);
    const text = readFileSync(path, "utf8").trim();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(stdout + stderr).not.toContain(text);
    expect(new Secrets(Buffer.from(text, "base64url")).keyName).toMatch(/^[0-9a-f]{8}$/);
    const again = await operator.run(["keys", "new-secret", "--output", path]);
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("exists already") });
    expect(readFileSync(path, "utf8").trim()).toBe(text);
  });

  test("the key of the store changes: old and new together, then new alone", async () => {
    const id = await createTask();
    await operator.must(["keys", "rotate"]);
    const fresh = Secrets.newKeyText();
    const both = { PRIO_AGGREGATOR_KEY: fresh, PRIO_AGGREGATOR_OLD_KEY: operator.key };
    const early = await operator.run(["keys", "reseal"], { env: { PRIO_AGGREGATOR_KEY: fresh } });
    expect(early).toMatchObject({ status: 1, stderr: expect.stringContaining("PRIO_AGGREGATOR_OLD_KEY_FILE") });
    const { stderr } = await operator.must(["keys", "reseal"], { env: both });
    expect(stderr).toContain("1 HPKE key and 1 task were sealed under the key");
    expect((await operator.must(["keys", "reseal"], { env: both })).stderr).toContain("Nothing to do");
    await operator.must(["task", "show", id], { env: { PRIO_AGGREGATOR_KEY: fresh } });
    expect((await operator.run(["task", "show", id])).status).toBe(1);
  });
});

describe("result put", () => {
  const RESULT = { start: "2026-12-01T00:00:00Z", end: "2026-12-01T01:00:00Z", reportCount: 600, result: [1, "2", 3] };

  /** What the page shows, the newest first. */
  async function resultsOf(): Promise<ShownResult[]> {
    const store = await openStore(operator.database);
    const [task] = (await TaskRegistry.load(store, Secrets.fromEnvironment(operator.env))).all();
    const results = await store.run("read", (tx) => tx.results(task?.key ?? 0, 10));
    await store.close();
    return results.map(({ result }) => JSON.parse(result) as ShownResult);
  }

  test("puts a collector's result where the page finds it; putting it again replaces it", async () => {
    const id = await createTask();
    for (const result of [RESULT, { ...RESULT, reportCount: 601 }]) {
      await operator.must(["result", "put", id, "-"], { stdin: JSON.stringify(result) });
    }
    expect(await resultsOf()).toEqual([
      {
        ...{ name: "2026-12-01T00:00Z/2026-12-01T01:00Z", reports: 601, totals: ["1", "2", "3"] },
        ...{ labels: [], deviation: null },
      },
    ]);
  });

  test("two batches of the same minute that the leader chose stand beside each other, each once", async () => {
    const id = await createTask();
    for (const job of ["lc7aUeGpdSNosNlh-UZhKA", "JJxrYjqYSNosNlh-UZhKAA", "lc7aUeGpdSNosNlh-UZhKA"]) {
      await operator.must(["result", "put", id, "-"], { stdin: JSON.stringify({ ...RESULT, job }) });
    }
    expect((await resultsOf()).map(({ name }) => name).sort()).toEqual([
      "2026-12-01T00:00Z/2026-12-01T01:00Z, collection JJxrYjqYSNosNlh-UZhKAA",
      "2026-12-01T00:00Z/2026-12-01T01:00Z, collection lc7aUeGpdSNosNlh-UZhKA",
    ]);
  });

  test("a result of another task is refused", async () => {
    const id = await createTask();
    const put = (task: string) =>
      operator.run(["result", "put", id, "-"], { stdin: JSON.stringify({ ...RESULT, task }) });
    const other = Buffer.alloc(32).toString("base64url");
    expect(await put(other)).toMatchObject({ status: 1, stderr: expect.stringContaining("another task's") });
    expect(await resultsOf()).toEqual([]);
    expect((await put(id)).status).toBe(0);
  });

  test.each([
    [{ ...RESULT, result: "many" }, "result: expected an integer"],
    [{ ...RESULT, result: [] }, "result: expected an integer"],
    [{ ...RESULT, result: [[1]] }, "result: expected an integer"],
    [{ ...RESULT, reportCount: -1 }, "reportCount"],
    [{ ...RESULT, labels: ["one"] }, "labels: expected a list of 3 strings"],
    [{ ...RESULT, start: "yesterday" }, "a start and an end"],
    [{ ...RESULT, deviation: -1 }, "deviation"],
  ])("%j is refused: %s", async (result, message) => {
    const id = await createTask();
    const ran = await operator.run(["result", "put", id, "-"], { stdin: JSON.stringify(result) });
    expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining(message) });
  });
});

describe("the program", () => {
  test("help names every command, and every option of every command has a sentence", async () => {
    const { stdout } = await operator.must(["--help"]);
    for (const name of ["task", "keys", "result", "migrate", "config"]) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    }
    for (const args of [
      ["task", "create"],
      ["task", "import"],
      ["task", "rotate-tokens"],
      ["keys", "reseal"],
    ]) {
      const help = await operator.must([...args, "--help"]);
      expect(help.stdout).toContain(`Usage: prio-aggregator ${args.join(" ")}`);
    }
  });

  test("config shows what is in force, and no password", async () => {
    const env = {
      PRIO_AGGREGATOR_DATABASE: "postgres://me:hunter2@db.example/prio",
      PRIO_AGGREGATOR_LISTEN: "[::1]:0",
    };
    const { stdout } = await operator.must(["config", "--json"], { env });
    expect(stdout).not.toContain("hunter2");
    expect(JSON.parse(stdout)).toMatchObject({ database: "postgres://me:…@db.example/prio", listen: "[::1]:0" });
    const strange = await operator.must(["config"], { env: { PRIO_AGGREGATOR_DRIVERJOBS: "5" } });
    expect(strange.stderr).toContain(
      "warning: PRIO_AGGREGATOR_DRIVERJOBS is no setting; is it PRIO_AGGREGATOR_DRIVER_JOBS?",
    );
    const wrong = await operator.run(["config"], { env: { PRIO_AGGREGATOR_DRIVER_JOBS: "many" } });
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringContaining("PRIO_AGGREGATOR_DRIVER_JOBS") });
  });

  test("migrate makes the tables, and doing it again does nothing", async () => {
    for (let i = 0; i < 2; i++) {
      expect((await operator.must(["migrate"])).stderr).toContain("has this version's tables");
    }
  });

  test("a typing error in the store's name is an error, and makes no file", async () => {
    for (const args of [
      ["task", "list"],
      ["task", "show", "abcd"],
      ["keys", "rotate"],
      ["task", "pause", "abcd"],
    ]) {
      const ran = await operator.run([...args, "--database", `sqlite:${operator.path("sotre.db")}`]);
      expect(ran).toMatchObject({ status: 1, stderr: expect.stringContaining("there is no store at ") });
    }
    expect(existsSync(operator.path("sotre.db"))).toBe(false);
  });

  test("a database that cannot be opened is one clear error", async () => {
    const missing = await operator.run(["migrate", "--database", "sqlite:/no/such/folder/store.db"]);
    expect(missing).toMatchObject({
      status: 1,
      stderr: "prio-aggregator: error: cannot open the store /no/such/folder/store.db: no such file or directory\n",
    });
    const path = operator.path("text");
    writeFileSync(path, "not a database. ".repeat(64));
    const text = await operator.run(["task", "list", "--database", `sqlite:${path}`]);
    expect(text.stderr).toBe(`prio-aggregator: error: cannot open the store ${path}: file is not a database\n`);
    const typo = await operator.run(["task", "list", "--database", "mysql://x"]);
    expect(typo).toMatchObject({ status: 1, stderr: expect.stringContaining("expected sqlite:FILE or postgres://") });
  });
});
