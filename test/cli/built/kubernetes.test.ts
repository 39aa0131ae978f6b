// deploy/kubernetes: its script, run by xargs over parts of both servers, and what its manifests promise.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scratch } from "../support.js";
import { bash, bin, prio, root } from "./command.js";
import { Deployment, type Id } from "./deployment.js";

const folder = scratch();
afterAll(() => folder.remove());
const at = (...names: string[]) => folder.path(...names);
const source = `${root}/deploy/kubernetes`;
const text = (...names: string[]) => readFileSync(at(...names), "utf8");
const PARTS = 3;

describe("stage.sh", () => {
  it("comes to the plain sums with xargs -P, and writes a part again as it was", async () => {
    writeFileSync(at("prio"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
    const settings = { BATCH_ID: "visits", N_DATA: "3", QUERY_POINTS: "report" };
    const deployment = await Deployment.in(at, settings);
    const kinds = ["duplicate-id", "duplicate-packet", "proof-failed"].flatMap((kind) => ["--bad-kind", kind]);
    const bad = ["--bad", "15%", ...kinds];
    const rows = ["--rows", "90", "--parts", "2", "--seed", "1", "--output", at("generated")];
    const made = await prio(["generate", ...rows, ...bad], { env: deployment.env("A") });
    expect([made.code, made.stderr]).toEqual([0, expect.anything()]);
    const sums = JSON.parse(text("generated", "_sums.ndjson")) as { payload: number[]; reports: number };

    const run = async (id: Id, script: string) => {
      const env = { ...deployment.env(id), PARTS: String(PARTS), DATA: at(id), S: `${source}/stage.sh` };
      const { code, stderr } = await bash(`set -eu; PATH=${folder.path()}:$PATH; ${script}`, { env });
      return [code, stderr] as const;
    };
    const each = (stage: string) => `seq 0 ${PARTS - 1} | xargs -P 2 -I % sh "$S" ${stage} %`;
    const both = async (script: string) => {
      for (const id of ["A", "B"] as const) {
        const [code, stderr] = await run(id, script);
        expect([code, stderr]).toEqual([0, expect.anything()]);
      }
    };
    const handOver = (stage: string) => {
      for (const [own, other] of ["AB", "BA"]) {
        mkdirSync(at(other as string, "peer", stage), { recursive: true });
        for (const name of readdirSync(at(own as string, stage)))
          copyFileSync(at(own as string, stage, name), at(other as string, "peer", stage, name));
      }
    };
    for (const id of ["A", "B"]) {
      const raw = at("generated", `server_id=${id.toLowerCase()}`, "batch_id=visits");
      mkdirSync(at(id, "raw"), { recursive: true });
      for (const name of readdirSync(raw)) copyFileSync(`${raw}/${name}`, at(id, "raw", name));
    }
    await both('sh "$S" partition');
    await both(each("verify1"));
    expect(await run("A", 'sh "$S" verify2 0')).toEqual([
      1,
      expect.stringContaining("copy the other server's verify1"),
    ]);
    await both('sh "$S" done verify1');
    handOver("verify1");
    await both(each("verify2"));
    const part = text("A", "verify2", "part-00001.ndjson");
    rmSync(at("A", "verify2", "part-00001.ndjson"));
    expect(await run("A", 'sh "$S" done verify2')).toEqual([
      1,
      expect.stringContaining("part-00001.ndjson is missing"),
    ]);
    await both('sh "$S" verify2 1');
    expect(text("A", "verify2", "part-00001.ndjson")).toBe(part);
    await both('sh "$S" done verify2');
    handOver("verify2");
    await both(each("aggregate"));
    const aggregate = text("A", "aggregate", "part-00002.ndjson");
    await both(`JOB_COMPLETION_INDEX=2 sh "$S" aggregate`);
    expect(text("A", "aggregate", "part-00002.ndjson")).toBe(aggregate);
    await both('sh "$S" merge');
    // A record for the dealing out, and one a part.
    const records = ["part-00000", "part-00001", "part-00002", "partition"];
    expect(readdirSync(at("A", "replays")).sort()).toEqual(records);

    const merged = (id: Id) => at(id, "merged", readdirSync(at(id, "merged")).find((name) => /json$/.test(name)) ?? "");
    const files = ["--input-internal", merged("A"), "--input-external", merged("B"), "--output", at("published")];
    const published = await prio(["publish", ...files], { env: deployment.env("A") });
    expect([published.code, published.stderr]).toEqual([0, expect.anything()]);
    const [name] = readdirSync(at("published")).filter((file) => /json$/.test(file));
    expect((JSON.parse(text("published", name as string)) as { payload: number[] }).payload).toEqual(sums.payload);
  }, 120_000);
});

interface Job {
  kind: string;
  spec: {
    completionMode?: string;
    completions?: number;
    backoffLimitPerIndex?: number;
    template: {
      spec: {
        automountServiceAccountToken: boolean;
        securityContext: Record<string, unknown>;
        volumes: { name: string; secret?: { secretName: string } }[];
        containers: {
          command: string[];
          env?: unknown;
          envFrom: Record<string, unknown>[];
          securityContext: Record<string, unknown>;
          volumeMounts: { name: string; readOnly?: boolean }[];
        }[];
      };
    };
  };
}

const manifests = readdirSync(source).filter((name) => /^\d.*\.yaml$/.test(name));
const batch = readFileSync(`${source}/batch.env`, "utf8");

describe.each(manifests)("%s", (name) => {
  const { kind, spec } = parse(readFileSync(`${source}/${name}`, "utf8")) as Job;
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const step = container?.command.slice(2) ?? [];

  it("runs a step of the script, the stages once for each part", () => {
    expect([kind, container?.command.slice(0, 2)]).toEqual(["Job", ["sh", "/scripts/stage.sh"]]);
    const indexed = ["verify1", "verify2", "aggregate"].includes(step.join(" "));
    expect([spec.completionMode, spec.completions]).toEqual(
      indexed ? ["Indexed", Number(/^PARTS=(\d+)$/m.exec(batch)?.[1])] : [undefined, undefined],
    );
  });

  it("has secrets as files only, no root and a file system to read", () => {
    expect([container?.env, container?.envFrom]).toEqual([undefined, [{ configMapRef: { name: "prio-batch" } }]]);
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container?.securityContext).toEqual({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
    expect(container?.volumeMounts.filter(({ readOnly }) => readOnly !== true).map((x) => x.name)).toEqual(["data"]);
    expect(pod.volumes.find((volume) => volume.name === "keys")?.secret?.secretName).toBe("prio-keys");
  });
});

it("names the secrets' files in the batch's settings, never what is in them", () => {
  expect(batch).not.toMatch(/^(PRIVATE_KEY_HEX|SHARED_SECRET|SHARED_SEED)=/m);
  expect(batch).toMatch(/^PRIVATE_KEY_FILE=\/keys\//m);
  expect(batch).toMatch(/^SHARED_SECRET_FILE=\/keys\//m);
});
