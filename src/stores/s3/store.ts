// A store in a bucket of S3, or of a server that speaks its protocol: AWS, Google's, MinIO and others.

import { isTemporaryName, nameBeside } from "../../files/temporary-files.js";
import { requireKey, requirePrefix } from "../keys.js";
import type { StoreSettings } from "../settings.js";
import type { Content, Store, StoredObject, WriteOptions } from "../store.js";
import { S3Client, type S3Request } from "./client.js";
import { download } from "./download.js";
import { type Location, parseLocation } from "./endpoint.js";
import { describedBy, listed, whyNoObject } from "./objects.js";
import { Upload } from "./upload.js";

/** Bytes that are written in one request, three of which an upload has in memory. AWS takes no fewer in a part. */
const PART = 5 * 2 ** 20;

/** The objects of a bucket below a prefix. */
export class S3Store implements Store {
  readonly name: string;
  readonly #location: Location;
  readonly #settings: StoreSettings;
  readonly #client: S3Client;
  /** Whether the bucket was there once: then 404 is about an object. */
  #isThere = false;
  /** Whether the server heeds If-None-Match when it writes. Unknown until it was tried. */
  #hasConditions: Promise<boolean> | undefined;

  /** @param url `s3://bucket/prefix` */
  constructor(url: string, settings: StoreSettings = {}) {
    this.#location = parseLocation(url);
    const { bucket, prefix } = this.#location;
    this.name = `s3://${bucket}/${prefix}`.replace(/\/$/, "");
    this.#settings = settings;
    this.#client = new S3Client(this.name, this.#location, settings);
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const attempt = "cannot list";
    requirePrefix(prefix, attempt, this.name);
    const { prefix: above } = this.#location;
    for await (const { key, ...rest } of listed(this.#client, above + prefix)) {
      const object = { key: key.slice(above.length), ...rest };
      const reason = whyNoObject(object);
      if (reason === undefined || isTemporaryName(object.key.slice(object.key.lastIndexOf("/") + 1))) continue;
      if (reason !== null) {
        const request: S3Request = { method: "GET", attempt, key: object.key };
        throw this.#client.error("refused", request, `no such name is used: ${reason}`);
      }
      yield object;
    }
  }

  stat(key: string): Promise<StoredObject | undefined> {
    return this.#stat(key, "cannot look up");
  }

  async #stat(key: string, attempt: string): Promise<StoredObject | undefined> {
    const request: S3Request = { method: "HEAD", attempt, key };
    requireKey(key, attempt, this.name);
    // An answer to HEAD has no body that tells why.
    const expects = (status: number): boolean => status >= 400 && status < 500 && status !== 429;
    let { response } = await this.#client.request({ ...request, expects });
    if (response.status !== 200 && !(response.status === 404 && this.#isThere)) {
      const missing = (_status: number, code: string): boolean => code === "NoSuchKey";
      ({ response } = await this.#client.request({ ...request, method: "GET", expects: missing }));
    }
    response.discard();
    this.#isThere = true;
    if (response.status === 404) return undefined;
    const object = describedBy(response, key);
    if (object === undefined) throw this.#client.nonsense(request, "the answer has no length or no ETag");
    return object;
  }

  async *read(key: string, version?: string): AsyncGenerator<Buffer> {
    requireKey(key, "cannot read", this.name);
    const { tries = 6, checksETag = true } = this.#settings;
    yield* download(this.#client, key, version, { tries, checksETag });
  }

  async write(key: string, content: Content, { ifAbsent = false }: WriteOptions = {}): Promise<StoredObject> {
    const request: S3Request = { method: "PUT", attempt: "cannot write", key };
    requireKey(key, request.attempt, this.name);
    const exists = () => this.#client.error("exists", request, "there is such an object already");
    // Spares the bytes. The server decides at the end of the write.
    if (ifAbsent && (await this.#stat(key, request.attempt)) !== undefined) throw exists();
    const exclusion = ifAbsent ? ((await this.#knowsConditions(key)) ? "condition" : "mark") : "none";
    const { partSize = PART } = this.#settings;
    const written = await new Upload(this.#client, key, content, exclusion, partSize).run();
    if (written === null) throw exists();
    return written;
  }

  async delete(key: string): Promise<void> {
    requireKey(key, "cannot delete", this.name);
    await this.#delete(key, "cannot delete");
  }

  async #delete(key: string, attempt: string): Promise<void> {
    const request: S3Request = { method: "DELETE", attempt, key };
    const expects = (_status: number, code: string): boolean => code === "NoSuchKey";
    const { response } = await this.#client.request({ ...request, expects });
    response.discard();
  }

  /** Tries once whether the server heeds If-None-Match: some pass over it, and write. */
  #knowsConditions(key: string): Promise<boolean> {
    this.#hasConditions ??= this.#tryCondition(key).catch((error: unknown) => {
      this.#hasConditions = undefined;
      throw error;
    });
    return this.#hasConditions;
  }

  async #tryCondition(key: string): Promise<boolean> {
    const probe = nameBeside(key, "tmp").replace(/^\.\//, "");
    const isNew = async () => {
      const request: S3Request = { method: "PUT", attempt: "cannot write", key: probe };
      const { response } = await this.#client.request({
        ...request,
        headers: { "if-none-match": "*" },
        body: Buffer.alloc(0),
        expects: (status, code) => status === 412 || status === 501 || code === "NotImplemented",
      });
      response.discard();
      return response.status;
    };
    const hasConditions = (await isNew()) === 200 && (await isNew()) === 412;
    await this.#delete(probe, "cannot write");
    if (!hasConditions) {
      this.#client.warn("the server cannot write only what is absent: runs that begin at the same time may overlap");
    }
    return hasConditions;
  }
}
