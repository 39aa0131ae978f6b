// Writes an object: in one piece, or in parts. S3 shows it when it is complete. Each request has the digest of its
// bytes, so the server notices when other bytes arrive.

import { createHash, randomBytes } from "node:crypto";
import type { Content, StoredObject } from "../store.js";
import { StoreError } from "../store.js";
import type { S3Client, S3Request } from "./client.js";
import { describedBy, versionOf } from "./objects.js";
import { Buffers, partsOf, sizeOfParts, WrongSize } from "./parts.js";
import { textIn } from "./xml.js";

/** Parts that are sent at once. */
const AT_ONCE = 2;
const MAX_ANSWER = 2 ** 16;
/** Says who wrote an object. When an answer got lost, it tells whether the object that is there is the one. */
const WRITER = "x-amz-meta-prio-writer";
const CONTENT_TYPE = { "content-type": "application/octet-stream" };

/**
 * Who sees to it that an object is new: nobody; the server, by a condition; or nobody, but the writer looks afterwards
 * whether the object is still its own.
 */
export type Exclusion = "none" | "condition" | "mark";

/** One object that is written, once. */
export class Upload {
  readonly #client: S3Client;
  readonly #key: string;
  readonly #content: Content;
  readonly #exclusion: Exclusion;
  readonly #partSize: number;
  readonly #writer = randomBytes(16).toString("hex");

  /** @param leastPart bytes up to which an object is written in one piece */
  constructor(client: S3Client, key: string, content: Content, exclusion: Exclusion, leastPart: number) {
    this.#client = client;
    this.#key = key;
    this.#content = content;
    this.#exclusion = exclusion;
    this.#partSize = sizeOfParts(content.size, leastPart);
  }

  /** Returns null when there is such an object already, and it had to be new. */
  async run(): Promise<StoredObject | null> {
    let version: string | undefined | null;
    try {
      version = await (this.#content.size <= this.#partSize ? this.#inOnePiece() : this.#inParts());
    } catch (error) {
      if (!(error instanceof WrongSize)) throw error;
      throw this.#client.error("damaged", this.#request("PUT"), "what was to be written changed meanwhile");
    }
    const { size } = this.#content;
    if (version === null) return null;
    if (version === undefined) throw this.#client.nonsense(this.#request("PUT"), "the answer has no ETag");
    return this.#exclusion === "mark" ? this.#mine() : { key: this.#key, size, version };
  }

  /** The version, undefined when the server does not tell it, or null when there is such an object already. */
  async #inOnePiece(): Promise<string | undefined | null> {
    let body: Buffer = Buffer.alloc(0);
    for await (const { bytes } of partsOf(this.#content, this.#partSize, new Buffers())) body = bytes;
    const { response, isRepeated } = await this.#client.request({
      ...this.#request("PUT"),
      headers: { ...CONTENT_TYPE, ...this.#mark(), ...this.#condition(), ...digestOf(body) },
      body,
      expects: (status) => this.#isTaken(status),
    });
    if (this.#isTaken(response.status)) return isRepeated ? ((await this.#mine())?.version ?? null) : null;
    response.discard();
    return versionOf(response.header("etag"));
  }

  async #inParts(): Promise<string | undefined | null> {
    const id = await this.#begin();
    try {
      const etags = await this.#sendParts(id);
      const version = await this.#complete(id, etags);
      if (version === null) await this.#abort(id);
      return version;
    } catch (error) {
      await this.#abort(id);
      throw error;
    }
  }

  async #begin(): Promise<string> {
    const request = this.#request("POST", { uploads: "" });
    const headers = { ...CONTENT_TYPE, ...this.#mark() };
    const answer = await this.#client.requestXml({ ...request, headers }, "InitiateMultipartUploadResult", MAX_ANSWER);
    const id = textIn(answer, "UploadId");
    if (!id) throw this.#client.nonsense(request, "the answer has no id of the upload");
    return id;
  }

  /** Sends all parts, a few at once, and returns their ETags. Throws the first error when nothing is under way. */
  async #sendParts(id: string): Promise<string[]> {
    const buffers = new Buffers();
    const etags: string[] = [];
    const underWay = new Set<Promise<void>>();
    const failures: unknown[] = [];
    try {
      for await (const { bytes, buffer } of partsOf(this.#content, this.#partSize, buffers)) {
        const index = etags.push("") - 1;
        const sending: Promise<void> = this.#sendPart(id, index + 1, bytes)
          .then((etag) => {
            etags[index] = etag;
            buffers.giveBack(buffer);
          })
          .catch((error: unknown) => void failures.push(error))
          .finally(() => underWay.delete(sending));
        underWay.add(sending);
        if (underWay.size >= AT_ONCE) await Promise.race(underWay);
        if (failures.length > 0) break;
      }
    } finally {
      await Promise.all(underWay);
    }
    if (failures.length > 0) throw failures[0];
    return etags;
  }

  async #sendPart(id: string, number: number, body: Buffer): Promise<string> {
    const request = this.#request("PUT", { partNumber: String(number), uploadId: id });
    const { response } = await this.#client.request({ ...request, headers: digestOf(body), body });
    response.discard();
    const etag = versionOf(response.header("etag"));
    if (etag === undefined) throw this.#client.nonsense(request, "the answer has no ETag of the part");
    return etag;
  }

