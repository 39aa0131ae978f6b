// Files as Mozilla's Spark pipeline has them (WIRE.md section 7): integer ids, base64 in lines of 76 characters, no
// blanks after separators, and a server's aggregate in several lines, one for each part of the batch.

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prio, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());

interface Row {
  id: string | number;
  payload: string;
}

const read = (path: string) => readFileSync(path, "utf8");
const rowsOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
const wrapped = (text: string) => text.match(/.{1,76}/g)?.join("\r\n") ?? "";
/** Rows as Spark writes them, with their number as id. */
const sparkRows = (rows: readonly Row[], firstId = 1) =>
  rows.map(({ payload }, i) => `${JSON.stringify({ id: firstId + i, payload: wrapped(payload) })}\n`).join("");

const N_DATA = "100";
const REPORTS = 30;

describe.each(["stream", "first", "report", "batch"])(
  "an exchange of Spark's files, query points %s",
  (queryPoints) => {
    const at = (...names: string[]) => folder.path(queryPoints, ...names);
    let env: (id: "A" | "B") => Record<string, string>;

    const run = async (id: "A" | "B", ...argv: string[]) => {
      const result = await prio([...argv, "--jobs", "1"], { env: env(id) });
      expect(result.stderr).not.toContain("error");
      expect(result.code).toBe(0);
      return result;
    };
    const exchange = (id: "A" | "B", stage: string) => [
      ...["--input-internal", at(id, stage, "part-00000.json")],
      ...["--input-external", at(id === "A" ? "B" : "A", stage, "part-00000.json")],
    ];

    beforeAll(async () => {
      const made = async (command: string) => JSON.parse((await prio([command])).stdout) as Record<string, string>;
      const keys = { A: await made("keygen"), B: await made("keygen") };
      const secret = (await made("shared-seed"))["shared_seed"] as string;
      env = (id) => ({
        BATCH_ID: "spark",
        N_DATA,
        QUERY_POINTS: queryPoints,
        SERVER_ID: id,
        PUBLIC_KEY_HEX_INTERNAL: keys[id]["public_key"] as string,
        PUBLIC_KEY_HEX_EXTERNAL: keys[id === "A" ? "B" : "A"]["public_key"] as string,
        PRIVATE_KEY_HEX: keys[id]["private_key"] as string,
        SHARED_SECRET: secret,
      });
      const payload = Array.from({ length: Number(N_DATA) }, (_, i) => i % 2);
      writeFileSync(folder.path("values.ndjson"), `${JSON.stringify({ payload })}\n`.repeat(REPORTS));
      const values = folder.path("values.ndjson");
      await run("A", "encode-shares", "--input", values, "--output-A", at("A", "raw"), "--output-B", at("B", "raw"));
      for (const id of ["A", "B"] as const) {
        const rows = rowsOf(read(at(id, "raw", "values.ndjson")));
        writeFileSync(at(id, "raw", "part-00000.json"), sparkRows(rows));
        // The batch in two parts at A, in three at B.
        const cut = id === "A" ? 20 : 10;
        for (let start = 0, part = 0; start < REPORTS; start += cut, part++) {
          writeFileSync(at(id, "raw", `cut-${part}.json`), sparkRows(rows.slice(start, start + cut), 1 + start));
        }
      }
    });

    it("reads integer ids and wrapped packets, and writes the ids as the integers that they are", async () => {
      for (const stage of ["verify1", "verify2"]) {
        for (const id of ["A", "B"] as const) {
          const inputs = stage === "verify1" ? [] : exchange(id, "verify1");
          const argv = [stage, "--input", at(id, "raw", "part-00000.json"), ...inputs, "--output", at(id, stage)];
          const { stdout } = await run(id, ...argv);
          expect(stdout).toBe(`0 errors out of ${REPORTS} total\n`);
          const rows = rowsOf(read(at(id, stage, "part-00000.json")));
          expect(rows.map((row) => row.id)).toEqual(Array.from({ length: REPORTS }, (_, i) => i + 1));
        }
        // The peer's files come back as Spark writes them.
        for (const id of ["A", "B"] as const) {
          const path = at(id, stage, "part-00000.json");
          writeFileSync(path, sparkRows(rowsOf(read(path))));
        }
      }
    });

    it("publishes from aggregates of several lines, however either server divides its rows", async () => {
      for (const id of ["A", "B"] as const) {
        const parts: string[] = [];
        for (let part = 0; part < (id === "A" ? 2 : 3); part++) {
          const argv = ["aggregate", "--input", at(id, "raw", `cut-${part}.json`), "--output", at(id, `part-${part}`)];
          await run(id, ...argv, ...exchange(id, "verify2"));
          const { payload, error, total } = JSON.parse(read(at(id, `part-${part}`, "part-00000.json"))) as {
            payload: string;
            error: number;
            total: number;
          };
          expect([error, total]).toEqual([0, id === "A" ? (part === 0 ? 20 : 10) : 10]);
          parts.push(JSON.stringify({ payload: wrapped(payload), error, total }));
        }
        writeFileSync(at(id, "aggregate.json"), `${parts.join("\n")}\n`);
      }
      const publish = (internal: string, external: string) =>
        prio(["publish", "--input-internal", internal, "--input-external", external, "--output", at("published")], {
          env: env("A"),
        });
      const [a, b] = [at("A", "aggregate.json"), at("B", "aggregate.json")];
      expect((await publish(a, b)).code).toBe(0);
      const { payload } = JSON.parse(read(at("published", "aggregate.json"))) as { payload: number[] };
      expect(payload).toEqual(Array.from({ length: Number(N_DATA) }, (_, i) => (i % 2) * REPORTS));

      const [line = ""] = read(b).split("\n");
      writeFileSync(at("twice.json"), `${read(b)}${line}\n`);
      const twice = await publish(a, at("twice.json"));
      expect([twice.code, twice.stderr]).toEqual([
        1,
        expect.stringMatching("twice.json, line 1 and .*twice.json, line [34] have a part in common"),
      ]);
      writeFileSync(at("half.json"), `${line}\n`);
      const half = await publish(a, at("half.json"));
      expect([half.code, half.stderr]).toEqual([1, expect.stringContaining("the servers counted different reports")]);
      writeFileSync(at("broken.json"), `${read(b)}{"payload"`);
      const broken = await publish(a, at("broken.json"));
      expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining("expected an aggregate")]);
    });
  },
);

