// The guide's first collection, carried out: its code blocks are written into folders for two operators and a client,
// and run as processes that talk over HTTP. The sizes that it states are checked too.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, Config, generateKeyPair, ServerSecret } from "../../src/index.js";
import { FileReplayRecord } from "../../src/replays/index.js";
import { read, root } from "../package/built.js";

const guide = read("docs/guide.md");

/** The guide's files: each block of code whose first line names one. */
const files = new Map(
  [...guide.matchAll(/^```(?:js|html)\n(?:\/\/|<!--) ([a-z]+\.(?:mjs|html))[^\n]*\n([\s\S]*?)^```$/gm)].map(
    ([block, name = ""]) => [name, block.replace(/^```\w+\n/, "").replace(/```$/, "")],
  ),
);

test("the guide has all the files that it speaks of", () => {
  expect([...files.keys()].sort()).toEqual([
    "client.mjs",
    "collection.mjs",
    "index.html",
    "keys.mjs",
    "secret.mjs",
    "server.mjs",
  ]);
});

/** A port that is free now. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

describe("a first collection", () => {
  const scratch = mkdtempSync(join(tmpdir(), "prio-guide-"));
  const folders = { A: join(scratch, "a"), B: join(scratch, "b"), client: join(scratch, "client") };
  const running: ChildProcess[] = [];
  const questions = ["owns a bicycle", "owns a car", "works from home", "has a garden"];
  let environment: NodeJS.ProcessEnv = {};
  let addresses = { A: "", B: "" };
  let output = { A: "", B: "" };
  let report: (answers: boolean[]) => Promise<void>;

  const write = (folder: string, name: string, text?: string) =>
    writeFileSync(join(folder, name), text ?? files.get(name) ?? "");
  const run = (folder: string, name: string) =>
    execFileSync(process.execPath, [name], { cwd: folder, encoding: "utf8" }).trim();

  /** Starts a server and waits until it listens. */
  const start = (id: "A" | "B"): Promise<ChildProcess> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ["server.mjs", id], { cwd: folders[id], env: environment });
      running.push(child);
      child.on("exit", (status) => reject(new Error(`server ${id} ended with ${status}: ${output[id]}`)));
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (text) => {
          output[id] += text;
          if (output[id].includes("is listening")) resolve(child);
        });
      }
    });

  /** What server A answers when its operator closes the batch. */
  const close = async (token = environment["PEER_TOKEN"]) => {
    const response = await fetch(`${addresses.A}/close`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const post = (address: string, id: string, packet: Uint8Array) =>
    fetch(`${address}/reports/${id}`, { method: "POST", body: new Uint8Array(packet) });

  beforeAll(async () => {
    for (const folder of Object.values(folders)) {
      mkdirSync(join(folder, "node_modules"), { recursive: true });
      symlinkSync(root, join(folder, "node_modules", "prio"), "dir");
    }
    for (const id of ["A", "B"] as const) {
      for (const name of ["keys.mjs", "secret.mjs", "server.mjs"]) write(folders[id], name);
    }
    const keys = { A: run(folders.A, "keys.mjs"), B: run(folders.B, "keys.mjs") };
    const settings = run(folders.A, "secret.mjs").split("\n");
    environment = {
      ...process.env,
      ...Object.fromEntries(
        settings.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      ),
    };
    addresses = { A: `http://localhost:${await freePort()}`, B: `http://localhost:${await freePort()}` };
    const collection = (files.get("collection.mjs") ?? "")
      .replace("the public key that operator A printed", keys.A)
      .replace("the public key that operator B printed", keys.B)
      .replace("http://localhost:8001", addresses.A)
      .replace("http://localhost:8002", addresses.B);
    for (const folder of Object.values(folders)) write(folder, "collection.mjs", collection);
    write(folders.client, "client.mjs");
    ({ report } = await import(/* @vite-ignore */ pathToFileURL(join(folders.client, "client.mjs")).href));
    await Promise.all([start("A"), start("B")]);
  });

  afterAll(() => {
    for (const child of running) {
      child.removeAllListeners("exit");
      child.kill();
    }
    rmSync(scratch, { recursive: true });
  });

  test("keys are private to their owner, and are not made twice", () => {
    expect(statSync(join(folders.A, "private-key.hex")).mode & 0o077).toBe(0);
    expect(() =>
      execFileSync(process.execPath, ["keys.mjs"], { cwd: folders.A, encoding: "utf8", stdio: "pipe" }),
    ).toThrow("EEXIST");
  });

  const kept: { id: string; a: Uint8Array; b: Uint8Array }[] = [];

  test("both servers publish the totals of the honest clients, whatever the others do", async () => {
    const truth = [0, 0, 0, 0];
    for (let i = 0; i < 120; i++) {
      const answers = questions.map((_, k) => (i * (k + 3)) % 5 < 2 + (k % 2));
      await report(answers);
      for (const [k, answer] of answers.entries()) truth[k] = (truth[k] ?? 0) + Number(answer);
    }
    // A packet that goes to A alone, junk, and a pair that does not belong together.
    const code = 'import { Client } from "prio";\nimport { config } from "./collection.mjs";\n';
    write(folders.client, "others.mjs", `${code}export const client = new Client(config);\n`);
    const { client } = (await import(/* @vite-ignore */ pathToFileURL(join(folders.client, "others.mjs")).href)) as {
      client: Client;
    };
    const yes = client.encode([true, true, true, true]);
    const no = client.encode([false, false, false, false]);
    const [alone, junk, mixed] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    expect((await post(addresses.A, alone, no.a)).status).toBe(202);
    for (const address of Object.values(addresses)) {
      expect((await post(address, junk, new Uint8Array(100))).status).toBe(202);
    }
    await post(addresses.A, mixed, yes.a);
    await post(addresses.B, mixed, no.b);
    kept.push({ id: mixed, a: yes.a, b: no.b });

    const stranger = await close("not the token");
    expect(stranger.status).toBe(403);
    const { status, body } = await close();
    expect(status).toBe(200);
    expect(body).toEqual({ reports: 120, ...Object.fromEntries(questions.map((label, k) => [label, truth[k]])) });
    expect(output.B).toContain(JSON.stringify(body));
    expect(output.A).toContain(`${junk}: cannot-open`);
    expect(output.B).toContain(`${junk}: cannot-open`);

    // The form of the line that the guide shows.
    const shown = JSON.parse(/^\{"reports".*\}$/m.exec(guide)?.[0] ?? "") as object;
    expect(Object.keys(shown)).toEqual(Object.keys(body));

    expect((await post(addresses.A, crypto.randomUUID(), yes.a)).status).toBe(410);
    // Asked again, it answers the same.
    expect(await close()).toEqual({ status, body });
  });

  test("after a restart, a packet of before is refused, and nothing is published of few reports", async () => {
    for (const child of running.splice(0)) {
      child.removeAllListeners("exit");
      child.kill();
      await new Promise((resolve) => child.once("exit", resolve));
    }
    output = { A: "", B: "" };
    await Promise.all([start("A"), start("B")]);
    const again = crypto.randomUUID();
    for (const { a, b } of kept) {
      await post(addresses.A, again, a);
      await post(addresses.B, again, b);
    }
    await report([true, false, true, false]);
    const tooFew = { error: "too few packets: 2. The batch stays open." };
    expect(await close()).toEqual({ status: 500, body: tooFew });
    for (let i = 0; i < 100; i++) await post(addresses.A, crypto.randomUUID(), new Uint8Array(100));
    expect(await close()).toEqual({ status: 500, body: { error: "B answers 500 to verify2: too few reports: 1" } });
    expect(output.A).toContain(`${again}: replay`);
    expect(output.B).toContain(`${again}: replay`);
  });

  test("the record is on the disk, with each packet and each id, and is its server's", async () => {
    for (const child of running.splice(0)) {
      child.removeAllListeners("exit");
      child.kill();
      await new Promise((resolve) => child.once("exit", resolve));
    }
    const secret = ServerSecret.fromBase64(environment["PRIO_SECRET"] as string);
    const open = (id: "A" | "B") => FileReplayRecord.open(join(folders[id], "replays"), { server: id, secret });
    for (const id of ["A", "B"] as const) {
      const record = open(id);
      expect(record.isNew).toBe(false);
      record.close();
    }
    // 120 reports, one alone, one mixed; after the restart a new id for the old packet, and one report more.
    const { segments } = JSON.parse(
      readFileSync(join(folders.A, "replays", "manifest"), "utf8").split("\n")[0] as string,
    ) as { segments: { entries: number }[] };
    expect(segments.reduce((sum, { entries }) => sum + entries, 0)).toBe(2 * 122 + 1 + 2);
    cpSync(join(folders.A, "replays"), join(folders.B, "replays"), { recursive: true });
    expect(() => open("B")).toThrow("belongs to server A");
  });

  test("the page loads what the client exports", () => {
    const page = files.get("index.html") ?? "";
    const [, name = "", file = ""] = /import \{ (\w+) \} from "\.\/([a-z.]+)"/.exec(page) ?? [];
    expect(files.get(file)).toContain(`export async function ${name}(`);
    const imports = (JSON.parse(/<script type="importmap">([^<]+)</.exec(page)?.[1] ?? "{}") as { imports: object })
      .imports;
    expect(imports).toEqual({ prio: "./node_modules/prio/dist/index.js" });
    expect(page.match(/type="checkbox"/g)).toHaveLength(questions.length);
  });
});

test("the sizes in the table are those of packets", () => {
  const rows = [...guide.matchAll(/^\| ([\d,]+) \| ([\d,]+) bytes \| ([\d,]+) bytes \|$/gm)].map((row) =>
    row.slice(1).map((text) => Number(text.replaceAll(",", ""))),
  );
  expect(rows.length).toBeGreaterThanOrEqual(5);
  const keys = { serverA: generateKeyPair().publicKey, serverB: generateKeyPair().publicKey };
  for (const [fields = 0, sizeA = 0, sizeB = 0] of rows) {
    const { a, b } = new Client(new Config({ fields, batchId: "mobility 2026-11-24", ...keys })).encode(
      new Uint8Array(fields),
    );
    // An element in 256 is a byte shorter.
    expect(Math.abs(a.length - sizeA), `${fields} fields, A`).toBeLessThanOrEqual(4 + 0.002 * sizeA);
    expect(Math.abs(b.length - sizeB), `${fields} fields, B`).toBeLessThanOrEqual(4);
  }
});