  /** Puts the parts together. What it returns is as for one piece. */
  async #complete(id: string, etags: readonly string[]): Promise<string | undefined | null> {
    const parts = etags.map((etag, i) => {
      const quoted = etag.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
      return `<Part><PartNumber>${i + 1}</PartNumber><ETag>"${quoted}"</ETag></Part>`;
    });
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
    const request: S3Request = {
      ...this.#request("POST", { uploadId: id }),
      headers: { ...this.#condition(), "content-type": "application/xml" },
      body,
    };
    try {
      const answer = await this.#client.requestXml(request, "CompleteMultipartUploadResult", MAX_ANSWER);
      return versionOf(textIn(answer, "ETag"));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const isTaken = this.#exclusion === "condition" && error.code === "changed";
      if (!isTaken && error.code !== "not-found") throw error;
      // An earlier try whose answer got lost may have put them together.
      const mine = await this.#mine();
      if (mine === null && !isTaken) throw error;
      return mine?.version ?? null;
    }
  }

  /** Removes the parts that the server has. What it keeps costs space, so that is said. */
  async #abort(id: string): Promise<void> {
    const expects = (status: number): boolean => status === 404;
    try {
      const { response } = await this.#client.request({ ...this.#request("DELETE", { uploadId: id }), expects });
      response.discard();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const hint = "a rule of the bucket's life cycle (AbortIncompleteMultipartUpload) removes such parts";
      this.#client.warn(`the parts of an unfinished upload of ${this.#key} could not be removed: ${hint}`);
    }
  }

  /** The object, if it is the one that this upload wrote. */
  async #mine(): Promise<StoredObject | null> {
    const expects = (status: number): boolean => status === 404;
    const { response } = await this.#client.request({ ...this.#request("HEAD"), expects });
    response.discard();
    const isMarked = this.#isMarked ? response.header(WRITER) === this.#writer : response.status !== 404;
    return isMarked ? (describedBy(response, this.#key) ?? null) : null;
  }

  get #isMarked(): boolean {
    return this.#exclusion !== "none" || this.#content.size > this.#partSize;
  }

  #mark(): Readonly<Record<string, string>> {
    return this.#isMarked ? { [WRITER]: this.#writer } : {};
  }

  #condition(): Readonly<Record<string, string>> {
    return this.#exclusion === "condition" ? { "if-none-match": "*" } : {};
  }

  #isTaken(status: number): boolean {
    return this.#exclusion === "condition" && status === 412;
  }

  #request(method: S3Request["method"], query: Readonly<Record<string, string>> = {}): S3Request {
    return { method, attempt: "cannot write", key: this.#key, query };
  }
}

/** Of all servers, each checks at least this digest; the other one is signed. */
function digestOf(body: Buffer): Readonly<Record<string, string>> {
  return { "content-md5": createHash("md5").update(body).digest("base64") };
}
