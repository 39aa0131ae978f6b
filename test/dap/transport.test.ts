// Requests to aggregators that misbehave in every way: statuses, pauses, broken and endless bodies, redirects, silence.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DapError } from "../../src/dap/dap-error.js";
import { type DapRequest, Transport, type TransportOptions } from "../../src/dap/transport.js";
import { PrioError } from "../../src/errors.js";
import { answer, bodyOf, FakeFetch, problem, type Scripted } from "./fake-fetch.js";

const post: DapRequest = {
  server: "leader",
  method: "POST",
  url: "https://leader.example/tasks/x/reports",
  what: "upload",
  headers: { "content-type": "application/ppm-dap;message=upload-req" },
  body: Uint8Array.of(1, 2, 3),
  longest: 100,
};
const publicGet: DapRequest = {
  server: "helper",
  method: "GET",
  url: "https://helper.example/hpke_config",
  what: "HPKE configuration",
  longest: 100,
  isPublic: true,
};

function withAnswers(script: readonly Scripted[], options: TransportOptions = {}) {
  const fake = new FakeFetch(...script);
  const transport = new Transport({ fetch: fake.fetch, sleep: fake.sleep, clock: () => 1e12, ...options });
  return { fake, send: (request = post) => transport.send(request, ({ body }) => body) };
}

async function errorOf(promise: Promise<unknown>): Promise<DapError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DapError);
  return error as DapError;
}

describe("statuses", () => {
  test.each(Array.from({ length: 100 }, (_, i) => 200 + i))("%d is a success", async (status) => {
    const { fake, send } = withAnswers([answer(status, "yes")]);
    expect(await send()).toEqual(new TextEncoder().encode("yes"));
    expect(fake.sent).toHaveLength(1);
  });

  const transient = [408, 425, 429];
  test.each(Array.from({ length: 300 }, (_, i) => 300 + i))(
    "%d is tried again only if that can help",
    async (status) => {
      const { fake, send } = withAnswers([answer(status, "no")]);
      const error = await errorOf(send());
      const isTransient = status >= 500 || transient.includes(status);
      expect(error).toMatchObject({ code: isTransient ? "unavailable" : "refused", status, server: "leader" });
      expect(error.message).toMatch(/^leader: upload: \S/);
      expect(fake.sent).toHaveLength(isTransient ? 5 : 1);
    },
  );

  test("a redirect that a browser hides is refused", async () => {
    const { fake, send } = withAnswers([{ ...answer(200), status: 0 }]);
    expect((await errorOf(send())).message).toContain("redirects elsewhere");
    expect(fake.sent).toHaveLength(1);
  });

  test("every try has the same bytes and fields", async () => {
    const { fake, send } = withAnswers([answer(500), new TypeError("fetch failed"), answer(503), answer(201)]);
    await send();
    const [first, ...others] = fake.sent.map(({ signal, ...rest }) => rest);
    expect(others).toEqual([first, first, first]);
    expect(first).toEqual({
      url: post.url,
      method: "POST",
      headers: { "content-type": "application/ppm-dap;message=upload-req" },
      body: Uint8Array.of(1, 2, 3),
      redirect: "manual",
      cache: "no-store",
      credentials: "omit",
      referrerPolicy: "no-referrer",
    });
  });

  test.each([
    [[answer(200)], false],
    [[answer(429), answer(200)], false],
    [[answer(503), answer(200)], true],
    [[new TypeError("fetch failed"), answer(429), answer(200)], true],
  ])("says whether an earlier try may have arrived (%#)", async (script, expected) => {
    const fake = new FakeFetch(...script);
    const transport = new Transport(fake);
    expect(await transport.send(post, ({ isRepeated }) => isRepeated)).toBe(expected);
  });
});

