// POST /tasks/{task-id}/reports over real HTTP.

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import {
  decodeReport,
  decodeUploadErrors,
  encodeReport,
  encodeUploadRequest,
  MEDIA_TYPES,
  type Report,
} from "prio/dap";
import { afterEach, describe, expect, test } from "vitest";
import type { ServerOptions } from "../../src/http/server.js";
import { type FakeServer, fakeTask, requestHead, startFake } from "../support/http-fakes.js";

let running: FakeServer | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

async function start(...args: Parameters<typeof startFake>): Promise<FakeServer> {
  running = await startFake(...args);
  return running;
}

function report(payload = 100, id = randomBytes(16)): Report {
  const share = (configId: number): Report["leaderEncryptedInputShare"] => ({
    configId,
    enc: randomBytes(32),
    payload: randomBytes(payload),
  });
  return {
    reportMetadata: { reportId: id, time: 5_000_000n, publicExtensions: [{ extensionType: 9, extensionData: id }] },
    publicShare: randomBytes(10),
    leaderEncryptedInputShare: share(1),
    helperEncryptedInputShare: share(2),
  };
}

const upload = (url: string, body: Uint8Array, type: string = MEDIA_TYPES.UploadRequest): Promise<Response> =>
  fetch(url, { method: "POST", body, headers: { "content-type": type } });

