// The peer's and the collector's resources over real HTTP: what is served to whom, and how it is answered.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { MEDIA_TYPES, type MessageName } from "prio/dap";
import { afterEach, describe, expect, test } from "vitest";
import type { Operations } from "../../src/http/operations.js";
import { PATHS, resourceAt, withoutBase } from "../../src/http/resources.js";
import { DAP_ERRORS, PROBLEMS, Problem, type ProblemName } from "../../src/problem.js";
import type { Answer } from "../../src/protocol/answer.js";
import {
  COLLECTOR_TOKEN,
  type FakeServer,
  fakeTask,
  PEER_TOKEN,
  requestHead,
  sha256,
  startFake,
} from "../support/http-fakes.js";

let running: FakeServer | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

async function start(...args: Parameters<typeof startFake>): Promise<FakeServer> {
  running = await startFake(...args);
  return running;
}

const ID = Buffer.from("95ceda51e1a9752368b0d961f9466128", "hex");
const ID_TEXT = "lc7aUeGpdSNosNlh-UZhKA";
const BODY = randomBytes(300);

const ready = (message: MessageName, location?: string): Promise<Answer> =>
  Promise.resolve({ body: randomBytes(40), message, ...(location === undefined ? {} : { location }) });

interface Case {
  readonly operation: keyof Operations;
  readonly role: "leader" | "helper";
  readonly method: string;
  readonly path: string;
  readonly request: MessageName | null;
  readonly response: MessageName;
}

const CASES: readonly Case[] = [
  ["createAggregationJob", "helper", "POST", "/aggregation_jobs", "AggregationJobInitReq", "AggregationJobResp"],
  [
    "continueAggregationJob",
    "helper",
    "POST",
    `/aggregation_jobs/${ID_TEXT}`,
    "AggregationJobContinueReq",
    "AggregationJobResp",
  ],
  ["readAggregationJob", "helper", "GET", `/aggregation_jobs/${ID_TEXT}?step=1`, null, "AggregationJobResp"],
  ["createAggregateShare", "helper", "POST", "/aggregate_shares", "AggregateShareReq", "AggregateShare"],
  ["readAggregateShare", "helper", "GET", `/aggregate_shares/${ID_TEXT}`, null, "AggregateShare"],
  ["createCollectionJob", "leader", "POST", "/collection_jobs", "CollectionJobReq", "CollectionJobResp"],
  ["readCollectionJob", "leader", "GET", `/collection_jobs/${ID_TEXT}`, null, "CollectionJobResp"],
].map(
  ([operation, role, method, path, request, response]) =>
    ({ operation, role, method, path, request, response }) as Case,
);

const tokenOf = ({ role }: Pick<Case, "role">): string => (role === "helper" ? PEER_TOKEN : COLLECTOR_TOKEN);

