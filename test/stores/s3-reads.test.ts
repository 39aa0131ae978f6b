// Reading from a server that breaks off, or gives something else than the object.

import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { bytesOf } from "./conformance.js";
import { type FakeObject, md5 } from "./fake-s3.js";
import { breakOff, errorOf, first, useFakeS3 } from "./s3-support.js";

const s3 = useFakeS3();
const bytes = randomBytes(300_000);
const object: FakeObject = { bytes, etag: md5(bytes) };
const any = () => true;
const isGet = ({ method }: { method: string }) => method === "GET";

/** Answers with the first bytes of the object, from where it is asked, and breaks off. */
const half = (length: number, isBroken = true) => {
  return first(Number.POSITIVE_INFINITY, isGet, ({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      etag: `"${object.etag}"`,
      "content-length": bytes.length - from,
      ...(from === 0 ? {} : { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.write(bytes.subarray(from, from + length), () => {
      if (isBroken) breakOff(response);
    });
    return true;
  });
};

it("goes on where the connection broke, with the same object only", async () => {
  s3.fake.objects.set("bucket/x", object);
  s3.fake.fault = first(2, isGet, half(100_000));
  expect((await bytesOf(s3.open().read("x"))).equals(bytes)).toBe(true);
  const ranges = s3.fake.requests.map(({ headers }) => [headers.range, headers["if-match"]]);
  expect(ranges[0]).toEqual([undefined, undefined]);
  expect(ranges.slice(1).every(([range, etag]) => range !== undefined && etag === `"${object.etag}"`)).toBe(true);
  expect(ranges).toHaveLength(3);
});

it("goes on after a server that falls silent in the middle", async () => {
  s3.fake.objects.set("bucket/x", object);
  s3.fake.fault = first(1, isGet, half(100_000, false));
  expect((await bytesOf(s3.open({ idleTimeout: 100 }).read("x"))).equals(bytes)).toBe(true);
});

it("does not blame the server when the reader takes long", async () => {
  s3.fake.put("x", randomBytes(4_000_000));
  let length = 0;
  for await (const piece of s3.open({ idleTimeout: 250 }).read("x")) {
    if (length === 0) await new Promise((resolve) => setTimeout(resolve, 600));
    length += piece.length;
  }
  expect(length).toBe(4_000_000);
  expect(s3.fake.requests).toHaveLength(1);
});

it("skips what it has when the server knows no ranges", async () => {
  s3.fake.objects.set("bucket/x", object);
  s3.fake.hasRanges = false;
  s3.fake.fault = first(2, isGet, half(100_000));
  expect((await bytesOf(s3.open().read("x"))).equals(bytes)).toBe(true);
});

it("gives up when the object breaks off again and again", async () => {
  s3.fake.objects.set("bucket/x", object);
  s3.fake.fault = half(1000);
  const error = await errorOf(bytesOf(s3.open().read("x")));
  expect(error).toMatchObject({ code: "damaged", isTransient: true });
  expect(error.message).toBe("cannot read s3://bucket/x: expected 300000 bytes, and only 3000 came");
  expect(s3.fake.requests).toHaveLength(3);
});

it("goes on as often as it takes while it gets on", async () => {
  const large = randomBytes(2 ** 22);
  s3.fake.put("x", large);
  s3.fake.fault = (request, response) => {
    if (request.method !== "GET") return;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from === 0 ? 200 : 206, {
      etag: `"${md5(large)}"`,
      "content-length": large.length - from,
      ...(from === 0 ? {} : { "content-range": `bytes ${from}-${large.length - 1}/${large.length}` }),
    });
    response.write(large.subarray(from, from + 2 ** 20 + 1), () => breakOff(response));
    return true;
  };
  expect((await bytesOf(s3.open({ tries: 2 }).read("x"))).equals(large)).toBe(true);
});

it("fails with changed when the object is replaced before it is read to the end", async () => {
  s3.fake.objects.set("bucket/x", object);
  const broken = half(100_000);
  s3.fake.fault = first(1, isGet, (request, response, handle) => {
    s3.fake.put("x", "new");
    return broken(request, response, handle);
  });
  const error = await errorOf(bytesOf(s3.open().read("x")));
  expect(error).toMatchObject({ code: "changed", key: "x", isTransient: false });
});

it("fails with changed when the server passes over If-Match and gives another object", async () => {
  s3.fake.put("x", "other");
  s3.fake.fault = (request, response) => {
    s3.fake.answerObject({ ...request, headers: {} }, response, { bytes: Buffer.from("other"), etag: md5("other") });
    return true;
  };
  expect(await errorOf(bytesOf(s3.open().read("x", object.etag)))).toMatchObject({ code: "changed" });
});

it("fails with damaged when the body is that of another object, or has one other bit", async () => {
  const changed = Buffer.from(bytes);
  changed[200_000] = (changed[200_000] as number) ^ 1;
  for (const body of [changed, randomBytes(300_000)]) {
    s3.fake.objects.set("bucket/x", { bytes: body, etag: object.etag });
    const error = await errorOf(bytesOf(s3.open().read("x", object.etag)));
    expect(error).toMatchObject({ code: "damaged", isTransient: true });
    // Where the ETag is no digest, nobody can know.
    expect((await bytesOf(s3.open({ checksETag: false }).read("x"))).equals(body)).toBe(true);
  }
});

it("takes no ETag for a digest where it is none", async () => {
  const etag = md5("something");
  for (const headers of [
    { "x-amz-server-side-encryption": "aws:kms" },
    { "x-amz-server-side-encryption-customer-algorithm": "AES256" },
    { "x-goog-encryption-kms-key-name": "projects/x" },
  ]) {
    s3.fake.objects.set("bucket/x", { bytes, etag, headers });
    expect((await bytesOf(s3.open().read("x"))).equals(bytes)).toBe(true);
  }
  s3.fake.objects.set("bucket/x", { bytes, etag: "0123-7" });
  expect((await bytesOf(s3.open().read("x"))).equals(bytes)).toBe(true);
  s3.fake.objects.set("bucket/x", { bytes, etag, headers: { "x-amz-server-side-encryption": "AES256" } });
  expect(await errorOf(bytesOf(s3.open().read("x")))).toMatchObject({ code: "damaged" });
});

it("looks up the size where the answer does not tell it, and notices what is missing or too much", async () => {
  s3.fake.objects.set("bucket/x", object);
  for (const [length, code] of [
    [300_000, undefined],
    [299_999, "damaged"],
    [300_001, "damaged"],
  ] as const) {
    s3.fake.fault = first(Number.POSITIVE_INFINITY, isGet, (_request, response) => {
      response.writeHead(200, { etag: `"${object.etag}"`, "transfer-encoding": "chunked" });
      response.end(Buffer.concat([bytes, Buffer.alloc(1)]).subarray(0, length));
      return true;
    });
    const reading = bytesOf(s3.open().read("x"));
    if (code === undefined) expect((await reading).equals(bytes)).toBe(true);
    else expect(await errorOf(reading)).toMatchObject({ code });
  }
});

it("gives back what is stored compressed as it is stored", async () => {
  s3.fake.put("x", "not really gzip", { "content-encoding": "gzip" });
  expect((await bytesOf(s3.open().read("x"))).toString()).toBe("not really gzip");
});

it("refuses an answer that is another part, or has no ETag", async () => {
  s3.fake.objects.set("bucket/x", object);
  s3.fake.fault = first(1, any, half(100_000));
  const broken = s3.fake.fault;
  s3.fake.fault = (request, response, handle) => {
    if (broken?.(request, response, handle) !== undefined) return true;
    response.writeHead(206, { etag: `"${object.etag}"`, "content-range": "bytes 0-299999/300000" }).end(bytes);
    return true;
  };
  const error = await errorOf(bytesOf(s3.open().read("x")));
  expect(error.message).toBe("cannot read s3://bucket/x: the answer is another part of the object");
  s3.fake.fault = (_request, response) => {
    response.writeHead(200).end(bytes);
    return true;
  };
  expect((await errorOf(bytesOf(s3.open().read("x")))).message).toMatch(/the answer has no ETag$/);
  expect((await errorOf(s3.open().stat("x"))).message).toMatch(/the answer has no length or no ETag$/);
});

it("closes the connection when the reader stops", async () => {
  s3.fake.put("x", randomBytes(5_000_000));
  const closed = new Promise<void>((resolve) => {
    s3.fake.fault = (request, response, handle) => {
      response.once("close", () => resolve());
      handle()();
      expect(request.method).toBe("GET");
      return true;
    };
  });
  for await (const _ of s3.open().read("x")) break;
  await closed;
});
