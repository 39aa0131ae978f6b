// The types of values that a configuration has, from JSON and from environment variables.

import { isAbsolute, join } from "node:path";
import { PublicKey } from "../index.js";
import type { ValueType } from "./shape.js";

/** Text as it is, of at least one character. `isText` may ask for more; `pattern` says it in the schema. */
export function text(expected = "a text", pattern = "^[^\\x00-\\x1f\\x7f]+$"): ValueType<string> {
  const rule = new RegExp(pattern, "u");
  const parse = (value: unknown): string | undefined =>
    typeof value === "string" && rule.test(value) ? value : undefined;
  return { expected, parse, parseText: parse, schema: { type: "string", pattern } };
}

export function choice<const T extends string>(...choices: readonly T[]): ValueType<T> {
  const parse = (value: unknown): T | undefined => choices.find((x) => x === value);
  const expected = choices.map((x) => `"${x}"`).join(" or ");
  return { expected, parse, parseText: parse, schema: { enum: [...choices] } };
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): ValueType<number> {
  const parse = (value: unknown): number | undefined =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max ? (value as number) : undefined;
  const most = max === Number.MAX_SAFE_INTEGER ? {} : { maximum: max };
  return {
    expected: "maximum" in most ? `an integer from ${min} to ${max}` : `an integer of at least ${min}`,
    parse,
    parseText: (given) => (/^\d{1,15}$/.test(given) ? parse(Number(given)) : undefined),
    schema: { type: "integer", minimum: min, ...most },
  };
}

/** A number that need not be an integer. */
export function number(min: number, max: number): ValueType<number> {
  const parse = (value: unknown): number | undefined =>
    typeof value === "number" && value >= min && value <= max ? value : undefined;
  return {
    expected: `a number from ${min} to ${max}`,
    parse,
    parseText: (given) => (/^\d{1,9}(?:\.\d{1,9})?$/.test(given) ? parse(Number(given)) : undefined),
    schema: { type: "number", minimum: min, maximum: max },
  };
}

export const flag: ValueType<boolean> = {
  expected: "true or false",
  parse: (value) => (typeof value === "boolean" ? value : undefined),
  parseText: (given) => (given === "true" ? true : given === "false" ? false : undefined),
  schema: { type: "boolean" },
};

const PATH = "^[^\\x00]+$";

/** A path. In a file, a relative one starts at the directory of that file. */
export const path: ValueType<string> = {
  expected: "a path",
  parse: (value, directory) => {
    if (typeof value !== "string" || value === "" || value.includes("\0")) return;
    return isAbsolute(value) ? value : join(directory, value);
  },
  parseText: (given) => given,
  schema: { type: "string", pattern: PATH },
};

/** Paths; in a variable, one. */
export const paths: ValueType<readonly string[]> = {
  expected: "an array of paths",
  parse: (value, directory) => {
    if (!Array.isArray(value) || value.length === 0) return;
    const all = value.map((item) => path.parse(item, directory));
    return all.includes(undefined) ? undefined : (all as string[]);
  },
  parseText: (given) => [given],
  schema: { type: "array", minItems: 1, items: path.schema },
};

/** A public key; as upper-case hex, which is how it stands in paths of stores. */
export const publicKey: ValueType<string> = {
  expected: "a public key of 64 hex digits",
  parse: (value) => {
    if (typeof value !== "string" || !/^[0-9a-f]{64}$/i.test(value)) return;
    return PublicKey.fromHex(value).toHex();
  },
  parseText: (given) => publicKey.parse(given.trim(), "."),
  schema: { type: "string", pattern: "^[0-9A-Fa-f]{64}$" },
};

/** Names between slashes, for keys of objects. */
const NAMES = "^(?!\\.\\.?(?:/|$))[^/\\\\\\x00-\\x1f\\x7f]+(?:/(?!\\.\\.?(?:/|$))[^/\\\\\\x00-\\x1f\\x7f]+)*$";
/** One such name. */
const NAME = "^(?!\\.\\.?$)[^/\\\\\\x00-\\x1f\\x7f]{1,128}$";

export const objectPrefix: ValueType<string> = text('names between slashes, such as "data/v1"', NAMES);
export const objectName: ValueType<string> = text('a name without slashes, such as "survey"', NAME);

const URL_OF_STORE = "^(?:s3://[^/].*|file:///.*|/.*|\\.{1,2}/.*)$";

/**
 * Where a store is: `s3://bucket/prefix`, or a directory, which begins with `/`, `./` or `../`. In a variable, anything
 * else is the name of a bucket, as prio-processor has it.
 */
export const location: ValueType<string> = {
  expected: '"s3://BUCKET", or a directory that begins with "/" or "./"',
  parse: (value, directory) => {
    if (typeof value !== "string" || !new RegExp(URL_OF_STORE, "u").test(value)) return;
    return value.startsWith(".") ? join(directory, value) : value;
  },
  parseText: (given) => location.parse(given, ".") ?? (given.includes("://") ? undefined : `s3://${given}`),
  schema: { type: "string", pattern: URL_OF_STORE },
};