function ask(url: string, task: string, one: Case, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/tasks/${task}${one.path}`, {
    method: one.method,
    headers: {
      authorization: `Bearer ${tokenOf(one)}`,
      ...(one.request === null ? {} : { "content-type": MEDIA_TYPES[one.request] }),
      ...headers,
    },
    ...(one.request === null ? {} : { body: BODY }),
  });
}

describe.each(CASES)("$method $path", (one) => {
  test("gives the operation the bytes, and answers with its message", async () => {
    const task = fakeTask({ role: one.role });
    const calls: unknown[][] = [];
    const { url } = await start([task], {
      [one.operation]: (...args: unknown[]) => {
        calls.push(args.slice(2));
        return ready(one.response, one.method === "POST" ? "/there/x" : undefined);
      },
    });
    const answer = await ask(url, task.idText, one);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, MEDIA_TYPES[one.response]]);
    expect((await answer.arrayBuffer()).byteLength).toBe(40);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const base = one.role === "leader" ? "/api/dap" : "/dap";
    expect(answer.headers.get("location")).toBe(one.method === "POST" ? `${base}/tasks/${task.idText}/there/x` : null);
    const id = one.path.includes(ID_TEXT) ? [ID] : [];
    expect(calls).toEqual([[...id, ...(one.request === null ? [] : [BODY]), ...(one.path.includes("?") ? [1] : [])]]);
  });

  test("answers with nothing but where and when to ask while there is nothing", async () => {
    const task = fakeTask({ role: one.role });
    const { url } = await start([task], {
      [one.operation]: () =>
        Promise.resolve({ body: null, message: one.response, retryAfter: 1.5, location: "/aggregation_jobs/x?step=0" }),
    });
    const answer = await ask(url, task.idText, one);
    expect([answer.status, answer.headers.get("retry-after"), await answer.text()]).toEqual([200, "2", ""]);
    expect(answer.headers.get("location")).toMatch(/^\/(api\/)?dap\/tasks\/.*\?step=0$/);
    expect(answer.headers.get("content-type")).toBeNull();
  });

  test("asks for the party's token, of which two may be valid", async () => {
    const tokens = [sha256("second"), sha256(tokenOf(one))];
    const task = fakeTask({ role: one.role, acceptedTokens: { peer: tokens, collector: tokens } });
    const without = fakeTask({ role: one.role, acceptedTokens: { peer: [], collector: [] } });
    const { url, lines } = await start([task, without], { [one.operation]: () => ready(one.response) });
    const status = async (headers: Record<string, string>, id = task.idText): Promise<number> =>
      (await ask(url, id, one, headers)).status;
    expect(await status({})).toBe(200);
    expect(await status({ authorization: "bearer second" })).toBe(200);
    expect(await status({ authorization: "", "dap-auth-token": "second" })).toBe(200);
    for (const authorization of ["", "Bearer", "Bearer x", "Bearer second2", "Basic second", "Bearer  "]) {
      expect([authorization, await status({ authorization })]).toEqual([authorization, 401]);
    }
    expect(await status({}, without.idText)).toBe(401);
    const refused = await ask(url, task.idText, one, { authorization: "Bearer wrong-token-marker" });
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    expect(await refused.json()).toMatchObject({ type: "about:blank", status: 401, taskid: task.idText });
    expect(lines.join("")).toContain("request refused");
    expect(lines.join("")).not.toMatch(/marker|127\.0\.0\.1/);
  });

  test("refuses another media type, role, id and too much", async () => {
    const task = fakeTask({ role: one.role });
    const other = fakeTask({ role: one.role === "leader" ? "helper" : "leader" });
    const { url } = await start([task, other], { [one.operation]: () => ready(one.response) });
    expect((await ask(url, other.idText, one)).status).toBe(404);
    expect((await ask(url, "A".repeat(43), one)).status).toBe(404);
    if (one.path.includes(ID_TEXT)) {
      for (const id of ["x", ID_TEXT.slice(1), `${ID_TEXT}A`, `${ID_TEXT.slice(0, -1)}B`]) {
        const answer = await ask(url, task.idText, { ...one, path: one.path.replace(ID_TEXT, id) });
        expect(answer.status).toBe(404);
        const urn = `${DAP_ERRORS}unrecognizedAggregationJob`;
        expect(await answer.json()).toMatchObject({
          type: one.path.startsWith("/aggregation_jobs") ? urn : "about:blank",
        });
      }
    }
    if (one.request === null) return;
    expect((await ask(url, task.idText, one, { "content-type": MEDIA_TYPES.UploadRequest })).status).toBe(415);
    const init = { method: "POST", body: new Uint8Array(5_000_000) };
    const headers = { authorization: `Bearer ${tokenOf(one)}`, "content-type": MEDIA_TYPES[one.request] };
    const large = await fetch(`${url}/tasks/${task.idText}${one.path}`, { ...init, headers }).catch(() => null);
    if (large !== null) expect(large.status).toBe(413);
  });

  test("makes each problem its document", async () => {
    const task = fakeTask({ role: one.role });
    let type: ProblemName = "invalidMessage";
    const { url } = await start([task], {
      [one.operation]: () =>
        Promise.reject(new Problem(type, "one sentence", { members: { unsupported_extensions: [23] } })),
    });
    for (type of Object.keys(PROBLEMS) as ProblemName[]) {
      const answer = await ask(url, task.idText, one);
      expect(answer.status).toBe(PROBLEMS[type].status);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(await answer.json()).toMatchObject({
        type: PROBLEMS[type].dap ? DAP_ERRORS + type : "about:blank",
        title: PROBLEMS[type].title,
        status: PROBLEMS[type].status,
        detail: "one sentence",
        taskid: task.idText,
        unsupported_extensions: [23],
      });
    }
  });

  test("keeps the text of an unexpected error for the log, with an id that finds it", async () => {
    const task = fakeTask({ role: one.role });
    const { url, lines } = await start([task], {
      [one.operation]: () => Promise.reject(new TypeError("the text of a fault at 192.0.2.1")),
    });
    const answer = await ask(url, task.idText, one);
    expect(answer.status).toBe(500);
    const text = await answer.text();
    expect(text).not.toContain("fault");
    const { request } = JSON.parse(text) as { request: string };
    const line = lines.find((found) => found.includes(request)) ?? "";
    expect(line).toContain("the text of a fault at [address]");
    expect(JSON.parse(line)).toMatchObject({ level: "error", status: 500, task: task.idText });
  });
});

describe("resources", () => {
  test("deletes", async () => {
    const helper = fakeTask({ role: "helper" });
    const leader = fakeTask();
    const deleted: unknown[] = [];
    const remember = (_ctx: unknown, task: unknown, id: unknown): Promise<void> => {
      deleted.push([task, id]);
      return Promise.resolve();
    };
    const { url } = await start([helper, leader], {
      deleteAggregationJob: remember,
      deleteAggregateShare: remember,
      deleteCollectionJob: remember,
    });
    for (const [task, token, name] of [
      [helper, PEER_TOKEN, "aggregation_jobs"],
      [helper, PEER_TOKEN, "aggregate_shares"],
      [leader, COLLECTOR_TOKEN, "collection_jobs"],
    ] as const) {
      const path = `${url}/tasks/${task.idText}/${name}/${ID_TEXT}`;
      expect((await fetch(path, { method: "DELETE" })).status).toBe(401);
      const answer = await fetch(path, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }
    expect(deleted).toEqual([
      [helper, ID],
      [helper, ID],
      [leader, ID],
    ]);
  });

  test("refuses a step that is none", async () => {
    const helper = fakeTask({ role: "helper" });
    const { url } = await start([helper], { readAggregationJob: () => ready("AggregationJobResp") });
    const headers = { authorization: `Bearer ${PEER_TOKEN}` };
    const status = async (query: string): Promise<number> =>
      (await fetch(`${url}/tasks/${helper.idText}/aggregation_jobs/${ID_TEXT}${query}`, { headers })).status;
    expect([await status(""), await status("?step=0"), await status("?step=65535&x=1")]).toEqual([200, 200, 200]);
    for (const query of ["?step=", "?step=65536", "?step=-1", "?step=1&step=2", "?step=1e3"]) {
      expect([query, await status(query)]).toEqual([query, 400]);
    }
  });

  test("says which methods a resource has, and answers OPTIONS", async () => {
    const helper = fakeTask({ role: "helper" });
    const { url } = await start([helper], { readAggregationJob: () => ready("AggregationJobResp") });
    for (const [path, allow] of [
      ["/hpke_config", "GET, HEAD, OPTIONS"],
      [`/tasks/${helper.idText}/reports`, "POST, OPTIONS"],
      [`/tasks/${helper.idText}/aggregation_jobs`, "POST, OPTIONS"],
      [`/api/tasks/${helper.idText}/aggregation_jobs/${ID_TEXT}?step=1`, "POST, GET, DELETE, OPTIONS"],
      [`/tasks/${helper.idText}/collection_jobs/${ID_TEXT}`, "GET, DELETE, OPTIONS"],
    ] as const) {
      const answer = await fetch(url + path, { method: "PATCH" });
      expect([path, answer.status, answer.headers.get("allow")]).toEqual([path, 405, allow]);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
    }
    const options = await fetch(`${url}/tasks/${helper.idText}/aggregation_jobs/${ID_TEXT}`, { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "POST, GET, DELETE, OPTIONS"]);
    expect(options.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("has no HEAD where a GET can change what is kept: only the keys have it", async () => {
    const tasks = { leader: fakeTask(), helper: fakeTask({ role: "helper" }) };
    const read: string[] = [];
    const reads = CASES.filter(({ method }) => method === "GET");
    const operations = reads.map(({ operation, response }) => [
      operation,
      () => {
        read.push(operation);
        return ready(response);
      },
    ]);
    const { url } = await start(Object.values(tasks), Object.fromEntries(operations));
    for (const { role, path } of reads) {
      const headers = { authorization: `Bearer ${role === "helper" ? PEER_TOKEN : COLLECTOR_TOKEN}` };
      const answer = await fetch(`${url}/tasks/${tasks[role].idText}${path}`, { method: "HEAD", headers });
      expect([path, answer.status, answer.headers.get("content-type")]).toEqual([
        path,
        405,
        "application/problem+json",
      ]);
      expect(answer.headers.get("allow")).toMatch(/GET, DELETE, OPTIONS$/);
    }
    expect(read).toEqual([]);
    const [head, get] = await Promise.all(["HEAD", "GET"].map((method) => fetch(`${url}/hpke_config`, { method })));
    expect([head?.status, await head?.text()]).toEqual([200, ""]);
    expect(head?.headers.get("content-length")).toBe(get?.headers.get("content-length"));
  });

  test("has nothing elsewhere, whatever the method", async () => {
    const task = fakeTask();
    const { url } = await start([task]);
    const paths = [
      "/",
      "/tasks",
      `/tasks/${task.idText}`,
      `/tasks/${task.idText}/reports/`,
      "/hpke_config/x",
      `/${"x".repeat(2000)}`,
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST", "PUT", "PROPFIND"]) {
        const answer = await fetch(url + path, { method, ...(method === "POST" ? { body: "{}" } : {}) });
        expect([path, method, answer.status]).toEqual([path, method, 404]);
        expect(answer.headers.get("content-type")).toBe("application/problem+json");
      }
    }
  });

  test("refuses paths that cannot be decoded", async () => {
    const { url } = await start([]);
    for (const path of ["/%ff", "/tasks/%zz/reports"]) {
      const answer = await fetch(url + path);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([400, "application/problem+json"]);
    }
  });

  test("lets pages of any origin upload, and read the keys, and nothing else", async () => {
    const task = fakeTask();
    const { url } = await start([task]);
    const preflight = (path: string): Promise<Response> =>
      fetch(url + path, {
        method: "OPTIONS",
        headers: {
          origin: "https://page.example",
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type",
        },
      });
    for (const path of ["/hpke_config", `/base/tasks/${task.idText}/reports`]) {
      const { status, headers } = await preflight(path);
      expect(status).toBe(204);
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-allow-methods")).toContain("POST");
      expect(headers.get("access-control-allow-headers")).toContain("content-type");
      expect(Number(headers.get("access-control-max-age"))).toBeGreaterThan(600);
    }
    for (const name of ["aggregation_jobs", "collection_jobs", `collection_jobs/${ID_TEXT}`]) {
      expect((await preflight(`/tasks/${task.idText}/${name}`)).headers.get("access-control-allow-origin")).toBeNull();
    }
    const refused = await fetch(`${url}/tasks/x/reports`, {
      method: "POST",
      headers: { origin: "https://page.example" },
    });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([404, "*"]);
  });

  test("announces its keys, to be kept for a day", async () => {
    const { url, pair } = await start([]);
    const answer = await fetch(`${url}/hpke_config`);
    expect(answer.headers.get("content-type")).toBe(MEDIA_TYPES.HpkeConfigList);
    expect(answer.headers.get("cache-control")).toBe("public, max-age=86400");
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.subarray(-32)).toEqual(Buffer.from(pair.config.publicKey));
  });

  test("works on a bounded number of jobs, and tells others to come later", async () => {
    const task = fakeTask({ role: "helper" });
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let working = 0;
    const { url } = await start(
      [task],
      {
        async createAggregationJob() {
          if (++working === 2) release();
          await gate;
          return ready("AggregationJobResp");
        },
      },
      { maxJobRequests: 2 },
    );
    const [one] = CASES;
    if (one === undefined) throw new Error("no case");
    const both = [ask(url, task.idText, one), ask(url, task.idText, one)];
    await gate;
    const answers = await Promise.all(both);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    working = -10;
    let open = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    const third = await start(
      [task],
      {
        async createAggregationJob() {
          await held;
          return ready("AggregationJobResp");
        },
      },
      { maxJobRequests: 2 },
    );
    const waiting = Array.from({ length: 3 }, () => ask(third.url, task.idText, one));
    const first = await Promise.race(waiting);
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "2"]);
    open();
    expect((await Promise.all(waiting)).map(({ status }) => status).sort()).toEqual([200, 200, 503]);
  });

  test("counts the bytes of bodies until they are worked on", async () => {
    const task = fakeTask({ role: "helper" });
    let open = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    let working = 0;
    const { url } = await start(
      [task],
      {
        async createAggregationJob() {
          working++;
          await held;
          return ready("AggregationJobResp");
        },
      },
      { maxReadingBytes: 2 * BODY.length },
    );
    const [one] = CASES;
    if (one === undefined) throw new Error("no case");
    const both = [ask(url, task.idText, one), ask(url, task.idText, one)];
    await expect.poll(() => working, { timeout: 30_000 }).toBe(2);
    expect((await ask(url, task.idText, one)).status).toBe(503);
    open();
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await ask(url, task.idText, one)).status).toBe(200);
  });

  test.each([
    ["places", { maxJobRequests: 4 }],
    ["bytes", { maxReadingBytes: 4 * BODY.length }],
  ])("leaves a quarter of the %s for the peers of other tasks", async (_what, options) => {
    const [busy, other] = [fakeTask({ role: "helper" }), fakeTask({ role: "helper" })];
    let open = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    let [working, refused] = [0, 0];
    const { url } = await start(
      [busy, other],
      {
        async createAggregationJob(_ctx, task) {
          working++;
          if (task.key === busy.key) await held;
          return ready("AggregationJobResp");
        },
      },
      options,
    );
    const [one] = CASES;
    if (one === undefined) throw new Error("no case");
    const asked = Array.from({ length: 6 }, async () => {
      if ((await ask(url, busy.idText, one)).status === 503) refused++;
    });
    await expect.poll(() => [working, refused], { timeout: 30_000 }).toEqual([3, 3]);
    expect((await ask(url, other.idText, one)).status).toBe(200);
    open();
    await Promise.all(asked);
    expect((await ask(url, busy.idText, one)).status).toBe(200);
  });

  test("lets no body that comes slowly keep out others", async () => {
    const leader = fakeTask();
    const helper = fakeTask({ role: "helper" });
    const { server, url } = await start(
      [leader, helper],
      { createAggregationJob: async () => ready("AggregationJobResp") },
      { maxJobRequests: 2, maxReadingBytes: 5000 },
    );
    const { port } = server.app.server.address() as { port: number };
    const slowly = async (path: string, message: string, length: number): Promise<void> => {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      const fields = { Authorization: `Bearer ${PEER_TOKEN}`, "Content-Type": message, "Content-Length": 2900 };
      socket.write(requestHead(path, { ...fields, Expect: "100-continue" }));
      await once(socket, "data");
      await new Promise((resolve) => socket.write(randomBytes(length), resolve));
    };
    const sockets: Socket[] = [];
    // Two uploads have all the bytes that there are for uploads, and the peer's requests have all the places.
    for (let i = 0; i < 2; i++) {
      await slowly(`/tasks/${leader.idText}/reports`, MEDIA_TYPES.UploadRequest, 2800);
      await slowly(`/tasks/${helper.idText}/aggregation_jobs`, MEDIA_TYPES.AggregationJobInitReq, 10);
    }
    const upload = (): Promise<Response> =>
      fetch(`${url}/tasks/${leader.idText}/reports`, {
        ...{ method: "POST", body: randomBytes(100), headers: { "content-type": MEDIA_TYPES.UploadRequest } },
      });
    await expect.poll(async () => (await upload()).status, { timeout: 30_000 }).toBe(503);
    const [one] = CASES;
    if (one === undefined) throw new Error("no case");
    expect((await ask(url, helper.idText, one)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test("cuts off a client that does not come to an end", async () => {
    const task = fakeTask();
    const { server } = await start([task], {}, { requestTimeout: 1, headersTimeout: 1 });
    const { port } = server.app.server.address() as { port: number };
    const type = MEDIA_TYPES.UploadRequest;
    for (const text of [
      "POST /tasks/x",
      `${requestHead(`/tasks/${task.idText}/reports`, { "Content-Type": type, "Content-Length": 1000 })}abc`,
    ]) {
      const socket = connect(port, "127.0.0.1");
      socket.write(text);
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      await once(socket, "close");
      expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 408 .*application\/problem\+json/s);
    }
  });

  test("answers what is no HTTP with a problem", async () => {
    const { server } = await start([]);
    const { port } = server.app.server.address() as { port: number };
    for (const text of ["\0\0\0\r\n\r\n", `GET / HTTP/1.1\r\nx: ${"y".repeat(20_000)}\r\n\r\n`]) {
      const socket = connect(port, "127.0.0.1");
      socket.write(text);
      const [answer] = (await once(socket, "data")) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1.1 4\d\d .*application\/problem\+json.*"status":4/s);
      socket.destroy();
    }
  });

  test("finds resources behind any base", () => {
    for (const [name, path] of Object.entries(PATHS)) {
      const concrete = path.replace(":task", "T").replace(":id", "I");
      for (const base of ["", "/a", "/a/tasks/b", "/a/hpke_config"]) {
        expect(resourceAt(withoutBase(`${base}${concrete}?q=/tasks/`))).toBe(name);
      }
    }
    expect(resourceAt(withoutBase("/x"))).toBeUndefined();
    expect(withoutBase("/a/hpke_config?x")).toBe("/hpke_config?x");
  });
});
