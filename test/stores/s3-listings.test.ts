// Listings of servers that lie, or are far too long.

import { describe, expect, it } from "vitest";
import { contentOf } from "../../src/stores/content.js";
import { allOf } from "./conformance.js";
import { sendXml } from "./fake-s3.js";
import { errorOf, first, useFakeS3 } from "./s3-support.js";

const s3 = useFakeS3();
const object = (key: string, more = "<Size>1</Size><ETag>x</ETag>") => `<Contents><Key>${key}</Key>${more}</Contents>`;
const page = (content: string, next?: string) =>
  `<?xml version="1.0"?><ListBucketResult>${content}${
    next === undefined ? "" : `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`
  }</ListBucketResult>`;
/** The answers to a listing, one page after the other; the last one again and again. */
const answers = (...pages: string[]) => {
  let asked = 0;
  s3.fake.fault = (_request, response) => {
    sendXml(response, 200, pages[Math.min(asked++, pages.length - 1)] as string);
    return true;
  };
};
const list = (prefix = "", store = s3.open({}, "home")) => allOf(store.list(prefix));

describe("a listing is refused", () => {
  it.each([
    ["of objects of another prefix", [page(object("homeless/x"))], /objects of another prefix/],
    ["out of order", [page(object("home/b") + object("home/a"))], /not in the order/],
    ["with an object twice", [page(object("home/b") + object("home/b"))], /not in the order/],
    ["that goes in a circle", [page(object("home/a"), "1"), page(object("home/a"), "2")], /not in the order/],
    ["without a next page", [page("<IsTruncated>true</IsTruncated>")], /no next page/],
    ["whose next page is the same", [page(object("home/a"), "1"), page(object("home/b"), "1")], /no next page/],
    ["without keys", [page("<Contents><Size>1</Size><ETag>x</ETag></Contents>")], /no key, size or ETag/],
    ["without sizes", [page(object("home/a", "<ETag>x</ETag>"))], /no key, size or ETag/],
    ["with a size of no bytes", [page(object("home/a", "<Size>-1</Size><ETag>x</ETag>"))], /no key, size or ETag/],
    ["without ETags", [page(object("home/a", "<Size>1</Size>"))], /no key, size or ETag/],
    ["with a key that is no text", [page(`<EncodingType>url</EncodingType>${object("home/%ff")}`)], /no key/],
    ["that is a web page", ["<html><body>Welcome</body></html>"], /not one of S3/],
    ["that is no XML", ["{}"], /not one of S3/],
    ["that ends in the middle", [page(object("home/a")).slice(0, -5)], /not one of S3/],
    ["of something else", ["<ListAllMyBucketsResult/>"], /not one of S3/],
    ["too large", [page(object("home/a") + " ".repeat(2 ** 23))], /not one of S3/],
    [
      "with entities that grow",
      [`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${page("&b;")}`],
      /not one of S3/,
    ],
    ["with a file in it", [`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${page("&a;")}`], /not one of S3/],
    ["nested deeply", ["<ListBucketResult>".repeat(100_000)], /not one of S3/],
  ])("%s", async (_name, pages, reason) => {
    answers(...pages);
    const error = await errorOf(list());
    expect(error).toMatchObject({ code: "unavailable", isTransient: false });
    expect(error.message).toMatch(/^cannot list s3:\/\/bucket\/home: /);
    expect(error.message).toMatch(reason);
  });

  it.each(["../x", "/x", "a//b", "a/../b", "a&#10;b", "./a", "a\\b"])("with the name %s of a peer", async (key) => {
    answers(page(object(`home/${key}`)));
    const error = await errorOf(list());
    expect(error).toMatchObject({ code: "refused", isTransient: false });
    expect(error.message).toMatch(/^cannot list s3:\/\/bucket\/home\/.*: no such name is used: /);
  });

  it("with pages without end that have nothing in them", async () => {
    let asked = 0;
    s3.fake.fault = (_request, response) => {
      sendXml(response, 200, page("", String(asked++)));
      return true;
    };
    expect((await errorOf(list())).message).toMatch(/the listing has no end$/);
    expect(asked).toBeLessThan(200);
  });
});

it("folders that a console made, and temporary names, are not shown", async () => {
  const empty = "<Size>0</Size><ETag>x</ETag>";
  const keys = ["home/", "home/a/.x.0123abcd-7-89abcdef.tmp", "home/a/b", "home/c/"];
  answers(page(keys.map((key) => object(key, key.endsWith("/") ? empty : undefined)).join("")));
  expect((await list()).map(({ key }) => key)).toEqual(["a/b"]);
});

it("reads pages that lack objects, prefixes of namespaces, and ETags in all their forms", async () => {
  const etags = ["&quot;1&quot;", "2", 'W/"3"', "&#34;4-2&#x22;"];
  const contents = etags.map((etag, i) => object(`home/${i}`, `<Size>${i}</Size><ETag>${etag}</ETag><Owner/>`));
  const named = page(contents.join("")).replaceAll(/<(\/?)(\w)/g, "<$1s3:$2");
  answers(page("", "1"), page("", "2"), named.replace("ListBucketResult", 'ListBucketResult xmlns:s3="http://x/"'));
  const objects = await list();
  expect(objects.map(({ version }) => version)).toEqual(["1", "2", "3", "4-2"]);
  expect(objects.map(({ size }) => size)).toEqual([0, 1, 2, 3]);
});

it("asks for the next page only when the reader wants it, and again when it breaks off", async () => {
  const store = s3.open();
  for (const key of ["a", "b", "c"]) await store.write(key, contentOf(""));
  s3.fake.requests.length = 0;
  s3.fake.pageSize = 1;
  for await (const { key } of store.list("")) {
    expect(s3.fake.requests.length).toBe("abc".indexOf(key) + 1);
    s3.fake.fault = first(
      1,
      () => true,
      (_request, response) => {
        response.writeHead(200, { "content-length": 1000 });
        response.write("<ListBucketResult>", () => response.socket?.destroy());
        return true;
      },
    );
    if (key === "a") break;
  }
  expect(await list("", store)).toHaveLength(3);
});
