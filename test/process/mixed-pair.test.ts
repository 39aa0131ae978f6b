// One side changes to this command, and the other is Mozilla's prio-processor: the files that Mozilla's side of a
// recorded batch wrote, laid out as prio-processor lays them out, drive this side to the published totals. Each server
// in turn is ours. What this side hands over is what Mozilla's own server had written, byte for byte.

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/process/clock.js";
import { readConfig } from "../../src/process/config.js";
import { processDay } from "../../src/process/run.js";
import { openStores } from "../../src/process/side-stores.js";
import { recordedBatch } from "../cli/support.js";

const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "prio-mixed-"));
afterAll(() => rmSync(root, { recursive: true }));

const { keys, path, text, secret } = recordedBatch("prio-processor/cli");
const STAGES = ["verify1", "verify2", "aggregate"] as const;
const DATE = "2020-08-03";

describe.each(["a", "b"] as const)("server %s is ours", (id) => {
  const other = id === "a" ? "b" : "a";
  const at = (...names: string[]) => join(root, id, ...names);
  const prefix = `test-app/v1/${keys[other].public_key}/test-app/${DATE}`;
  const put = (to: string, from: string) => {
    mkdirSync(dirname(to), { recursive: true });
    cpSync(path(from), to);
  };
  const mark = (to: string) => writeFileSync(to, "");

  const env = {
    SERVER_ID: id.toUpperCase(),
    APP_NAME: "test-app",
    SUBMISSION_DATE: DATE,
    DATA_CONFIG: at("content.json"),
    PUBLIC_KEY_HEX_INTERNAL: keys[id].public_key,
    PUBLIC_KEY_HEX_EXTERNAL: keys[other].public_key,
    BUCKET_INTERNAL_INGEST: at("ingest"),
    BUCKET_INTERNAL_PRIVATE: at("private"),
    BUCKET_INTERNAL_SHARED: at("shared"),
    BUCKET_EXTERNAL_SHARED: at("peer"),
    BUCKET_PREFIX: "test-app/v1",
    RETRY_LIMIT: "5",
    RETRY_DELAY: "0.01",
    RETRY_BACKOFF_EXPONENT: "1",
    PRIO_PEER: "prio-processor",
    PRIO_WORK: at("work"),
    REPLAYS: at("replays"),
    PRG_KEY: "seed",
    QUERY_POINTS: "stream",
    MIN_REPORTS: "5",
  };
  const run = () => {
    const config = readConfig(undefined, env);
    return processDay(
      {
        config,
        stores: openStores(config, env, () => undefined),
        keys: { privateKeys: [keys[id].private_key], secret },
        env,
        clock: systemClock,
        signal: new AbortController().signal,
        version: "0",
        onEvent: () => undefined,
        onProgress: () => undefined,
      },
      DATE,
    );
  };

  test("stage by stage, as Mozilla's side writes its own", async () => {
    for (const store of ["ingest", "private", "shared", "peer"]) mkdirSync(at(store), { recursive: true });
    writeFileSync(
      at("content.json"),
      text("config.json")
        .replace(/^\{/, "[{")
        .replace(/\}\s*$/, "}]"),
    );
    const part = "part-00000-5aade7b0-b173-40ae-ab1f-8227320cd21c.c000.json";
    const raw = at("ingest", prefix, "raw/shares");
    put(join(raw, "batch_id=test", part), `server_${id}/raw/data.ndjson`);
    mark(join(raw, "_SUCCESS"));
    const incoming = at("shared", prefix, "intermediate/external");
    for (const stage of STAGES) {
      const { batches } = await run();
      expect(batches).toMatchObject([
        { state: "waiting", waitingFor: `the peer's ${stage}/_SUCCESS did not come in 6 looks` },
      ]);
      // Parts of Spark come in no order, and the marker of the stage last.
      const folder = join(incoming, stage, "batch_id=test");
      put(
        join(folder, "part-00001-6f55cefd-c443-4d08-b179-9cff80903fa3-c000.json"),
        `server_${other}/intermediate/internal/${stage}/data.ndjson`,
      );
      mark(join(folder, "_SUCCESS"));
      if (stage !== "aggregate")
        writeFileSync(join(folder, "part-00000-6f55cefd-c443-4d08-b179-9cff80903fa3-c000.json"), "");
      mark(join(incoming, stage, "_SUCCESS"));
    }
    expect((await run()).batches).toMatchObject([{ state: "published", rows: 5, reports: 5 }]);

    const published = at("private", prefix, "processed/publish/batch_id=test");
    const row = JSON.parse(readFileSync(join(published, "part-00000.json"), "utf8"));
    expect(row).toMatchObject({ payload: [5, 4, 3, 2, 1], error: 0, total: 5 });
    expect(existsSync(join(published, "_SUCCESS"))).toBe(true);

    const outgoing = at("peer", `test-app/v1/${keys[id].public_key}/test-app/${DATE}`, "intermediate/external");
    for (const stage of STAGES) {
      const name = stage === "aggregate" ? "part-00000.json" : part;
      const written = readFileSync(join(outgoing, stage, "batch_id=test", name), "utf8");
      expect(written).toBe(text(`server_${id}/intermediate/internal/${stage}/data.ndjson`));
      expect(existsSync(join(outgoing, stage, "batch_id=test", "_SUCCESS"))).toBe(true);
      expect(existsSync(join(outgoing, stage, "_SUCCESS"))).toBe(true);
    }
  });
});