describe("pauses", () => {
  test("grow, and are never the same for all clients", async () => {
    const { fake, send } = withAnswers([answer(503)], { tries: 10 });
    await errorOf(send());
    expect(fake.pauses).toHaveLength(9);
    fake.pauses.forEach((pause, i) => {
      const most = Math.min(1000 * 2 ** i, 60_000);
      expect(pause).toBeGreaterThanOrEqual(most / 2);
      expect(pause).toBeLessThanOrEqual(most);
    });
  });

  const [now, date] = [Date.parse("2026-03-01T12:00:00Z"), "Sun, 01 Mar 2026 12:00:30 GMT"];
  test.each([
    [{ "retry-after": "7" }, 7],
    [{ "retry-after": " 30 " }, 30],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": date }, 30],
    // The server's clock is 20 s ahead of ours.
    [{ "retry-after": date, date: "Sun, 01 Mar 2026 12:00:20 GMT" }, 10],
    [{ "retry-after": date, date: "Sun, 01 Mar 2026 13:00:00 GMT" }, 0],
    [{ "retry-after": "-5" }, 0],
    [{ "retry-after": "1.5" }, 0],
    [{ "retry-after": "soon" }, 0],
    [{ "retry-after": "12345678901" }, 0],
    [{ "retry-after": "" }, 0],
  ])("are as long as the server asks: %j", async (headers, seconds) => {
    const { fake, send } = withAnswers([answer(503, "", headers as never), answer(200)], { clock: () => now });
    await send();
    expect(fake.pauses).toHaveLength(1);
    expect(fake.pauses[0]).toBeGreaterThanOrEqual(1000 * seconds + 500);
    expect(fake.pauses[0]).toBeLessThanOrEqual(1000 * seconds + 1000);
  });

  test("a server that wants a long one is not asked again by itself", async () => {
    const { fake, send } = withAnswers([answer(429, "", { "retry-after": "3600" })]);
    expect(await errorOf(send())).toMatchObject({ code: "unavailable", retryAfter: 3600 });
    expect(fake.sent).toHaveLength(1);
  });
});

