// Secrets at rest: AES-256-GCM under the key of this deployment, which is in no store. What is sealed is bound to its
// row, so that somebody who can only write to the database cannot put one row's secret into another.
//
// struct { uint8 version = 1; opaque key_name[4]; opaque iv[12]; opaque ciphertext[n]; opaque tag[16]; }
//
// Associated data: version, key_name, and the row's name in UTF-8. The key's name is the beginning of its SHA-256, so
// that a wrong key is told from a changed row. IVs are random; a deployment seals a few thousand times in its life.

import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { OperatorError, systemReason } from "./operator-error.js";

const VERSION = 1;
const KEY_BYTES = 32;
const NAME_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NAME_BYTES;

/** Where the key comes from. The names are those of the environment. */
export const KEY_VARIABLES = {
  current: "PRIO_AGGREGATOR_KEY",
  currentFile: "PRIO_AGGREGATOR_KEY_FILE",
  old: "PRIO_AGGREGATOR_OLD_KEY",
  oldFile: "PRIO_AGGREGATOR_OLD_KEY_FILE",
} as const;

const MAKE_KEY = '"prio-aggregator keys new-secret --output FILE"';
const NO_KEY_HINT = `make one with ${MAKE_KEY} and set ${KEY_VARIABLES.currentFile}`;

interface Key {
  readonly name: Buffer;
  readonly bytes: Buffer;
}

/** Seals under one key and opens under it and an older one, so that the key can be changed while processes run. */
export class Secrets {
  readonly #current: Key;
  readonly #keys: readonly Key[];

  /** Keys of 32 bytes. */
  constructor(current: Uint8Array, old: Uint8Array | null = null) {
    this.#current = keyOf(current);
    this.#keys = old === null ? [this.#current] : [this.#current, keyOf(old)];
  }

  /**
   * The keys that the environment gives, itself or by the names of files. Throws an OperatorError where there is none,
   * where it is named twice, or where it is no key.
   */
  static fromEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Secrets {
    const current = keyText(env, KEY_VARIABLES.current, KEY_VARIABLES.currentFile);
    if (current === null) {
      throw new OperatorError(
        `expected the key of this deployment in ${KEY_VARIABLES.currentFile} or ${KEY_VARIABLES.current}, got neither`,
        NO_KEY_HINT,
      );
    }
    return new Secrets(current, keyText(env, KEY_VARIABLES.old, KEY_VARIABLES.oldFile));
  }

  /** A fresh key as a line of text, for a file. */
  static newKeyText(): string {
    return randomBytes(KEY_BYTES).toString("base64url");
  }

  /** The name of the key that seals: 8 hex digits, which say nothing about it. */
  get keyName(): string {
    return this.#current.name.toString("hex");
  }

  /** @param row the row's name, such as `task/…` */
  seal(row: string, secret: Uint8Array): Uint8Array {
    const { name, bytes } = this.#current;
    const iv = randomBytes(IV_BYTES);
    const header = Buffer.concat([Buffer.of(VERSION), name]);
    const cipher = createCipheriv("aes-256-gcm", bytes, iv).setAAD(associatedData(header, row));
    return Buffer.concat([header, iv, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws an OperatorError for another deployment's key, and for a row that was changed or is another's. */
  open(row: string, sealed: Uint8Array): Buffer {
    const header = sealed.subarray(0, HEADER_BYTES);
    if (sealed.length < HEADER_BYTES + IV_BYTES + TAG_BYTES || header[0] !== VERSION) {
      throw new OperatorError(`the secrets of ${row}: expected what this program has sealed`);
    }
    const key = this.#keys.find(({ name }) => timingSafeEqual(name, header.subarray(1)));
    if (key === undefined) {
      const names = this.#keys.map(({ name }) => name.toString("hex")).join(" and ");
      const expected = Buffer.from(header.subarray(1)).toString("hex");
      const { currentFile, oldFile } = KEY_VARIABLES;
      throw new OperatorError(
        `the store is sealed under the key ${expected}, and this process has ${names}`,
        `set ${currentFile} to the store's own key, or ${oldFile} while the key is being changed`,
      );
    }
    const iv = sealed.subarray(HEADER_BYTES, HEADER_BYTES + IV_BYTES);
    const decipher = createDecipheriv("aes-256-gcm", key.bytes, iv, { authTagLength: TAG_BYTES })
      .setAAD(associatedData(header, row))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    const opened = decipher.update(sealed.subarray(HEADER_BYTES + IV_BYTES, -TAG_BYTES));
    try {
      return Buffer.concat([opened, decipher.final()]);
    } catch {
      throw new OperatorError(`the secrets of ${row} were changed, or belong to another row`);
    }
  }

  /** Whether something is sealed under the older key. */
  isOld(sealed: Uint8Array): boolean {
    return !this.#current.name.equals(sealed.subarray(1, HEADER_BYTES));
  }
}

function keyOf(bytes: Uint8Array): Key {
  if (bytes.length !== KEY_BYTES) {
    throw new OperatorError(`the key of this deployment: expected ${KEY_BYTES} bytes, got ${bytes.length}`);
  }
  const hash = createHash("sha256").update("prio-aggregator key name").update(bytes).digest();
  return { name: hash.subarray(0, NAME_BYTES), bytes: Buffer.from(bytes) };
}

function associatedData(header: Uint8Array, row: string): Buffer {
  return Buffer.concat([header, Buffer.from(row)]);
}

/** The key that one of two variables gives, or null. */
function keyText(
  env: Readonly<Record<string, string | undefined>>,
  variable: string,
  fileVariable: string,
): Uint8Array | null {
  const text = env[variable] || undefined;
  const file = env[fileVariable] || undefined;
  if (text !== undefined && file !== undefined) {
    throw new OperatorError(`expected a key in ${variable} or in ${fileVariable}, got both`);
  }
  if (text !== undefined) return parseKey(text, variable);
  if (file === undefined) return null;
  let content: string;
  try {
    refuseOpenFile(file);
    content = readFileSync(file, "utf8");
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new OperatorError(`${fileVariable}: cannot read ${file}: ${reason}`, isMissing ? NO_KEY_HINT : null);
  }
  return parseKey(content, file);
}

/**
 * Throws an OperatorError where others can read or write a file. The group may read it: containers hand out secrets so.
 */
function refuseOpenFile(file: string): void {
  const stat = statSync(file);
  if (process.platform === "win32" || !stat.isFile() || (stat.mode & 0o027) === 0) return;
  const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
  throw new OperatorError(
    `${file} is open to others (mode ${mode}): not a place for the key of this deployment`,
    `chmod 600 ${file}`,
  );
}

/** 32 bytes as 64 hex digits, base64 or base64url. */
function parseKey(text: string, subject: string): Uint8Array {
  const word = text.trim();
  if (/^[0-9a-f]{64}$/i.test(word)) return Buffer.from(word, "hex");
  const bytes = Buffer.from(word, "base64");
  if (!/^[\w+/-]{43}=?$/.test(word) || bytes.length !== KEY_BYTES) {
    throw new OperatorError(
      `${subject}: expected a key of ${KEY_BYTES} bytes as 64 hex digits or in base64, got ${word.length} characters`,
      NO_KEY_HINT,
    );
  }
  return bytes;
}
