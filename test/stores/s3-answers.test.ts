// What a server answers when it does not do what was asked, and what becomes of it.

import { describe, expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { retryAfter } from "../../src/stores/s3/answers.js";
import type { Store } from "../../src/stores/store.js";
import { allOf, bytesOf } from "./conformance.js";
import { fail } from "./fake-s3.js";
import { breakOff, errorOf, first, SECRET, useFakeS3 } from "./s3-support.js";

const s3 = useFakeS3();
const any = () => true;

/** Everything that can be asked of a store. */
const requests: [string, string, (store: Store) => Promise<unknown>][] = [
  ["list", "", (store) => allOf(store.list(""))],
  ["look up", "", (store) => store.stat("x")],
  ["read", "", (store) => bytesOf(store.read("old"))],
  ["write", "", (store) => store.write("x", contentOf("x"))],
  ["write", " if absent", (store) => store.write("x", contentOf("x"), { ifAbsent: true })],
  ["write", " in parts", (store) => store.write("x", contentOf("x".repeat(3000)))],
  ["delete", "", (store) => store.delete("x")],
];

describe.each(requests)("to %s%s", (attempt, _how, request) => {
  it.each([
    [403, "AccessDenied", "forbidden", /rights/],
    [403, "SignatureDoesNotMatch", "forbidden", /secret key/],
    [403, "InvalidAccessKeyId", "forbidden", /access key id/],
    [403, "ExpiredToken", "forbidden", /^/],
    [401, "Unauthorized", "forbidden", /^/],
    [400, "MalformedThing", "refused", /^/],
    [507, "XMinioStorageFull", "full", /^/],
  ])("answered by %i %s is an error at once, without the server's words", async (status, code, kind, hint) => {
    s3.fake.fault = ({ method }, response) => {
      fail(response, status, code, method === "HEAD", `<StringToSign>${SECRET}</StringToSign>`);
      return true;
    };
    const error = await errorOf(request(s3.open()));
    expect(error).toMatchObject({ code: kind, isTransient: false, store: "s3://bucket" });
    const said = `\\(status ${status}(, ${code})?\\)$`;
    expect(error.message).toMatch(new RegExp(`^cannot ${attempt} s3://bucket(/x|/old)?: .* ${said}`));
    if (!(status === 507 && s3.fake.asked[0]?.startsWith("HEAD"))) expect(error.message).toContain(code);
    expect(error.hint ?? "").toMatch(hint);
    // After a HEAD, whose answer has no reason in it, a GET asks for the reason.
    expect(s3.fake.requests.length).toBeLessThanOrEqual(2);
  });

  it.each([
    [429, "TooManyRequests"],
    [500, "InternalError"],
    [502, ""],
    [503, "SlowDown"],
    [504, ""],
    [400, "RequestTimeout"],
  ])("answered by %i %s is tried again, and an error in the end", async (status, code) => {
    s3.fake.put("old", "x");
    s3.fake.fault = first(2, any, ({ method }, response) => {
      fail(response, status, code, method === "HEAD");
      return true;
    });
    await request(s3.open());
    s3.fake.reset();
    s3.fake.objects.delete("bucket/x");
    s3.fake.fault = ({ method }, response) => {
      fail(response, status, code, method === "HEAD");
      return true;
    };
    const error = await errorOf(request(s3.open()));
    expect(error).toMatchObject({ code: "unavailable", isTransient: true });
    expect(error.message).toContain(`the server cannot do it at the moment (status ${status}`);
    expect(s3.fake.requests.length).toBeGreaterThanOrEqual(3);
  });

  it("on a connection that breaks is tried again, and an error in the end", async () => {
    s3.fake.put("old", "x");
    s3.fake.fault = first(2, any, (_request, response) => breakOff(response));
    await request(s3.open());
    s3.fake.objects.delete("bucket/x");
    s3.fake.fault = (_request, response) => breakOff(response);
    const error = await errorOf(request(s3.open()));
    expect(error).toMatchObject({ code: "unavailable", isTransient: true });
    expect(error.message).toMatch(/: 127\.0\.0\.1:\d+: the connection broke$/);
  });

  it("of a bucket that is not there is an error about the bucket", async () => {
    s3.fake.buckets.clear();
    try {
      const error = await errorOf(request(s3.open()));
      expect(error).toMatchObject({ code: "not-found", key: undefined, isTransient: false });
      expect(error.message).toBe(`cannot ${attempt} s3://bucket: there is no such bucket (status 404, NoSuchBucket)`);
    } finally {
      s3.fake.buckets.add("bucket");
    }
  });

  it("of a server that says nothing is given up", async () => {
    s3.fake.fault = any;
    const error = await errorOf(request(s3.open({ idleTimeout: 20, tries: 2 })));
    expect(error).toMatchObject({ code: "unavailable", isTransient: true });
    expect(error.message).toMatch(/no answer for 0.02 s$/);
    expect(s3.fake.requests).toHaveLength(2);
  });

  it("ends when its time is over, whatever the server does", async () => {
    const controller = new AbortController();
    s3.fake.fault = () => {
      controller.abort();
      return true;
    };
    const error = await errorOf(request(s3.open({ signal: controller.signal })));
    expect(error).toMatchObject({ code: "unavailable", message: expect.stringMatching(/it took too long$/) });
  });

  it("answered by a web page is an error, and the page's host is not asked", async () => {
    for (const status of [200, 302, 403, 404]) {
      s3.fake.reset();
      s3.fake.fault = (_request, response) => {
        response.writeHead(status, { "content-type": "text/html", location: `${s3.fake.endpoint}/login` });
        response.end("<!DOCTYPE html><html><body><p>Please log in.<br></body></html>");
        return true;
      };
      const error = await errorOf(request(s3.open()));
      expect([status, error.isTransient]).toEqual([status, false]);
      expect(s3.fake.asked.join()).not.toContain("login");
    }
  });

  it("is signed for the region that the server names, and asked there once", async () => {
    s3.fake.put("old", "x");
    for (const status of [301, 307, 400]) {
      const inRegion = ({ headers }: { headers: { authorization?: string | undefined } }) =>
        headers.authorization?.includes("/eu-west-9/s3/") === true;
      const elsewhere = first(
        5,
        (asked) => !inRegion(asked),
        ({ method }, response) => {
          response.setHeader("x-amz-bucket-region", "eu-west-9");
          fail(
            response,
            status,
            status === 400 ? "AuthorizationHeaderMalformed" : "PermanentRedirect",
            method === "HEAD",
          );
          return true;
        },
      );
      s3.fake.objects.delete("bucket/x");
      s3.fake.fault = elsewhere;
      await request(s3.open());
      s3.fake.fault = ({ method }, response) => {
        response.setHeader("x-amz-bucket-region", "eu-west-9");
        fail(response, status, "PermanentRedirect", method === "HEAD");
        return true;
      };
      const error = await errorOf(request(s3.open({ region: "eu-west-9" })));
      expect(error).toMatchObject({ isTransient: false });
    }
  });
});

it("a region that is no region is not taken into a host's name", async () => {
  s3.fake.fault = ({ method }, response) => {
    response.setHeader("x-amz-bucket-region", "evil.example/");
    fail(response, 301, "PermanentRedirect", method === "HEAD", "<Region>evil.example#</Region>");
    return true;
  };
  const error = await errorOf(s3.open().stat("x"));
  expect(error.message).toBe("cannot look up s3://bucket/x: the bucket is elsewhere (status 301)");
});

it("a clock that is wrong is put right by the server's, with a warning", async () => {
  const server = new Date(Date.now() + 3 * 3600_000);
  const dates: string[] = [];
  s3.fake.fault = ({ headers, method }, response) => {
    dates.push(String(headers["x-amz-date"]));
    if (dates.length > 2) return;
    response.setHeader("date", server.toUTCString());
    fail(response, 403, "RequestTimeTooSkewed", method === "HEAD");
    return true;
  };
  expect(await s3.open().stat("x")).toBeUndefined();
  expect(dates.at(-1)?.slice(0, 11)).toBe(server.toISOString().replaceAll(/[:-]/g, "").slice(0, 11));
  expect(s3.warnings).toEqual(["s3://bucket: this machine's clock is 180 minutes behind the server's"]);
});

it.each([
  [undefined, undefined],
  ["0", 0],
  ["3", 3000],
  ["86400", 60_000],
  ["Thu, 01 Jan 1970 00:00:12 GMT", 2000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["soon", undefined],
])("Retry-After %j is %j milliseconds", (header, milliseconds) => {
  expect(retryAfter(header, 10_000)).toBe(milliseconds);
});

it("an answer that is no HTTP, or has endless headers, is an error", async () => {
  for (const text of ["220 mail.example ESMTP\r\n\r\n", `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}\r\n`]) {
    s3.fake.fault = (_request, response) => {
      response.socket?.end(text);
      return true;
    };
    const error = await errorOf(s3.open().stat("x"));
    expect(error.message).toMatch(/its answer is no HTTP \(HPE_\w+\)$/);
  }
});

it("a host that is not there is an error that names it", async () => {
  const error = await errorOf(s3.open({ endpoint: "http://127.0.0.1:1", tries: 1 }).stat("x"));
  expect(error).toMatchObject({ code: "unavailable", isTransient: true });
  expect(error.message).toBe("cannot look up s3://bucket/x: 127.0.0.1:1: nobody listens there");
});
