// TLS at the server itself, and parties that show a certificate instead of a token, or beside it.

import { request } from "node:https";
import { afterEach, describe, expect, test } from "vitest";
import type { AggregatorTask } from "../../src/tasks/task.js";
import { type Certificate, selfSigned } from "../support/certificates.js";
import { type FakeServer, fakeTask, PEER_TOKEN, startFake } from "../support/http-fakes.js";

let running: FakeServer | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

const server = selfSigned("server");
const ID_TEXT = "lc7aUeGpdSNosNlh-UZhKA";

/** The status of a request, or the code of the error of TLS. */
function ask(
  url: string,
  { ca = server, client, token }: { ca?: Certificate; client?: Certificate; token?: string } = {},
): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const shown = client === undefined ? {} : { key: client.key, cert: client.cert };
    const asked = request(url, { ca: ca.cert, headers, agent: false, ...shown }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
      answer.on("error", reject);
    });
    asked.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asked.end();
  });
}

const job = (task: AggregatorTask): string => `/tasks/${task.idText}/aggregation_jobs/${ID_TEXT}`;

describe("TLS", () => {
  test("knows parties by the certificates that the task names, two at a time", async () => {
    const [first, second, stranger] = [selfSigned("a"), selfSigned("b"), selfSigned("a")];
    const named = { mutualTls: { peer: [first.fingerprint, second.fingerprint], collector: [] } };
    const noToken = fakeTask({ role: "helper", acceptedTokens: { peer: [], collector: [] }, ...named });
    const both = fakeTask({ role: "helper", ...named });
    running = await startFake(
      [noToken, both],
      { readAggregationJob: () => Promise.resolve({ body: null, message: "AggregationJobResp" }) },
      { tls: server },
    );
    const { url } = running;
    expect(await ask(url + job(noToken), { client: first })).toBe(200);
    expect(await ask(url + job(noToken), { client: second })).toBe(200);
    expect(await ask(url + job(noToken), { client: stranger })).toBe(401);
    expect(await ask(url + job(noToken))).toBe(401);
    expect(await ask(url + job(noToken), { token: PEER_TOKEN })).toBe(401);
    expect(await ask(url + job(both), { client: first, token: PEER_TOKEN })).toBe(200);
    expect(await ask(url + job(both), { client: first })).toBe(401);
    expect(await ask(url + job(both), { token: PEER_TOKEN })).toBe(401);
    // Clients of the public resources need none, and may show any.
    expect(await ask(`${url}/hpke_config`)).toBe(200);
    expect(await ask(`${url}/hpke_config`, { client: stranger })).toBe(200);
  });

  test("takes a new certificate while it runs", async () => {
    running = await startFake([], {}, { tls: server });
    const next = selfSigned("server");
    expect(await ask(`${running.url}/hpke_config`)).toBe(200);
    running.server.replaceTls(next);
    expect(await ask(`${running.url}/hpke_config`, { ca: next })).toBe(200);
    expect(await ask(`${running.url}/hpke_config`)).not.toBe(200);
  });

  test("sees no certificate where there is no TLS", async () => {
    const client = selfSigned("a");
    const task = fakeTask({
      role: "helper",
      acceptedTokens: { peer: [], collector: [] },
      mutualTls: { peer: [client.fingerprint], collector: [] },
    });
    running = await startFake([task], {});
    const answer = await fetch(running.url + job(task), { headers: { "x-client-cert": client.fingerprint } });
    expect(answer.status).toBe(401);
  });
});
