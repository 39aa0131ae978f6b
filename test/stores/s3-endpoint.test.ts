// Where a bucket is, and what is said about the way there.

import { describe, expect, it } from "vitest";
import { openStore } from "../../src/stores/open-store.js";
import { Endpoint, parseLocation } from "../../src/stores/s3/endpoint.js";
import { errorOf, SECRET, useFakeS3 } from "./s3-support.js";

const s3 = useFakeS3();

describe("the address of a bucket", () => {
  it.each([
    [{}, "https://bucket.s3.us-east-1.amazonaws.com"],
    [{ region: "eu-west-1" }, "https://bucket.s3.eu-west-1.amazonaws.com"],
    [{ region: "cn-north-1" }, "https://bucket.s3.cn-north-1.amazonaws.com.cn"],
    [{ pathStyle: true }, "https://s3.us-east-1.amazonaws.com/bucket"],
    [{ bucket: "a.b" }, "https://s3.us-east-1.amazonaws.com/a.b"],
    [{ endpoint: "http://minio:9000" }, "http://minio:9000/bucket"],
    [{ endpoint: "http://[::1]:9000/" }, "http://[::1]:9000/bucket"],
    [{ endpoint: "https://storage.googleapis.com" }, "https://storage.googleapis.com/bucket"],
    [{ endpoint: "https://s3.example.org", pathStyle: false }, "https://bucket.s3.example.org"],
  ])("with %j is %s", ({ bucket = "bucket", ...settings }: Record<string, unknown>, base) => {
    const endpoint = new Endpoint(bucket as string, {
      endpoint: undefined,
      region: "us-east-1",
      pathStyle: undefined,
      ...settings,
    });
    expect(endpoint.base).toBe(base);
  });

  it("moves with the region on AWS, and stays where it was given", () => {
    const settings = { region: "us-east-1", pathStyle: undefined };
    const aws = new Endpoint("b-1", { ...settings, endpoint: undefined }).inRegion("eu-west-1");
    expect(aws.base).toBe("https://b-1.s3.eu-west-1.amazonaws.com");
    const other = new Endpoint("b-1", { ...settings, endpoint: "http://minio:9000" }).inRegion("eu-west-1");
    expect([other.base, other.region]).toEqual(["http://minio:9000/b-1", "eu-west-1"]);
  });

  it.each([
    "minio:9000",
    "ftp://minio",
    "http://user:secret@minio",
    "http://minio/s3",
    "http://minio?x",
    "not an address",
  ])("cannot be at %s", async (endpoint) => {
    const error = await errorOf(s3.open({ endpoint }).stat("x"));
    expect(error).toMatchObject({ code: "refused", store: "s3://bucket" });
    expect(error.message).not.toContain("secret");
  });

  it("cannot be in a region that is no name", async () => {
    expect((await errorOf(s3.open({ region: "x.evil.example/" }).stat("x"))).message).toContain("no name of a region");
  });
});

describe("s3://", () => {
  it.each([
    ["s3://bucket", "bucket", ""],
    ["s3://bucket/", "bucket", ""],
    ["S3://my.bucket-1/a/b c", "my.bucket-1", "a/b c/"],
    ["s3://bucket/a/", "bucket", "a/"],
    ["s3://Old_Bucket/%2F", "Old_Bucket", "%2F/"],
  ])("%s has its bucket and prefix", (url, bucket, prefix) => {
    expect(parseLocation(url)).toEqual({ bucket, prefix });
  });

  it.each([
    "s3://",
    "s3:///x",
    "s3://a..b",
    "s3://-x",
    "s3://b/../c",
    "s3://b//",
    "s3://b?x",
    `s3://me:${SECRET}@bucket`,
  ])("%s is refused", (url) => {
    expect(() => openStore(url)).toThrow(/^cannot open s3:\/\//);
    expect(() => openStore(url)).not.toThrow(SECRET);
  });

  it("or another scheme, or nothing, is refused", () => {
    for (const url of ["", "https://x/y", "ftp://x"]) expect(() => openStore(url)).toThrow("expected a directory");
    expect(() => openStore("file://host/x%zz")).toThrow("expected file:///");
    expect(openStore("file:///data/a%20b").name).toBe("/data/a b");
    expect(openStore("/data").name).toBe("/data");
    expect(openStore("s3://bucket/prefix/").name).toBe("s3://bucket/prefix");
  });
});

describe("a warning is given once", () => {
  /** Nobody listens there. */
  const open = (settings: Parameters<typeof s3.open>[0]) => s3.open({ tries: 1, ...settings });

  it("when what is sent can be read on the way", async () => {
    const store = open({ endpoint: "http://minio.invalid:9000" });
    for (let i = 0; i < 2; i++) await errorOf(store.stat("x"));
    expect(s3.warnings).toEqual([
      expect.stringMatching(/^s3:\/\/bucket: http:\/\/minio.invalid:9000 is not encrypted: others on the way can read/),
    ]);
  });

  it("and none on the same machine, or when it is encrypted", async () => {
    for (const host of ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://127.0.0.1:1"]) {
      await errorOf(open({ endpoint: host }).stat("x"));
    }
    expect(s3.warnings).toEqual([]);
  });

  it("when variables name a proxy, which Node passes over", async () => {
    const endpoint = "https://127.0.0.1:1";
    await errorOf(open({ endpoint, env: { HTTPS_PROXY: "http://proxy:3128" } }).stat("x"));
    expect(s3.warnings).toEqual([
      "s3://bucket: https_proxy is set, and not used: Node 22.21 and later use it with NODE_USE_ENV_PROXY=1",
    ]);
    for (const env of [
      { https_proxy: "http://proxy:3128", no_proxy: "example.org, 127.0.0.1" },
      { https_proxy: "http://proxy:3128", NO_PROXY: "*" },
      { all_proxy: "http://proxy:3128", NODE_USE_ENV_PROXY: "1" },
      { http_proxy: "http://proxy:3128" },
    ]) {
      await errorOf(open({ endpoint, env }).stat("x"));
    }
    expect(s3.warnings).toHaveLength(1);
  });
});
