// The batches that the Python command wrote: every stage of both servers from that stage's inputs, byte for byte.

import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { prio, RECORDED_BATCHES, recordedBatch, scratch, secretsOf } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());

describe.each(RECORDED_BATCHES)("the batch %s", (name) => {
  const batch = recordedBatch(name);

  const rows = batch.text("client/data.ndjson").trimEnd().split("\n").length;

  describe.each(["a", "b"] as const)("at server %s", (server) => {
    const here = `server_${server}`;
    const env = batch.env(server);
    const raw = batch.path(`${here}/raw/data.ndjson`);
    const stageFile = (side: "internal" | "external", stage: string) =>
      `${here}/intermediate/${side}/${stage}/data.ndjson`;
    const output = (stage: string) => folder.path(name, server, stage);
    const written = (stage: string) => readFileSync(folder.path(name, server, stage, "data.ndjson"), "utf8");

    it("verify1, verify2 and aggregate write Python's bytes and tell the same counts", async () => {
      const printed: string[] = [];
      const stages = [["verify1"], ["verify2", "verify1"], ["aggregate", "verify2"]] as const;
      for (const [stage, before] of stages) {
        const inputs =
          before === undefined
            ? []
            : [
                "--input-internal",
                batch.path(stageFile("internal", before)),
                "--input-external",
                batch.path(stageFile("external", before)),
              ];
        const result = await prio([stage, "--input", raw, "--output", output(stage), ...inputs, "--jobs", "1"], {
          env,
        });
        expect(result.code).toBe(0);
        expect(written(stage)).toBe(batch.text(stageFile("internal", stage)));
        expect(result.stdout + result.stderr).toMatch(new RegExp(`^\\d+ errors out of ${rows} total\n`));
        printed.push(result.stdout, result.stderr);
      }
      for (const secret of secretsOf(batch)) expect(printed.join()).not.toContain(secret);
    });

    it("publish writes Python's totals under a fresh id and time", async () => {
      const result = await prio(
        [
          ...["publish", "--output", output("processed")],
          ...["--input-internal", batch.path(stageFile("internal", "aggregate"))],
          ...["--input-external", batch.path(stageFile("external", "aggregate"))],
        ],
        { env },
      );
      expect(result.code).toBe(0);
      const [ours, theirs] = [written("processed"), batch.text(`${here}/processed/data.ndjson`)];
      const payload = (text: string) => /"payload": \[.*\]\}$/.exec(text)?.[0];
      expect(payload(ours)).toBe(payload(theirs));
      const { id, timestamp } = JSON.parse(ours) as { id: string; timestamp: string };
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
      expect(ours.startsWith(`{"id": "${id}", "timestamp": "${timestamp}", "payload": [`)).toBe(true);
    });

    it("verify1 is a filter, compressed or not, to the same bytes", async () => {
      const expected = batch.text(stageFile("internal", "verify1"));
      const piped = await prio(["verify1", "--input", "-", "--output", "-", "--jobs", "1"], {
        env,
        stdin: readFileSync(raw),
      });
      expect([piped.code, piped.stdout]).toEqual([0, expected]);
      const zipped = folder.path(name, server, "data.ndjson.gz");
      writeFileSync(zipped, gzipSync(readFileSync(raw)));
      const result = await prio(["verify1", "--input", zipped, "--output", output("zipped"), "--jobs", "1"], { env });
      expect(result.code).toBe(0);
      expect(gunzipSync(readFileSync(folder.path(name, server, "zipped", "data.ndjson.gz"))).toString()).toBe(expected);
    });
  });
});
