// This project's side of the exchange: `prio-aggregator` as an operator runs it, its command for tasks, and a collector
// that speaks Janus' dialect.

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { collectorConfig, TASK_INFO, type Task } from "../../scripts/janus/janus.mjs";
import { freePort } from "../../scripts/postgres.mjs";
import * as dap from "../../src/dap/index.js";

const program = fileURLToPath(new URL("../../aggregator/dist/main.js", import.meta.url));
/** Milliseconds after which a server that does not answer will not. */
const START = 60_000;

/** A task's public document, as this project has it. */
export function documentOf(task: Task): dap.TaskDocument {
  return {
    dap: dap.DAP_VERSION,
    ...{ id: task.id, leader: task.leader, helper: task.helper, batchMode: task.batchMode },
    ...{ timePrecision: task.timePrecision, minBatchSize: task.minBatchSize },
    vdaf: task.vdaf as dap.VdafDescription,
    info: Buffer.from(TASK_INFO).toString("base64url"),
    collectorHpkeConfig: collectorConfig(task).toString("base64url"),
  };
}

/** An aggregator in a process of its own, over a SQLite file. */
export class Ours {
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #tasks: { readonly task: Task; readonly role: "leader" | "helper" }[] = [];
  #child: ReturnType<typeof spawn> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#environment = { ...process.env, PRIO_AGGREGATOR_KEY: randomBytes(32).toString("base64url") };
  }

  #run(...args: readonly string[]): string {
    const database = `sqlite:${join(this.#folder, "store.sqlite")}`;
    const all = [program, ...args, "--database", database];
    return execFileSync(process.execPath, all, { env: this.#environment, encoding: "utf8", stdio: "pipe" });
  }

  /** Takes part in a task, as with the document of a peer's operator. */
  add(task: Task, role: "leader" | "helper"): void {
    const file = join(this.#folder, "peer.json");
    const document = {
      ...{ format: "prio-aggregator task for the peer, 1", role, task: documentOf(task), dialect: "janus-0.9" },
      verifyKeySeed: randomBytes(32).toString("base64url"),
      ...{ verifyKey: task.verifyKey, peerToken: task.leaderToken },
    };
    writeFileSync(file, JSON.stringify(document));
    const own = role === "leader" ? ["--max-job-delay", "1s"] : ["--helper-mode", task.helperMode ?? "sync"];
    this.#run("task", "import", file, "--yes", ...own);
    this.#tasks.push({ task, role });
  }

  /** The token of a task's collector, where this aggregator is the leader: it has drawn its own. */
  collectorToken(task: Task): string {
    const file = join(this.#folder, `token-${this.#tasks.findIndex((one) => one.task === task)}`);
    this.#run("task", "export", task.id, "--for", "collector", "--token-output", file);
    return readFileSync(file, "utf8").trim();
  }

  async start(port: number): Promise<void> {
    const database = `sqlite:${join(this.#folder, "store.sqlite")}`;
    const admin = await freePort();
    const settings = ["--listen", `127.0.0.1:${port}`, "--admin-listen", `127.0.0.1:${admin}`, "--log-level", "warn"];
    this.#child = spawn(process.execPath, [program, "serve", "--database", database, ...settings], {
      env: this.#environment,
      stdio: ["ignore", "inherit", "inherit"],
    });
    for (const end = Date.now() + START; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
      const answers = await fetch(`http://127.0.0.1:${port}/hpke_config`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return;
      if (this.#child.exitCode !== null || Date.now() > end) throw new Error("prio-aggregator did not start");
    }
  }

  async stop(): Promise<void> {
    if (this.#child === null || this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }
}

/** Uploads reports that open at the leader and are bad at the helper, who has to refuse them and no other. */
export async function uploadBadReports(task: dap.DapTask, measurement: unknown, time: number): Promise<void> {
  const vdaf = dap.vdafFromJSON(task.vdaf);
  const configs = await Promise.all(
    (["leader", "helper"] as const).map(async (role) => {
      const list = new Uint8Array(await (await fetch(task.hpkeConfigUrl(role))).arrayBuffer());
      return dap.decodeHpkeConfigList(list).find(dap.isHpkeConfigSupported) as dap.HpkeConfig;
    }),
  );
  const changed = (share: Uint8Array): dap.Bytes => {
    const copy = new Uint8Array(share);
    copy[0] = (copy[0] as number) ^ 1;
    return copy;
  };
  const reports = ["ciphertext", "share"].map((fault): dap.Report => {
    const reportMetadata = { reportId: new Uint8Array(randomBytes(16)), time: task.timeAt(time), publicExtensions: [] };
    const { publicShare, inputShares } = vdaf.shard(task.context, measurement as never, reportMetadata.reportId);
    const seal = (role: dap.AggregatorRole, i: number, payload: Uint8Array): dap.HpkeCiphertext => {
      const share = { privateExtensions: [], payload: payload as dap.Bytes };
      return dap.sealInputShare(task, role, configs[i] as dap.HpkeConfig, reportMetadata, publicShare, share);
    };
    const [own, other] = inputShares as [Uint8Array, Uint8Array];
    const helper = seal("helper", 1, fault === "share" ? changed(other) : other);
    return {
      ...{ reportMetadata, publicShare: publicShare as dap.Bytes, leaderEncryptedInputShare: seal("leader", 0, own) },
      helperEncryptedInputShare: fault === "share" ? helper : { ...helper, payload: changed(helper.payload) },
    };
  });
  const response = await fetch(task.url("leader", "reports"), {
    method: "POST",
    headers: { "content-type": dap.MEDIA_TYPES.UploadRequest },
    body: dap.encodeUploadRequest({ reports }) as Uint8Array<ArrayBuffer>,
  });
  const { length } = new Uint8Array(await response.arrayBuffer());
  if (!response.ok || length > 0)
    throw new Error(`the leader refuses reports that only the helper can: ${response.status}`);
}

/**
 * A `fetch` for `DapCollector` with Janus as the leader: it names the jobs that the collector makes, as Janus wants it,
 * and tells the collector where they are.
 */
export const collectorFetch: NonNullable<dap.DapCollectorOptions<unknown>["fetch"]> = async (url, request) => {
  const { body, ...rest } = request;
  if (rest.method !== "POST" || !url.endsWith("/collection_jobs")) return fetch(url, request as RequestInit);
  const job = `${url}/${randomBytes(16).toString("base64url")}`;
  const response = await fetch(job, { ...(rest as RequestInit), method: "PUT", body: body as Uint8Array<ArrayBuffer> });
  const headers = new Headers(response.headers);
  headers.set("location", job);
  return new Response(await response.arrayBuffer(), { status: response.status, headers });
};