it.each([
  ["lines of 75 characters", (text: string) => text.match(/.{1,75}/g)?.join("\r\n")],
  ["newlines alone", (text: string) => text.match(/.{1,76}/g)?.join("\n")],
  ["a blank in a line", (text: string) => wrapped(text).replace(/.\r/, " \r")],
  ["a foreign character", (text: string) => wrapped(text).replace(/^./, "*")],
  ["an id that is no integer", (text: string) => wrapped(text), 1.5],
  ["an id of more than 64 bits", (text: string) => wrapped(text), 2 ** 63],
])("leaves out a row with %s", async (name, damage, id = 1) => {
  const { publicKey, privateKey } = await keysOf();
  const raw = folder.path("damaged.json");
  writeFileSync(raw, `${JSON.stringify({ id, payload: damage(Buffer.alloc(300).toString("base64")) })}\n`);
  const env = { BATCH_ID: "b", N_DATA: "1", SERVER_ID: "A", PUBLIC_KEY_HEX_INTERNAL: publicKey };
  const secrets = { PRIVATE_KEY_HEX: privateKey, SHARED_SECRET: "AAAAAAAAAAAAAAAAAAAAAA==" };
  const errors = folder.path("damaged.errors");
  const argv = ["verify1", "--input", raw, "--output", folder.path("damaged"), "--errors", errors, "--jobs", "1"];
  await prio(argv, { env: { ...env, ...secrets, PUBLIC_KEY_HEX_EXTERNAL: (await keysOf()).publicKey } });
  const reason = name.includes("id") ? "missing-field" : "malformed-base64";
  expect(JSON.parse(read(errors))).toMatchObject({ line: 1, reason });
});

async function keysOf(): Promise<{ publicKey: string; privateKey: string }> {
  const keys = JSON.parse((await prio(["keygen"])).stdout) as { public_key: string; private_key: string };
  return { publicKey: keys.public_key, privateKey: keys.private_key };
}
