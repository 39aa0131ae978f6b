// `prio collect` with a leader that wants a client certificate, and has a certificate of its own authority.

import { writeFileSync } from "node:fs";
import type { ServerOptions } from "node:https";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Certificate, selfSigned } from "../../aggregator/test/support/certificates.js";
import { DapClient, encodeHpkeConfig } from "../../src/dap/index.js";
import { answer, bodyOf } from "../dap/fake-fetch.js";
import { collectorKeys, FakePair, taskOf } from "../dap/fake-pair.js";
import { type FakeServer, serve } from "../dap/fake-server.js";
import { prio, scratch } from "./support.js";

const folder = scratch();
const [leader, collector, stranger] = ["leader", "collector", "stranger"].map(selfSigned) as [
  Certificate,
  Certificate,
  Certificate,
];
let server: FakeServer;
let pair: FakePair;

function file(name: string, text: string): string {
  writeFileSync(folder.path(name), text, { mode: 0o600 });
  return folder.path(name);
}

beforeAll(async () => {
  const tls: ServerOptions = { ...leader, ca: collector.cert, requestCert: true, rejectUnauthorized: true };
  server = await serve(() => pair, {}, tls);
  const task = taskOf({ type: "Prio3Count" }, { leader: `${server.url}/dap`, helper: `${server.url}/helper` });
  pair = new FakePair(task);
  await new DapClient(pair.options).uploadMany([true, true] as never[]);
  file("task.json", JSON.stringify(task));
  const [hpkeConfig, privateKey] = [encodeHpkeConfig(collectorKeys.config), collectorKeys.toBytes()].map((bytes) =>
    Buffer.from(bytes).toString("base64url"),
  );
  file("collector.json", JSON.stringify({ hpkeConfig, privateKey }));
});
afterAll(async () => {
  await server.close();
  folder.remove();
});

const collect = (...args: string[]) => {
  const files = ["--task", folder.path("task.json"), "--private-key-file", folder.path("collector.json")];
  return prio(["collect", ...files, "--date", "2026-03-01", ...args]);
};
const own = () => ["--tls-cert", file("cert.pem", collector.cert), "--tls-key", file("key.pem", collector.key)];
const ca = () => ["--tls-ca", file("ca.pem", leader.cert)];

it("shows its certificate, and checks the leader's", async () => {
  expect(await collect(...own(), ...ca())).toMatchObject({ code: 0, stdout: expect.stringMatching(/^total {2}2 /m) });
});

it("waits for bodies that come in pieces, and asks again for those that break off", async () => {
  pair.instead["collection_jobs"] = [
    (request) => {
      const { headers } = pair.usual(request);
      return { ...answer(200), headers, ...bodyOf([pair.result().slice(0, 40)]) };
    },
  ];
  expect((await collect(...own(), ...ca())).code).toBe(0);
});

it.each([
  ["--tls-cert and --tls-key belong together", () => own().slice(0, 2)],
  ["--tls-cert and --tls-key belong together", () => own().slice(2)],
  ["expected certificates and their key as PEM", () => [...own().slice(0, 3), file("wrong", "no key")]],
  ["expected certificates and their key as PEM", () => [...own().slice(0, 3), file("other", stranger.key)]],
  ["no such file", () => ["--tls-ca", folder.path("nothing")]],
])("says what is wrong with the files: %s (%#)", async (message, args) => {
  const { code, stderr } = await collect(...args());
  expect(code).toBeGreaterThan(0);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("PRIVATE KEY");
});

it("is for https alone", async () => {
  const plain = taskOf({ type: "Prio3Count" }, { leader: "http://127.0.0.1:1/" });
  const task = file("plain.json", JSON.stringify(plain));
  const files = ["--task", task, "--private-key-file", folder.path("collector.json"), "--date", "2026-03-01"];
  expect((await prio(["collect", ...files, ...ca()])).stderr).toContain("are for a leader with https");
});
