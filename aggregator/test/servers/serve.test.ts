// `prio-aggregator serve` as a process: what it says when it cannot start, and what signals do to it.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { selfSigned } from "../support/certificates.js";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
let folder: string;
beforeAll(async () => {
  // Beside the packages that it needs, and with the library's sources.
  const cache = path("../../../node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "serve-test-"));
  const library = ["dap", "prio3", "dp"].map((name) => [`prio/${name}`, path(`../../../src/${name}/index.ts`)]);
  await esbuild.build({
    entryPoints: [path("../../src/main.ts")],
    outfile: join(folder, "main.mjs"),
    bundle: true,
    alias: Object.fromEntries(library),
    external: ["fastify", "@fastify/cors", "pino", "pg", "prom-client", "commander", "@photostructure/sqlite"],
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Running {
  readonly child: ChildProcess;
  /** Its status, when it has ended. */
  readonly ended: Promise<number | null>;
  /** Resolves with the line that has this message. */
  line(message: string): Promise<Record<string, unknown>>;
  readonly output: { stdout: string; stderr: string };
}

let runs = 0;

function serve(...args: readonly string[]): Running {
  const database = `sqlite:${join(folder, `${runs++}.sqlite`)}`;
  const flags = ["--database", database, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", ...args];
  const env = { ...process.env, PRIO_AGGREGATOR_KEY: randomBytes(32).toString("base64url") };
  const child = spawn(process.execPath, [join(folder, "main.mjs"), "serve", ...flags], { env });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  const waiting: (() => void)[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const ended = once(child, "close").then(([status]) => status as number | null);
  return {
    child,
    ended,
    output,
    line: (message) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const lines = output.stdout.split("\n").slice(0, -1);
          const found = lines
            .map((one) => JSON.parse(one) as Record<string, unknown>)
            .find(({ msg }) => msg === message);
          if (found !== undefined) resolve(found);
        };
        waiting.push(look);
        look();
        void ended.then(() => reject(new Error(`it ended without "${message}": ${output.stdout}${output.stderr}`)));
      }),
  };
}

describe("serve", () => {
  test("answers until SIGTERM, and ends with 0", async () => {
    const running = serve();
    const { port, roles } = await running.line("started");
    expect(roles).toEqual(["api", "driver", "cleaner"]);
    expect((await fetch(`http://127.0.0.1:${port}/hpke_config`)).status).toBe(200);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    await running.line("stopped");
    expect(running.output.stderr).toBe("");
  });

  test("waits for a request on a signal, and for nothing on the second", async () => {
    const running = serve();
    const { port } = await running.line("started");
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    // A request of which half has come.
    socket.write("GET /hpke_config HTTP/1.1\r\nHo");
    expect((await fetch(`http://127.0.0.1:${port}/hpke_config`)).status).toBe(200);
    running.child.kill("SIGINT");
    await running.line("stopping");
    running.child.kill("SIGINT");
    expect(await running.ended).toBe(1);
    await running.line("ended at once");
  });

  test("says in one sentence what keeps it from starting", async () => {
    const first = serve();
    const { port } = await first.line("started");
    const taken = serve("--listen", `127.0.0.1:${port}`);
    expect(await taken.ended).toBe(1);
    expect(taken.output.stderr).toBe(
      `prio-aggregator: error: listen: cannot use 127.0.0.1:${port}: another program uses it\n`,
    );
    const takenByOther = serve("--admin-listen", `127.0.0.1:${port}`);
    expect(await takenByOther.ended).toBe(1);
    expect(takenByOther.output.stderr).toBe(
      `prio-aggregator: error: adminListen: cannot use 127.0.0.1:${port}: another program uses it\n`,
    );
    const noFile = serve("--tls-cert", join(folder, "none.pem"), "--tls-key", join(folder, "none.pem"));
    expect(await noFile.ended).toBe(1);
    expect(noFile.output.stderr).toMatch(
      /^prio-aggregator: error: cannot read the certificate in .*none.pem: no such file or directory\n$/,
    );
    writeFileSync(join(folder, "no.pem"), "no certificate");
    const noCertificate = serve("--tls-cert", join(folder, "no.pem"), "--tls-key", join(folder, "no.pem"));
    expect(await noCertificate.ended).toBe(1);
    expect(noCertificate.output.stderr).toMatch(/^prio-aggregator: error: the certificate in .* cannot be used\n$/);
    const unknown = serve("--roles", "cook");
    expect([await unknown.ended, unknown.output.stderr]).toEqual([
      1,
      'prio-aggregator: error: --roles: expected some of api,driver,cleaner, got "cook"\n',
    ]);
  });

  test("reads its certificate again on SIGHUP, and keeps the old one if the new one cannot be used", async () => {
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const write = (certificate: { readonly cert: string; readonly key: string }): void => {
      writeFileSync(cert, certificate.cert);
      writeFileSync(key, certificate.key);
    };
    const shown = (port: unknown): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { port: Number(port), path: "/hpke_config", rejectUnauthorized: false, agent: false };
        get(options, (answer) => {
          const { socket } = answer as unknown as { socket: { getPeerCertificate(): { fingerprint256: string } } };
          resolve(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
          answer.resume();
        }).on("error", reject);
      });
    const [old, next] = [selfSigned("old"), selfSigned("next")];
    write(old);
    const running = serve("--tls-cert", cert, "--tls-key", key);
    const { port } = await running.line("started");
    expect(await shown(port)).toBe(old.fingerprint);
    write({ cert: "no certificate", key: next.key });
    running.child.kill("SIGHUP");
    await running.line("what was read again cannot be used");
    expect(await shown(port)).toBe(old.fingerprint);
    write(next);
    running.child.kill("SIGHUP");
    await running.line("certificate read again");
    expect(await shown(port)).toBe(next.fingerprint);
  });
});
