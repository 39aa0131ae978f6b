// A small server that speaks enough of S3 for our tests, and does wrong what a test wants done wrong. It checks the
// digests of what comes, and no signatures: the real servers of `npm run test:s3` do that.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { compareKeys } from "../../src/stores/keys.js";

export interface FakeObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request whose body has been read. */
export interface FakeRequest {
  readonly method: string;
  /** As `bucket/key`, decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/**
 * Answers in place of the server, or lets the server answer when it returns false. `handle` does what the request says,
 * and returns a function that answers.
 */
export type Fault = (request: FakeRequest, response: ServerResponse, handle: () => () => void) => boolean | undefined;

export const md5 = (bytes: Buffer | string) => createHash("md5").update(bytes).digest("hex");

const escaped = (text: string) => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

export class FakeS3 {
  readonly endpoint: string;
  /** By `bucket/key`. */
  readonly objects = new Map<string, FakeObject>();
  readonly uploads = new Map<string, { path: string; headers: Record<string, string>; parts: Map<number, Buffer> }>();
  readonly requests: FakeRequest[] = [];
  /** The buckets that are there. */
  readonly buckets = new Set(["bucket"]);
  /** Objects on a page of a listing. */
  pageSize = 1000;
  /** Whether If-None-Match is heeded in a PUT, passed over, or refused. */
  conditions: "heeded" | "ignored" | "refused" = "heeded";
  hasRanges = true;
  escapesKeys = true;
  fault: Fault | undefined;
  /** Answers a request whose body is sent only if the server wants it, in place of asking for the body. */
  onExpect: ((response: ServerResponse) => void) | undefined;
  readonly #server: Server;
  #uploadNumber = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<FakeS3> {
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const fake = new FakeS3(server);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void fake.#take(request, response));
    server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
      if (fake.onExpect !== undefined) return fake.onExpect(response);
      response.writeContinue();
      void fake.#take(request, response);
    });
    return fake;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Forgets everything but the objects. */
  reset(): void {
    this.requests.length = 0;
    Object.assign(this, {
      fault: undefined,
      onExpect: undefined,
      pageSize: 1000,
      conditions: "heeded",
      hasRanges: true,
      escapesKeys: true,
    });
  }

  /** What was asked: "GET x", without the bucket. */
  get asked(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path.slice("bucket/".length)}`);
  }

  put(key: string, bytes: Buffer | string, headers?: Readonly<Record<string, string>>): void {
    const buffer = Buffer.from(bytes as string);
    this.objects.set(`bucket/${key}`, { bytes: buffer, etag: md5(buffer), ...(headers && { headers }) });
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", this.endpoint);
    const pieces: Buffer[] = [];
    try {
      for await (const piece of incoming) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const request = {
      method: incoming.method ?? "",
      path: decodeURIComponent(url.pathname.slice(1)),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(pieces),
    };
    this.requests.push(request);
    if (this.fault?.(request, response, () => this.#handle(request, response)) !== undefined) return;
    this.#handle(request, response)();
  }

  #handle(request: FakeRequest, response: ServerResponse): () => void {
    const { method, path, query, headers, body } = request;
    const [bucket = "", ...names] = path.split("/");
    const sha256 = createHash("sha256").update(body).digest("hex");
    const error = (status: number, code: string) => () => fail(response, status, code, method === "HEAD");
    if (!this.buckets.has(bucket)) return error(404, "NoSuchBucket");
    if (headers["x-amz-content-sha256"] !== sha256) return error(400, "XAmzContentSHA256Mismatch");
    if (!/^AWS4-HMAC-SHA256 Credential=/.test(headers.authorization ?? "")) return error(403, "AccessDenied");
    if (
      headers["content-md5"] !== undefined &&
      createHash("md5").update(body).digest("base64") !== headers["content-md5"]
    )
      return error(400, "BadDigest");
    if (names.join("/") === "") return this.#list(bucket, query, response);
    if (method === "POST" && query.has("uploads")) return this.#begin(path, headers, response);
    const id = query.get("uploadId");
    if (id !== null) return this.#upload(id, request, response, error);
    const object = this.objects.get(path);
    if (method === "PUT") {
      const refused = this.#condition(request);
      if (refused !== undefined) return error(...refused);
      const etag = md5(body);
      this.objects.set(path, { bytes: body, etag, headers: marksOf(headers) });
      return () => response.writeHead(200, { etag: `"${etag}"` }).end();
    }
    if (method === "DELETE") {
      this.objects.delete(path);
      return () => response.writeHead(204).end();
    }
    if (object === undefined) return error(404, "NoSuchKey");
    return () => this.answerObject(request, response, object);
  }

  /** Answers a GET or HEAD with an object. */
  answerObject({ method, headers }: FakeRequest, response: ServerResponse, object: FakeObject): void {
    const { bytes, etag } = object;
    const wanted = headers["if-match"];
    if (wanted !== undefined && wanted !== `"${etag}"`) {
      fail(response, 412, "PreconditionFailed", method === "HEAD");
      return;
    }
    const from = this.hasRanges ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? Number.NaN) : Number.NaN;
    const rest = Number.isNaN(from) ? bytes : bytes.subarray(from);
    response.writeHead(Number.isNaN(from) ? 200 : 206, {
      ...object.headers,
      etag: `"${etag}"`,
      "content-length": rest.length,
      ...(Number.isNaN(from) ? {} : { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.end(method === "HEAD" ? undefined : rest);
  }

  #condition({ path, headers }: FakeRequest): [number, string] | undefined {
    if (headers["if-none-match"] === undefined || this.conditions === "ignored") return undefined;
    if (this.conditions === "refused") return [501, "NotImplemented"];
    return this.objects.has(path) ? [412, "PreconditionFailed"] : undefined;
  }

  #list(bucket: string, query: URLSearchParams, response: ServerResponse): () => void {
    const prefix = `${bucket}/${query.get("prefix") ?? ""}`;
    const after = query.get("continuation-token");
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    const from =
      after === null ? 0 : keys.findIndex((key) => compareKeys(key, Buffer.from(after, "hex").toString()) > 0);
    const page = keys.slice(from, from + this.pageSize);
    const isTruncated = from + page.length < keys.length;
    const shown = (key: string) => (this.escapesKeys ? encodeURIComponent(key).replaceAll("%20", "+") : escaped(key));
    const contents = page.map((path) => {
      const { bytes, etag } = this.objects.get(path) as FakeObject;
      const key = shown(path.slice(bucket.length + 1));
      return `<Contents><Key>${key}</Key><Size>${bytes.length}</Size><ETag>&quot;${etag}&quot;</ETag></Contents>`;
    });
    const xml = [
      '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      ...contents,
      `<IsTruncated>${isTruncated}</IsTruncated>`,
      isTruncated
        ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? "").toString("hex")}</NextContinuationToken>`
        : "",
      this.escapesKeys ? "<EncodingType>url</EncodingType>" : "",
      "</ListBucketResult>",
    ].join("");
    return () => sendXml(response, 200, xml);
  }

  #begin(path: string, headers: IncomingMessage["headers"], response: ServerResponse): () => void {
    const id = `upload ${++this.#uploadNumber}`;
    this.uploads.set(id, { path, headers: marksOf(headers), parts: new Map() });
    const xml = `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`;
    return () => sendXml(response, 200, xml);
  }

  #upload(
    id: string,
    request: FakeRequest,
    response: ServerResponse,
    error: (status: number, code: string) => () => void,
  ): () => void {
    const upload = this.uploads.get(id);
    if (upload === undefined) return error(404, "NoSuchUpload");
    if (request.method === "PUT") {
      upload.parts.set(Number(request.query.get("partNumber")), request.body);
      return () => response.writeHead(200, { etag: `"${md5(request.body)}"` }).end();
    }
    if (request.method === "DELETE") {
      this.uploads.delete(id);
      return () => response.writeHead(204).end();
    }
    const refused = this.#condition(request);
    if (refused !== undefined) return error(...refused);
    const parts = [...upload.parts].sort(([x], [y]) => x - y);
    const named = [...request.body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>"(\w+)"<\/ETag>/g)];
    if (named.map(([, , etag]) => etag).join() !== parts.map(([, bytes]) => md5(bytes)).join()) {
      return error(400, "InvalidPart");
    }
    const etag = `${md5(Buffer.concat(parts.map(([, bytes]) => Buffer.from(md5(bytes), "hex"))))}-${parts.length}`;
    this.objects.set(upload.path, { bytes: Buffer.concat(parts.map(([, x]) => x)), etag, headers: upload.headers });
    this.uploads.delete(id);
    const xml = `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`;
    return () => sendXml(response, 200, xml);
  }
}

/** Answers with an error as S3 does. */
export function fail(response: ServerResponse, status: number, code: string, isHead = false, more = ""): void {
  const text = `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>No.</Message>${more}</Error>`;
  if (isHead) response.writeHead(status).end();
  else sendXml(response, status, text);
}

export function sendXml(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "application/xml" }).end(text);
}

function marksOf(headers: IncomingMessage["headers"]): Record<string, string> {
  const marks = Object.entries(headers).filter(([name]) => name.startsWith("x-amz-meta-"));
  return Object.fromEntries(marks) as Record<string, string>;
}