describe("broken connections", () => {
  test("an unreachable server is tried again, and the error says why", async () => {
    const refused = new TypeError("fetch failed", {
      cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
    });
    const { fake, send } = withAnswers([refused]);
    const error = await errorOf(send());
    expect(error.message).toBe("leader: upload: the server cannot be reached (ECONNREFUSED)");
    expect(error).toMatchObject({ code: "unavailable", status: undefined, cause: refused });
    expect(fake.sent).toHaveLength(5);
  });

  test("a body that breaks off after any byte is asked for again", async () => {
    const body = Uint8Array.from({ length: 10 }, (_, i) => i);
    for (let length = 0; length <= body.length; length++) {
      const half = { ...answer(200), ...bodyOf([body.subarray(0, length)], "broken") };
      const { fake, send } = withAnswers([half, answer(200, body)]);
      expect(await send()).toEqual(body);
      expect(fake.sent).toHaveLength(2);
    }
  });

  test("a refusal whose body breaks off is still a refusal", async () => {
    const half = { ...answer(400), ...bodyOf([Uint8Array.of(0x7b)], "broken") };
    expect(await errorOf(withAnswers([half]).send())).toMatchObject({ code: "refused", status: 400 });
  });

  test("an answer that cannot be read is asked for again, and then an error", async () => {
    const fake = new FakeFetch(answer(200, "?"));
    const read = () => {
      throw new PrioError("malformed", "UploadErrors: expected 16 bytes, got 1");
    };
    const error = await errorOf(new Transport(fake).send(post, read));
    expect(error).toMatchObject({ code: "malformed", message: expect.stringMatching(/^leader: upload: UploadErrors/) });
    expect(fake.sent).toHaveLength(5);
  });

  test("a fault of ours is thrown as it is", async () => {
    const bug = new RangeError("bug");
    const read = () => {
      throw bug;
    };
    await expect(new Transport(new FakeFetch(answer(200))).send(post, read)).rejects.toBe(bug);
  });

  test.each([
    ["says nothing", () => new Promise<never>(() => undefined)],
    ["stops in the middle", () => ({ ...answer(200), ...bodyOf([Uint8Array.of(1)], "silent") })],
  ])("a server that %s is given up, even if fetch takes no notice", async (_, silent) => {
    const { fake, send } = withAnswers([silent], { timeout: 1, tries: 2 });
    const error = await errorOf(send());
    expect(error.message).toBe("leader: upload: there was no whole answer in 1 ms");
    expect(fake.sent.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  });

  test("no more is read than may be there, and the connection is closed", async () => {
    const piece = new Uint8Array(60);
    let cancelled = 0;
    const long = () => ({ ...answer(200), ...bodyOf(new Array(1000).fill(piece), "done", () => cancelled++) });
    const { send } = withAnswers([long], { tries: 1 });
    expect(await errorOf(send())).toMatchObject({ code: "malformed" });
    expect(cancelled).toBe(1);
  });

  test("of a long refusal, the beginning is read", async () => {
    const long = () => ({ ...answer(404), ...bodyOf(new Array(1000).fill(new Uint8Array(1000))) });
    expect(await errorOf(withAnswers([long]).send())).toMatchObject({ code: "refused", status: 404 });
  });

  test("bodies are read without streams where there are none", async () => {
    const { body: _, ...rest } = { ...answer(200), arrayBuffer: () => Promise.resolve(Uint8Array.of(5, 6).buffer) };
    expect(await withAnswers([rest]).send()).toEqual(Uint8Array.of(5, 6));
    const tooLong = { ...rest, arrayBuffer: () => Promise.resolve(new ArrayBuffer(101)) };
    expect(await errorOf(withAnswers([tooLong]).send())).toMatchObject({ code: "malformed" });
    expect(await withAnswers([{ ...rest, body: null }]).send()).toEqual(new Uint8Array(0));
  });

  test("whatever bytes come with whatever status, there is an answer or a DapError", async () => {
    const types = ["application/problem+json", "application/json; charset=utf-8", "text/html", ""];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        fc.integer({ min: 200, max: 599 }),
        fc.constantFrom(...types),
        async (body, status, type) => {
          const { send } = withAnswers([answer(status, body, { "content-type": type })]);
          await send().catch((error: unknown) => expect(error).toBeInstanceOf(DapError));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("redirects", () => {
  const to = (location: string, status = 307) => answer(status, "", { location });

  test("are followed only for what is public", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const script = [to("/keys?v=1", status), to("https://cdn.example/hpke_config", status), answer(200, "yes")];
      const { fake, send } = withAnswers(script);
      expect(await send({ ...publicGet, isReloaded: true })).toEqual(new TextEncoder().encode("yes"));
      expect(fake.sent.map(({ url, redirect, cache }) => [url, redirect, cache])).toEqual([
        ["https://helper.example/hpke_config", "manual", "reload"],
        ["https://helper.example/keys?v=1", "manual", "reload"],
        ["https://cdn.example/hpke_config", "manual", "reload"],
      ]);
    }
    const { fake, send } = withAnswers([to("https://cdn.example/hpke_config")]);
    await errorOf(send({ ...publicGet, isPublic: false }));
    expect(fake.sent.map(({ redirect, cache }) => [redirect, cache])).toEqual([["manual", "no-store"]]);
  });

  test("where a browser does not say where they lead, it follows them", async () => {
    const { fake, send } = withAnswers([{ ...answer(200), status: 0 }, answer(200, "yes")]);
    expect(await send(publicGet)).toEqual(new TextEncoder().encode("yes"));
    expect(fake.sent.map(({ redirect, cache }) => [redirect, cache])).toEqual([
      ["manual", undefined],
      ["follow", undefined],
    ]);
  });

  test("in a circle, or to nowhere, are refused", async () => {
    for (const [location, requests] of [
      ["https://helper.example/hpke_config", 6],
      ["https://", 1],
    ] as const) {
      const { fake, send } = withAnswers([to(location)]);
      expect((await errorOf(send(publicGet))).message).toContain("redirects elsewhere");
      expect(fake.sent).toHaveLength(requests);
    }
  });

  test("are not followed with header fields, which could be secrets", async () => {
    const { fake, send } = withAnswers([answer(200)], { headers: { "X-Api-Key": "secret" } });
    await send(publicGet);
    expect(fake.sent[0]).toMatchObject({ redirect: "manual", headers: { "x-api-key": "secret" } });
  });

  test("to an address without TLS are refused, also if that leads back to one with TLS", async () => {
    for (const script of [
      [answer(200, "", {}, "http://helper.example/hpke_config")],
      [to("http://helper.example/hpke_config"), to("https://attacker.example/hpke_config"), answer(200, "keys")],
    ]) {
      const { fake, send } = withAnswers(script);
      expect((await errorOf(send(publicGet))).message).toBe(
        "helper: HPKE configuration: it redirects to an address without TLS",
      );
      expect(fake.sent).toHaveLength(1);
    }
  });
});

describe("what a server says", () => {
  const urn = "urn:ietf:params:ppm:dap:error:unrecognizedTask";

  test("is in the error", async () => {
    const document = { type: urn, title: "Unknown task", detail: "no such task", status: 404, taskid: "x" };
    const error = await errorOf(withAnswers([problem(404, document)]).send());
    expect(error.problem).toEqual({ type: "unrecognizedTask", title: "Unknown task", detail: "no such task" });
    expect(error.message).toBe(
      "leader: upload: the server does not know the task: is it made there, and is its document the one of both " +
        'operators? (unrecognizedTask; it says: "no such task")',
    );
  });

  test.each([
    [{ type: "https://errors.example/full" }, { type: "https://errors.example/full" }],
    [{}, { type: "about:blank" }],
    [{ type: 5, title: ["x"], detail: {} }, { type: "about:blank" }],
    [
      { type: urn, unsupported_extensions: [23, 42] },
      { type: "unrecognizedTask", unsupportedExtensions: [23, 42] },
    ],
    [{ unsupported_extensions: ["23", 1.5, null] }, { type: "about:blank" }],
    [{ detail: "two\nlines \u001b[31m\u202ered" }, { type: "about:blank", detail: "two lines [31m red" }],
    [{ detail: "x".repeat(1000) }, { type: "about:blank", detail: `${"x".repeat(300)}…` }],
  ])("is read from documents of all kinds: %j", async (document, expected) => {
    expect((await errorOf(withAnswers([problem(400, document)]).send())).problem).toEqual(expected);
  });

  test.each([
    ["text/html", "<html>"],
    ["text/html", JSON.stringify({ type: urn })],
    ["application/problem+json", "[]"],
    ["application/problem+json", "null"],
    ["application/problem+json", '{"type": "x"'],
    ["application/problem+json", new Uint8Array([0xff, 0x7b])],
  ])("is nothing if it is no problem document: %s %s", async (type, body) => {
    const error = await errorOf(withAnswers([answer(403, body, { "content-type": type })]).send());
    expect(error.problem).toBeUndefined();
    expect(error.message).toBe("leader: upload: the server does not accept the token (status 403)");
  });
});

describe("giving up", () => {
  const reason = new Error("the user went away");

  test("before the request sends none", async () => {
    const { fake, send } = withAnswers([answer(200)]);
    await expect(send({ ...post, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fake.sent).toHaveLength(0);
  });

  test.each([
    ["during the request", () => new Promise<never>(() => undefined)],
    ["during the body", () => ({ ...answer(200), ...bodyOf([], "silent") })],
  ])("%s ends it", async (_, silent) => {
    const controller = new AbortController();
    const { fake, send } = withAnswers([
      () => {
        setTimeout(() => controller.abort(reason));
        return silent() as never;
      },
    ]);
    await expect(send({ ...post, signal: controller.signal })).rejects.toBe(reason);
    expect(fake.sent.map(({ signal }) => signal.aborted)).toEqual([true]);
  });

  test("during a pause ends it, and leaves no timer", async () => {
    const controller = new AbortController();
    const fake = new FakeFetch(() => {
      setTimeout(() => controller.abort(reason));
      return answer(503, "", { "retry-after": "50" });
    });
    const transport = new Transport({ fetch: fake.fetch });
    await expect(transport.send({ ...post, signal: controller.signal }, () => 0)).rejects.toBe(reason);
    expect(fake.sent).toHaveLength(1);
  });
});

test("a signal that lives on is not held by what has ended", async () => {
  const { signal } = new AbortController();
  const heard: string[] = [];
  for (const name of ["addEventListener", "removeEventListener"] as const) {
    signal[name] = () => void heard.push(name);
  }
  const { send } = withAnswers([answer(503), answer(200)]);
  await send({ ...post, signal });
  expect(heard.filter((name) => name === "addEventListener")).toHaveLength(2);
  expect(heard.filter((name) => name === "removeEventListener")).toHaveLength(2);
});

test.each([{ timeout: 0 }, { timeout: 1.5 }, { timeout: 2 ** 31 }, { tries: 0 }, { tries: Number.NaN }])(
  "settings are in range: %j",
  (options) => {
    expect(() => new Transport({ ...new FakeFetch(), ...options })).toThrow(
      expect.objectContaining({ code: "out-of-range" }),
    );
  },
);

describe("header fields", () => {
  const secret = "do-not-show-me";

  // The error of the platform's fetch has the value in it.
  test.each([`Bearer ${secret}\nx`, `Bearer ${secret}\0`, `Bearer ${secret}€`])(
    "that none can be are refused, and not shown (%#)",
    (value) => {
      for (const headers of [{ authorization: value }, { [value]: "x" }]) {
        let error: unknown;
        try {
          new Transport({ headers });
        } catch (thrown) {
          error = thrown;
        }
        expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringMatching(/^headers: /) });
        expect(`${(error as PrioError).message} ${(error as PrioError).stack}`).not.toContain(secret);
      }
    },
  );

  test("are sent without white space at their ends", async () => {
    const { fake, send } = withAnswers([answer(200)], { headers: { Authorization: `Bearer ${secret}\r\n` } });
    await send();
    expect(fake.sent[0]?.headers).toMatchObject({ authorization: `Bearer ${secret}` });
  });
});