describe("uploads", () => {
  test("keeps reports byte for byte, and answers with an empty body", async () => {
    const task = fakeTask();
    const { url, reports, counters } = await start([task]);
    const sent = [report(), report(200), report(0x50)];
    const answer = await upload(`${url}/tasks/${task.idText}/reports`, encodeUploadRequest({ reports: sent }));
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(reports.map(({ content }) => Buffer.from(content))).toEqual(
      sent.map((one) => Buffer.from(encodeReport(one))),
    );
    expect(reports.map(({ id, time, task: key }) => [Buffer.from(id), time, key])).toEqual(
      sent.map((one) => [Buffer.from(one.reportMetadata.reportId), 5_000_000, task.key]),
    );
    expect(decodeReport(reports[1]?.content ?? new Uint8Array())).toBeTruthy();
    expect(counters.get(`${task.key} uploaded`)).toBe(3);
  });

  test("serves every base path", async () => {
    const task = fakeTask();
    const { url, reports } = await start([task]);
    for (const base of ["", "/api/dap", "/tasks/x", "/tasks"]) {
      const answer = await upload(
        `${url}${base}/tasks/${task.idText}/reports`,
        encodeUploadRequest({ reports: [report()] }),
      );
      expect(answer.status).toBe(200);
      expect((await fetch(`${url}${base}/hpke_config`)).status).toBe(200);
    }
    expect(reports.length).toBe(4);
  });

  test("names the refused reports alone, in order", async () => {
    const task = fakeTask();
    const sent = [report(), report(2900), report(), report()];
    const { url, reports, counters, server } = await start([task], {
      uploadRefusals: () => Promise.resolve([11, null, null, 9]),
    });
    const answer = await upload(`${url}/tasks/${task.idText}/reports`, encodeUploadRequest({ reports: sent }));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe(MEDIA_TYPES.UploadErrors);
    const { status } = decodeUploadErrors(new Uint8Array(await answer.arrayBuffer()));
    expect(status.map(({ id, error }) => [Buffer.from(id), error])).toEqual([
      [sent[0]?.reportMetadata.reportId, 11],
      [sent[1]?.reportMetadata.reportId, 8],
      [sent[3]?.reportMetadata.reportId, 9],
    ]);
    expect(reports.length).toBe(1);
    await server.close();
    expect(counters.get(`${task.key} refused:outdated_config`)).toBe(1);
    expect(counters.get(`${task.key} refused:report_too_early`)).toBe(1);
  });

  test("refuses what is no upload with the draft's problem", async () => {
    const task = fakeTask();
    const helper = fakeTask({ role: "helper" });
    const { url, reports } = await start([task, helper]);
    const good = encodeUploadRequest({ reports: [report()] });
    const other = randomBytes(32).toString("base64url");
    const cases: [string, Uint8Array, string, number, string][] = [
      [task.idText, good.subarray(0, -1), MEDIA_TYPES.UploadRequest, 400, "invalidMessage"],
      [task.idText, Buffer.concat([good, randomBytes(3)]), MEDIA_TYPES.UploadRequest, 400, "invalidMessage"],
      [other, good, MEDIA_TYPES.UploadRequest, 404, "unrecognizedTask"],
      ["x", good, MEDIA_TYPES.UploadRequest, 404, "unrecognizedTask"],
      [helper.idText, good, MEDIA_TYPES.UploadRequest, 404, "unrecognizedTask"],
    ];
    for (const [id, body, type, status, problem] of cases) {
      const answer = await upload(`${url}/tasks/${id}/reports`, body, type);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      const document = (await answer.json()) as Record<string, unknown>;
      expect([answer.status, document["type"]]).toEqual([status, `urn:ietf:params:ppm:dap:error:${problem}`]);
      expect(document["status"]).toBe(status);
      expect(document["taskid"]).toBe(id === task.idText || id === helper.idText ? id : undefined);
    }
    expect(reports).toEqual([]);
  });

  test("takes the media type in any spelling, with a version, and no other", async () => {
    const task = fakeTask();
    const { url } = await start([task]);
    const body = encodeUploadRequest({ reports: [report()] });
    const path = `${url}/tasks/${task.idText}/reports`;
    for (const type of [
      'Application/PPM-DAP; message="upload-req"; version=18',
      "application/ppm-dap;version=09;message=upload-req",
    ]) {
      expect((await upload(path, body, type)).status).toBe(200);
    }
    for (const type of [
      "application/ppm-dap",
      MEDIA_TYPES.CollectionJobReq,
      "application/json",
      "text/plain",
      "*",
      "a/b;;",
    ]) {
      const answer = await upload(path, body, type);
      expect([type, answer.status, ((await answer.json()) as { type: string }).type]).toEqual([
        type,
        415,
        "about:blank",
      ]);
    }
  });

  test("takes no body that is compressed, and says so", async () => {
    const task = fakeTask();
    const { url, reports } = await start([task]);
    const path = `${url}/tasks/${task.idText}/reports`;
    const body = encodeUploadRequest({ reports: [report()] });
    const send = (coding: string, bytes: Uint8Array): Promise<Response> =>
      fetch(path, {
        ...{ method: "POST", body: bytes },
        headers: { "content-type": MEDIA_TYPES.UploadRequest, "content-encoding": coding },
      });
    const answer = await send("gzip", gzipSync(body));
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      ...[415, "expected a body without a content coding"],
    ]);
    expect(reports.length).toBe(0);
    expect((await send("Identity", body)).status).toBe(200);
  });

  test("bounds bodies by the task's sizes, announced or in chunks", async () => {
    const task = fakeTask();
    const limit = 1000 * task.limits.maxReportBytes;
    const { url, reports } = await start([task]);
    const path = `${url}/tasks/${task.idText}/reports`;
    const announced = await upload(path, new Uint8Array(limit + 1)).catch((error: unknown) => error as Error);
    if (announced instanceof Response) expect(announced.status).toBe(413);
    const stream = (chunks: number): ReadableStream<Uint8Array> => {
      let sent = 0;
      return new ReadableStream({
        pull(controller) {
          if (sent++ < chunks) controller.enqueue(new Uint8Array(100_000));
          else controller.close();
        },
      });
    };
    const headers = { "content-type": MEDIA_TYPES.UploadRequest };
    const init = (body: ReadableStream): RequestInit =>
      ({ method: "POST", body, headers, duplex: "half" }) as RequestInit;
    const chunked = await fetch(path, init(stream(50))).catch((error: unknown) => error as Error);
    if (chunked instanceof Response) expect(chunked.status).toBe(413);
    expect((await fetch(path, init(stream(2)))).status).toBe(400);
    expect(reports).toEqual([]);
    expect((await upload(path, encodeUploadRequest({ reports: [report()] }))).status).toBe(200);
  });

  test("says 413 before it reads what is announced", async () => {
    const task = fakeTask();
    const { server } = await start([task]);
    const { port } = server.app.server.address() as { port: number };
    const socket = connect(port, "127.0.0.1");
    const fields = { "Content-Type": MEDIA_TYPES.UploadRequest, "Content-Length": 99_999_999 };
    socket.write(requestHead(`/tasks/${task.idText}/reports`, fields));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 413 .*connection: close/is);
    await once(socket, "close");
  });

  test("ends a body that comes a byte at a time", async () => {
    const task = fakeTask();
    const { server } = await start([task]);
    const { port } = server.app.server.address() as { port: number };
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => undefined);
    const fields = `Host: x\r\nContent-Type: ${MEDIA_TYPES.UploadRequest}\r\nTransfer-Encoding: chunked`;
    socket.write(`POST /tasks/${task.idText}/reports HTTP/1.1\r\n${fields}\r\n\r\n`);
    socket.write("1\r\nx\r\n".repeat(10_001));
    await once(socket, "close");
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 400 .*connection: close.*too many small pieces/is);
  });

  test("forgets an upload that breaks off", async () => {
    const task = fakeTask();
    const { server, url, reports } = await start([task], {}, { maxReadingBytes: 2000 });
    const { port } = server.app.server.address() as { port: number };
    for (let i = 0; i < 5; i++) {
      const socket = connect(port, "127.0.0.1");
      const fields = { "Content-Type": MEDIA_TYPES.UploadRequest, "Content-Length": 2500 };
      socket.write(requestHead(`/tasks/${task.idText}/reports`, fields));
      socket.write(randomBytes(1900), () => setImmediate(() => socket.destroy()));
      await once(socket, "close");
    }
    // Had the bytes of the broken ones not been given back, this would be refused.
    expect(
      (await upload(`${url}/tasks/${task.idText}/reports`, encodeUploadRequest({ reports: [report()] }))).status,
    ).toBe(200);
    expect(reports.length).toBe(1);
  });

  test("sheds load with 503 and Retry-After, and takes uploads again", async () => {
    const task = fakeTask();
    const uploads: ServerOptions["uploads"] = {
      reports: 1,
      delay: 1,
      transactions: 1,
      maxWaitingBytes: 1 << 20,
      maxWaitingReports: 3,
    };
    const { url, store, reports } = await start([task], {}, { uploads });
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    store.before = () => gate;
    const path = `${url}/tasks/${task.idText}/reports`;
    const answers = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const answer = await upload(path, encodeUploadRequest({ reports: [report()] }));
        if (answer.status === 503 || i === -1) release();
        return answer;
      }),
    );
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThanOrEqual(1);
    expect(refused.every(({ headers }) => Number(headers.get("retry-after")) > 0)).toBe(true);
    const taken = answers.filter(({ status }) => status === 200).length;
    expect(taken + refused.length).toBe(6);
    expect(reports.length).toBe(taken);
    expect((await upload(path, encodeUploadRequest({ reports: [report()] }))).status).toBe(200);
  });

  test("counts what an upload keeps in memory, and not what it has of reports that are taken", async () => {
    const task = fakeTask();
    const uploads = { reports: 1, delay: 1, transactions: 1, maxWaitingBytes: 1 << 16, maxWaitingReports: 1000 };
    const { url, store, reports } = await start([task], {}, { uploads });
    // Of each upload the second report is too long.
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isWriting = false;
    store.before = () => {
      isWriting = true;
      return gate;
    };
    const path = `${url}/tasks/${task.idText}/reports`;
    const mostlyRefused = () => upload(path, encodeUploadRequest({ reports: [report(), report(1 << 15)] }));
    const first = mostlyRefused();
    await expect.poll(() => isWriting).toBe(true);
    expect((await mostlyRefused()).status).toBe(503);
    release();
    expect((await first).status).toBe(200);
    expect(reports.length).toBe(1);
    expect((await mostlyRefused()).status).toBe(200);
  });

  test("counts what waits while the keys are read, as anybody can make it wait", async () => {
    const task = fakeTask();
    const uploads = { reports: 1, delay: 1, transactions: 1, maxWaitingBytes: 10_000, maxWaitingReports: 1000 };
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let [waiting, refused] = [0, 0];
    const { url } = await start(
      [task],
      {
        async uploadRefusals(_ctx, _task, reports) {
          waiting++;
          await gate;
          return reports.map(() => 11);
        },
      },
      { uploads },
    );
    const path = `${url}/tasks/${task.idText}/reports`;
    const answers = Array.from({ length: 20 }, async () => {
      const { status } = await upload(path, encodeUploadRequest({ reports: [report(1000)] }));
      if (status === 503) refused++;
    });
    await expect.poll(() => waiting + refused, { timeout: 30_000 }).toBe(20);
    // Each has 2 KB and some.
    expect(waiting).toBe(5);
    release();
    await Promise.all(answers);
    expect((await upload(path, encodeUploadRequest({ reports: [report()] }))).status).toBe(200);
  });

  test("answers 503 and logs no address when the store fails", async () => {
    const task = fakeTask();
    const { url, store, lines } = await start([task]);
    store.fail = true;
    const answer = await upload(`${url}/tasks/${task.idText}/reports`, encodeUploadRequest({ reports: [report()] }));
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await answer.text()).not.toContain("disk");
    expect(lines.join("")).toContain("disk of [address]");
  });

  test("tells the client of a paused task to come later, and that of an ended one not to", async () => {
    const paused = fakeTask({ state: "paused" });
    const ended = fakeTask({ state: "ended" });
    const { url } = await start([paused, ended]);
    const body = encodeUploadRequest({ reports: [report()] });
    const first = await upload(`${url}/tasks/${paused.idText}/reports`, body);
    expect([first.status, first.headers.get("retry-after")]).toEqual([503, "300"]);
    expect((await upload(`${url}/tasks/${ended.idText}/reports`, body)).status).toBe(403);
  });

  test("answers every request of a crowd, each once its report is kept", async () => {
    const task = fakeTask();
    const { url, reports } = await start([task]);
    const path = `${url}/tasks/${task.idText}/reports`;
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => upload(path, encodeUploadRequest({ reports: [report()] }))),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(reports.map(({ id }) => Buffer.from(id).toString("hex"))).size).toBe(300);
  });
});
