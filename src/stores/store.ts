// What a store is: a place for objects that two operators exchange, such as a directory or a bucket of S3. It knows
// keys and bytes. What the objects mean, `_SUCCESS` and manifests among them, is its user's business.

import { Failure } from "../files/failure.js";

/** An object as a listing shows it. */
export interface StoredObject {
  /** See keys.ts. */
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  /** Changes whenever the content does: the ETag, or inode, size and time of a file. */
  readonly version: string;
}

/** Bytes of known length that can be read several times. See content.ts. */
export interface Content {
  /** In bytes; each reading gives as many. */
  readonly size: number;
  read(): AsyncIterable<Buffer>;
}

/** What a write asks for. */
export interface WriteOptions {
  /** Fails with `exists` when there is an object of this key already, and leaves it as it is. */
  readonly ifAbsent?: boolean;
}

/**
 * A place for objects. Every method fails with a {@link StoreError}, and with nothing else that a store or its objects
 * can be to blame for. Requests that can succeed later are tried again, for a while; waiting for an object to appear is
 * left to the caller.
 */
export interface Store {
  /** For messages: `s3://bucket/prefix`, or the directory. It has no credentials. */
  readonly name: string;
  /**
   * All objects whose keys begin with `prefix`, in the order of the bytes of their keys. It need not end at a `/`.
   * Temporary names are not shown. Objects that come or go meanwhile may be shown or not. A name that cannot be a key
   * fails with `refused`.
   */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** The object, or undefined when there is none. */
  stat(key: string): Promise<StoredObject | undefined>;
  /**
   * The object's bytes. With `version`, fails with `changed` when the object is another one, before or under way. Fails
   * with `damaged` when the bytes are not as many as the size says, or do not have the digest that the store knows.
   * What came before an error must not be used.
   */
  read(key: string, version?: string): AsyncIterable<Buffer>;
  /**
   * Writes the whole object or none: readers see the old one or the new one, never a part. The object is on disk, or as
   * safe as the server makes it, when the promise is fulfilled.
   */
  write(key: string, content: Content, options?: WriteOptions): Promise<StoredObject>;
  /** Removes the object. It is no error when there is none. */
  delete(key: string): Promise<void>;
}

/**
 * What a {@link StoreError} can be about. The list is closed.
 *
 * | code | meaning |
 * |---|---|
 * | `not-found` | the object to be read is not there, or the store itself is not |
 * | `forbidden` | the store does not let us: permissions, credentials, a signature, a read-only file system |
 * | `unavailable` | the store does not answer, is too busy, too slow, or answers nonsense |
 * | `changed` | the object is not the one of the asked version any more |
 * | `exists` | the object to be written only if absent is there |
 * | `full` | there is no space, or the quota is used up |
 * | `damaged` | what came is not what was stored: half of an object, or other bytes |
 * | `refused` | what no store takes: a name that is no key, a link that leads out of the directory, wrong settings |
 */
export type StoreErrorCode =
  | "not-found"
  | "forbidden"
  | "unavailable"
  | "changed"
  | "exists"
  | "full"
  | "damaged"
  | "refused";

/** Which object an error is about, and what else is known. */
export interface StoreErrorDetails {
  readonly store: string;
  /** Left out when the error is about the whole store. */
  readonly key?: string | undefined;
  readonly hint?: string | undefined;
  /** Whether trying again later can help; by default, with `unavailable`. */
  readonly isTransient?: boolean | undefined;
  readonly cause?: unknown;
}

/** A store failed. The message names the store and the object, and has no credentials and no signature. */
export class StoreError extends Failure {
  /** Always `"StoreError"`. */
  override readonly name: string = "StoreError";
  /** Stable, for programs to act on. */
  readonly code: StoreErrorCode;
  /** The store's name. */
  readonly store: string;
  readonly key: string | undefined;
  /** Whether trying again later can help. */
  readonly isTransient: boolean;

  /** @param attempt what was tried and did not succeed: `cannot read`, followed by the object's name */
  constructor(code: StoreErrorCode, attempt: string, reason: string, details: StoreErrorDetails) {
    const { store, key, hint, isTransient = code === "unavailable", cause } = details;
    const object = key === undefined ? store : objectName(store, key);
    super(`${attempt} ${object}: ${reason}`, hint);
    if (cause !== undefined) this.cause = cause;
    this.code = code;
    this.store = store;
    this.key = key;
    this.isTransient = isTransient;
  }
}

/** An object's name in messages. What a key may not hold is escaped. */
function objectName(store: string, key: string): string {
  const quoted = JSON.stringify(key).slice(1, -1);
  return `${store.replace(/\/$/, "")}/${quoted === key ? key : `"${quoted}"`}`;
}
