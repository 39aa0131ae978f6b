// Reads an object. When the connection breaks, goes on where it broke, if the object is still the same.

import { createHash, type Hash } from "node:crypto";
import type { S3Client, S3Request } from "./client.js";
import { BrokenConnection, type HttpResponse } from "./http.js";
import { describedBy, ifMatch, versionOf } from "./objects.js";

/** As many bytes more, and breaks of the connection are counted anew. */
const PROGRESS = 2 ** 20;

export interface DownloadSettings {
  readonly tries: number;
  /** Whether an ETag that looks like an MD5 is compared with that of the bytes. */
  readonly checksETag: boolean;
}

/** The bytes of an object: of `version`, if that is given. */
export async function* download(
  client: S3Client,
  key: string,
  version: string | undefined,
  { tries, checksETag }: DownloadSettings,
): AsyncGenerator<Buffer> {
  const request: S3Request = { method: "GET", attempt: "cannot read", key, expects: (status) => status === 412 };
  const changed = () => client.error("changed", request, "the object is another one now");
  let wanted = version;
  let size: number | undefined;
  let hash: Hash | undefined;
  let length = 0;
  let mark = 0;
  for (let failures = 0; size === undefined || length < size; ) {
    const isRest = length > 0;
    const headers = {
      ...(wanted === undefined ? {} : ifMatch(wanted)),
      ...(isRest ? { range: `bytes=${length}-` } : {}),
    };
    const { response } = await client.request({ ...request, headers });
    const got = versionOf(response.header("etag"));
    if (response.status === 412) throw changed();
    if (got === undefined || (wanted !== undefined && got !== wanted)) {
      response.discard();
      throw got === undefined ? client.nonsense(request, "the answer has no ETag") : changed();
    }
    wanted = got;
    if (size === undefined) {
      size = describedBy(response, key)?.size ?? (await sizeOf(client, key, got));
      hash = checksETag && isMd5(response, got) ? createHash("md5") : undefined;
    }
    // A server that knows no ranges sends all once more.
    let known = response.status === 206 ? 0 : length;
    if (response.status === 206 && response.header("content-range") !== `bytes ${length}-${size - 1}/${size}`) {
      response.discard();
      throw client.nonsense(request, "the answer is another part of the object");
    }
    let reason: unknown;
    try {
      for await (const piece of response.body()) {
        const fresh = piece.subarray(Math.min(known, piece.length));
        known -= piece.length - fresh.length;
        length += fresh.length;
        if (length > size) throw client.error("damaged", request, `expected ${size} bytes, and more came`);
        hash?.update(fresh);
        if (fresh.length > 0) yield fresh;
      }
    } catch (error) {
      if (!(error instanceof BrokenConnection)) throw error;
      reason = error;
    }
    if (length === size) break;
    if (length - mark >= PROGRESS) {
      failures = 0;
      mark = length;
    }
    if (++failures >= tries) {
      const details = { isTransient: true, cause: reason };
      throw client.error("damaged", request, `expected ${size} bytes, and only ${length} came`, details);
    }
    await client.pause(failures, request);
  }
  if (hash !== undefined && hash.digest("hex") !== wanted) {
    throw client.error("damaged", request, "the bytes are not those of its ETag", { isTransient: true });
  }
}

/** The size of an object whose GET does not tell it. */
async function sizeOf(client: S3Client, key: string, version: string): Promise<number> {
  const request: S3Request = { method: "HEAD", attempt: "cannot read", key, headers: ifMatch(version) };
  const { response } = await client.request(request);
  const object = describedBy(response, key);
  response.discard();
  if (object === undefined) throw client.nonsense(request, "the answer has no length");
  return object.size;
}

/** Whether an ETag is the MD5 of the bytes. It looks like one, and is none, where the user's own keys encrypt. */
function isMd5(response: HttpResponse, version: string): boolean {
  const encryption = response.header("x-amz-server-side-encryption") ?? "AES256";
  return (
    /^[0-9a-f]{32}$/.test(version) &&
    encryption === "AES256" &&
    response.header("x-amz-server-side-encryption-customer-algorithm") === undefined &&
    response.header("x-goog-encryption-kms-key-name") === undefined
  );
}
