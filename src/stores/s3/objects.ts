// What the answers of S3 say about objects: their size and version, and the pages of a listing.

import { whyNoKey } from "../keys.js";
import type { StoredObject } from "../store.js";
import type { S3Client, S3Request } from "./client.js";
import type { HttpResponse } from "./http.js";
import { type Element, textIn } from "./xml.js";

/** A thousand keys, each byte of which may be escaped. */
const MAX_PAGE = 2 ** 23;
/** Pages without an object that are read in a row. */
const MAX_EMPTY_PAGES = 100;
const SIZE = /^\d{1,15}$/;

/** The version that an ETag stands for, or undefined when it is none. */
export function versionOf(etag: string | undefined): string | undefined {
  return /^(?:W\/)?"?([\x21\x23-\x7e]{1,256})"?$/.exec(etag ?? "")?.[1];
}

/** The header that asks for a version. */
export function ifMatch(version: string): Readonly<Record<string, string>> {
  return { "if-match": `"${version}"` };
}

/** The object that the headers of an answer to GET or HEAD describe. */
export function describedBy(response: HttpResponse, key: string): StoredObject | undefined {
  const version = versionOf(response.header("etag"));
  const size = response.header("content-length") ?? "";
  return version === undefined || !SIZE.test(size) ? undefined : { key, size: Number(size), version };
}

/** The objects of a bucket whose keys begin with `prefix`; their keys and `prefix` are those of the bucket. */
export async function* listed(client: S3Client, prefix: string): AsyncGenerator<StoredObject> {
  const request: S3Request = { method: "GET", attempt: "cannot list" };
  let token: string | undefined;
  let last = Buffer.alloc(0);
  let empty = 0;
  do {
    const query = { "encoding-type": "url", "list-type": "2", prefix, ...(token && { "continuation-token": token }) };
    const page = await client.requestXml({ ...request, query }, "ListBucketResult", MAX_PAGE);
    const objects = page.children.filter(({ name }) => name === "Contents");
    empty = objects.length === 0 ? empty + 1 : 0;
    if (empty > MAX_EMPTY_PAGES) throw client.nonsense(request, "the listing has no end");
    for (const element of objects) {
      const object = objectIn(element, textIn(page, "EncodingType") === "url");
      if (object === undefined) throw client.nonsense(request, "an object of the listing has no key, size or ETag");
      if (!object.key.startsWith(prefix)) throw client.nonsense(request, "the listing has objects of another prefix");
      const name = Buffer.from(object.key);
      // So a listing cannot go in a circle either.
      if (Buffer.compare(last, name) >= 0) throw client.nonsense(request, "the listing is not in the order of keys");
      last = name;
      yield object;
    }
    const next = textIn(page, "NextContinuationToken");
    const goesOn = textIn(page, "IsTruncated") === "true";
    if (goesOn && (!next || next === token)) throw client.nonsense(request, "the listing has no next page");
    token = goesOn ? next : undefined;
  } while (token !== undefined);
}

function objectIn(element: Element, isEscaped: boolean): StoredObject | undefined {
  const key = isEscaped ? unescaped(textIn(element, "Key") ?? "") : textIn(element, "Key");
  const size = textIn(element, "Size") ?? "";
  const version = versionOf(textIn(element, "ETag"));
  return !key || version === undefined || !SIZE.test(size) ? undefined : { key, size: Number(size), version };
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    return undefined;
  }
}

/** Why a listed object is none of a store, null when it is one, or undefined when it stands for a folder. */
export function whyNoObject({ key, size }: StoredObject): string | null | undefined {
  return key === "" || (key.endsWith("/") && size === 0) ? undefined : whyNoKey(key);
}
