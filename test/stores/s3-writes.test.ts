// Writing to a server that fails in the middle, answers late, or does not heed conditions.

import { expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { sizeOfParts } from "../../src/stores/s3/parts.js";
import { bytesOf } from "./conformance.js";
import { type FakeRequest, fail, md5, sendXml } from "./fake-s3.js";
import { breakOff, errorOf, first, useFakeS3 } from "./s3-support.js";

const s3 = useFakeS3();
const parts = contentOf("x".repeat(5500));
const isPart = ({ query }: FakeRequest) => query.has("partNumber");
const isPut = ({ method, query, body }: FakeRequest) => method === "PUT" && !query.has("partNumber") && body.length > 0;
const completes = ({ method, query }: FakeRequest) => method === "POST" && query.has("uploadId");
/** Does what is asked, and breaks the connection in place of an answer. */
const unanswered = (_request: FakeRequest, response: Parameters<typeof breakOff>[0], handle: () => unknown) => {
  handle();
  return breakOff(response);
};
const textOf = async (key: string) => (await bytesOf(s3.open().read(key))).toString();

it("sends each part with the digest of its bytes, and signs it", async () => {
  const written = await s3.open().write("x", parts);
  const sent = s3.fake.requests.filter(isPart);
  expect(sent.map(({ body }) => body.length)).toEqual([1000, 1000, 1000, 1000, 1000, 500]);
  for (const { headers, body } of sent) {
    expect(headers["content-md5"]).toBe(Buffer.from(md5(body), "hex").toString("base64"));
    expect(headers.authorization).toMatch(/SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date,/);
  }
  expect(written).toEqual({ key: "x", size: 5500, version: s3.fake.objects.get("bucket/x")?.etag });
  expect(s3.fake.uploads.size).toBe(0);
});

it("removes the parts when one cannot be written, and keeps what was there", async () => {
  s3.fake.put("x", "old");
  s3.fake.fault = (request, response) => {
    if (request.query.get("partNumber") !== "3") return;
    fail(response, 403, "AccessDenied");
    return true;
  };
  expect(await errorOf(s3.open().write("x", parts))).toMatchObject({ code: "forbidden" });
  expect(s3.fake.uploads.size).toBe(0);
  s3.fake.reset();
  expect(await textOf("x")).toBe("old");
  expect(s3.warnings).toEqual([]);
});

it("says so when the parts stay on the server", async () => {
  s3.fake.fault = (request, response) => {
    if (!isPart(request) && request.method !== "DELETE") return;
    fail(response, 403, "AccessDenied");
    return true;
  };
  expect(await errorOf(s3.open().write("x", parts))).toMatchObject({ code: "forbidden" });
  expect(s3.fake.uploads.size).toBe(1);
  expect(s3.warnings).toEqual([expect.stringContaining("parts of an unfinished upload of x could not be removed")]);
});

it("tries again when other bytes arrive than were sent", async () => {
  for (const concerns of [isPut, isPart]) {
    s3.fake.fault = first(1, concerns, (_request, response) => {
      fail(response, 400, "BadDigest");
      return true;
    });
    await s3.open().write("x", concerns === isPut ? contentOf("text") : parts);
    s3.fake.fault = (request, response) => {
      if (!concerns(request)) return;
      fail(response, 400, "BadDigest");
      return true;
    };
    const error = await errorOf(s3.open().write("x", concerns === isPut ? contentOf("text") : parts));
    expect(error).toMatchObject({ code: "damaged", isTransient: true });
  }
});

it("takes an error for an error though its status is 200", async () => {
  const wrong = (code: string) => (request: FakeRequest, response: Parameters<typeof breakOff>[0]) => {
    if (!completes(request)) return;
    sendXml(response, 200, `\n\n<Error><Code>${code}</Code></Error>`);
    return true;
  };
  s3.fake.fault = first(1, completes, wrong("InternalError"));
  await s3.open().write("x", parts);
  expect(await textOf("x")).toHaveLength(5500);
  s3.fake.fault = wrong("InternalError");
  expect(await errorOf(s3.open().write("y", parts))).toMatchObject({ code: "unavailable", isTransient: true });
  s3.fake.fault = wrong("InvalidPart");
  expect(await errorOf(s3.open().write("y", parts))).toMatchObject({ code: "refused", isTransient: false });
  expect(s3.fake.uploads.size).toBe(0);
});

it.each([
  ["in one piece", contentOf("text"), isPut],
  ["in parts", parts, completes],
])("a write %s whose answer gets lost is done, and done once", async (_how, content, concerns) => {
  for (const ifAbsent of [false, true]) {
    const store = s3.open();
    s3.fake.fault = first(1, concerns, unanswered);
    const written = await store.write(`x ${ifAbsent}`, content, { ifAbsent });
    expect(written).toEqual(await store.stat(`x ${ifAbsent}`));
    // It was another run that wrote meanwhile.
    s3.fake.fault = first(1, concerns, (request, response, handle) => {
      if (!ifAbsent) return unanswered(request, response, handle);
      s3.fake.put(`y ${ifAbsent}`, "other");
      return breakOff(response);
    });
    const writing = store.write(`y ${ifAbsent}`, content, { ifAbsent });
    if (ifAbsent) expect(await errorOf(writing)).toMatchObject({ code: "exists" });
    else await writing;
  }
  expect(s3.fake.uploads.size).toBe(0);
});

it("tries again when two writes meet at the server", async () => {
  s3.fake.fault = first(1, isPut, (_request, response) => {
    fail(response, 409, "ConditionalRequestConflict");
    return true;
  });
  await s3.open().write("x", contentOf("text"), { ifAbsent: true });
  expect(await textOf("x")).toBe("text");
});

it("learns once whether the server heeds conditions, and leaves no trace of that", async () => {
  const store = s3.open();
  for (const key of ["a/x", "a/y"]) await store.write(key, contentOf("text"), { ifAbsent: true });
  const puts = s3.fake.requests.filter(({ method }) => method === "PUT");
  expect(puts).toHaveLength(4);
  expect(puts.every(({ headers }) => headers["if-none-match"] === "*")).toBe(true);
  expect(puts[0]?.path).toMatch(/^bucket\/a\/\.x\..*\.tmp$/);
  expect([...s3.fake.objects.keys()]).toEqual(["bucket/a/x", "bucket/a/y"]);
  expect(s3.warnings).toEqual([]);
});

it.each(["ignored", "refused"] as const)("warns where conditions are %s, and looks itself", async (conditions) => {
  s3.fake.conditions = conditions;
  const store = s3.open();
  await store.write("x", contentOf("first"), { ifAbsent: true });
  await store.write("y", parts, { ifAbsent: true });
  expect(await errorOf(store.write("x", contentOf("second"), { ifAbsent: true }))).toMatchObject({ code: "exists" });
  expect(s3.warnings).toEqual([expect.stringContaining("runs that begin at the same time may overlap")]);
  // Somebody writes between our look and our write, or after it.
  s3.fake.fault = first(1, isPut, (_request, _response, handle) => {
    const answer = handle();
    s3.fake.put("z", "other");
    answer();
    return true;
  });
  expect(await errorOf(store.write("z", contentOf("mine"), { ifAbsent: true }))).toMatchObject({ code: "exists" });
  expect([...s3.fake.objects.keys()]).toEqual(["bucket/x", "bucket/y", "bucket/z"]);
});

it("does not send a large body to a server that does not want it", async () => {
  const store = s3.open({ partSize: 2 ** 24 });
  const large = contentOf(Buffer.alloc(2 ** 21));
  s3.fake.onExpect = (response) => fail(response, 403, "AccessDenied");
  expect(await errorOf(store.write("x", large))).toMatchObject({ code: "forbidden" });
  s3.fake.onExpect = undefined;
  await store.write("x", large);
  expect(s3.fake.requests).toHaveLength(1);
});

it("no object has more parts than S3 allows", () => {
  for (const size of [1, 2 ** 23, 10_000 * 2 ** 23, 10_000 * 2 ** 23 + 1, 5 * 2 ** 40]) {
    const part = sizeOfParts(size, 2 ** 23);
    expect(Math.ceil(size / part)).toBeLessThanOrEqual(10_000);
    expect(part).toBeLessThanOrEqual(5 * 2 ** 30);
    if (size <= 10_000 * 2 ** 23) expect(part).toBe(2 ** 23);
  }
});
