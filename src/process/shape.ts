// How a configuration is described and read: a tree of fields, each with its type, its environment variable and its
// sentence for the documents. The reader, the JSON schema and the table of the documents are all made of it.

import { dirname } from "node:path";
import { Failure } from "../files/failure.js";

/** What a value may be. */
export interface ValueType<T> {
  /** What is expected, in words: `an integer of at least 1`. */
  readonly expected: string;
  /** The value, or undefined when it is none of this type. `directory` is the file's. */
  readonly parse: (value: unknown, directory: string) => T | undefined;
  /** As `parse`, of an environment variable. */
  readonly parseText: (text: string) => T | undefined;
  /** As JSON Schema has it (2020-12). */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A value of a configuration. */
export interface Field<T> {
  readonly type: ValueType<unknown>;
  /** The environment variable that goes before the file. */
  readonly variable: string;
  /** One sentence, without its full stop. */
  readonly description: string;
  /** What holds without the value, where that is a value too; as JSON for the documents. */
  readonly fallback: unknown;
  readonly isRequired: boolean;
  /** There is none: it only carries the type. */
  readonly value?: T;
}

/** An object of fields and of other objects. */
export interface Shape {
  readonly [name: string]: Field<unknown> | Shape;
}

/** What reading a shape gives. */
export type ValuesOf<S extends Shape> = {
  readonly [name in keyof S]: S[name] extends Field<infer T> ? T : S[name] extends Shape ? ValuesOf<S[name]> : never;
};

export function required<T>(type: ValueType<T>, variable: string, description: string): Field<T> {
  return { type, variable, description, fallback: undefined, isRequired: true };
}

export function optional<T>(type: ValueType<T>, variable: string, description: string): Field<T | undefined> {
  return { type, variable, description, fallback: undefined, isRequired: false };
}

export function withDefault<T>(type: ValueType<T>, fallback: T, variable: string, description: string): Field<T> {
  return { type, variable, description, fallback, isRequired: false };
}

export function isField(x: Field<unknown> | Shape): x is Field<unknown> {
  return typeof x["variable"] === "string";
}

/** Every field with its JSON pointer (RFC 6901), in the order of the shape. No name in a shape needs an escape. */
export function* fieldsOf(shape: Shape, pointer = ""): Generator<readonly [pointer: string, Field<unknown>]> {
  for (const [name, entry] of Object.entries(shape)) {
    if (isField(entry)) yield [`${pointer}/${name}`, entry];
    else yield* fieldsOf(entry, `${pointer}/${name}`);
  }
}

/** Where the values come from. */
export interface Sources {
  /** The file's name in messages; undefined without a file. */
  readonly file: string | undefined;
  /** What the file holds: {} without a file. */
  readonly json: unknown;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A value of the configuration is wrong or missing. */
export class ConfigFailure extends Failure {}

/**
 * Reads all values. A variable goes before the file; an empty one counts as none. Throws a ConfigFailure that names the
 * value that is wrong by its JSON pointer or its variable, or all that are missing.
 */
export function readShape<S extends Shape>(shape: S, sources: Sources): ValuesOf<S> {
  const missing: string[] = [];
  const values = readObject(shape, sources.json, "", sources, missing);
  if (missing.length === 0) return values as ValuesOf<S>;
  const variables = new Map(fieldsOf(shape));
  const named = missing.map((pointer) => `${pointer} (${variables.get(pointer)?.variable})`);
  throw new ConfigFailure(
    `${sources.file ?? "configuration"}: missing ${named.join(", ")}`,
    "a value is in the file of --config, or in the environment variable in brackets",
  );
}

function readObject(
  shape: Shape,
  json: unknown,
  pointer: string,
  sources: Sources,
  missing: string[],
): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw wrongValue(sources, pointer, "an object", json);
  }
  const given = new Map(Object.entries(json));
  requireKnown([...given.keys()], Object.keys(shape), pointer, sources);
  const values: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries(shape)) {
    const at = `${pointer}/${name}`;
    values[name] = isField(entry)
      ? readField(entry, given.get(name), at, sources, missing)
      : readObject(entry, given.get(name) ?? {}, at, sources, missing);
  }
  return values;
}

function readField(
  field: Field<unknown>,
  json: unknown,
  pointer: string,
  sources: Sources,
  missing: string[],
): unknown {
  const { type, variable, fallback, isRequired } = field;
  const text = sources.env[variable];
  if (text) {
    const value = type.parseText(text);
    if (value === undefined) throw new ConfigFailure(`${variable}: expected ${type.expected}, got ${quoted(text)}`);
    return value;
  }
  if (json === undefined) {
    if (isRequired) missing.push(pointer);
    return fallback;
  }
  const value = type.parse(json, dirname(sources.file ?? "."));
  if (value === undefined) throw wrongValue(sources, pointer, type.expected, json);
  return value;
}

/** Every object may name its schema, for editors. */
const SCHEMA_NAME = "$schema";

/** Throws a ConfigFailure for the first name that is none of `known`, with the one that is probably meant. */
export function requireKnown(
  names: readonly string[],
  known: readonly string[],
  pointer: string,
  { file }: Pick<Sources, "file">,
): void {
  const unknown = names.find((name) => !known.includes(name) && !(pointer === "" && name === SCHEMA_NAME));
  if (unknown === undefined) return;
  const meant = closest(unknown, known);
  throw new ConfigFailure(
    `${file ?? "configuration"}: ${pointer}/${escapePointer(unknown)}: no such value`,
    meant === undefined ? `known are: ${known.join(", ")}` : `did you mean ${meant}?`,
  );
}

/** The failure for a value of another type. */
export function wrongValue({ file }: Pick<Sources, "file">, pointer: string, expected: string, got: unknown): Failure {
  const shown = typeof got === "string" ? quoted(got) : describe(got);
  return new ConfigFailure(`${file ?? "configuration"}: ${pointer || "/"}: expected ${expected}, got ${shown}`);
}

/** A text in quotes; a long one is cut, and what looks like a secret is masked where messages are shown. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}

/** A value that is no text, by its kind. */
function describe(value: unknown): string {
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (value === undefined) return "nothing";
  return Array.isArray(value) ? `an array of ${value.length}` : "an object";
}

/** As RFC 6901 escapes a name; cut, because anything can stand there. */
function escapePointer(name: string): string {
  const short = name.length > 40 ? `${name.slice(0, 39)}…` : name;
  return short.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Edits that a typing error may be away from what was meant. */
const MAX_EDITS = 2;

/** The name that differs in the fewest letters, whatever their case, or undefined when all differ in more than two. */
export function closest(name: string, names: readonly string[]): string | undefined {
  const edits = names.map((known) => [distance(name.slice(0, 40).toLowerCase(), known.toLowerCase()), known] as const);
  const [best] = edits.sort(([a], [b]) => a - b);
  return best !== undefined && best[0] <= Math.min(MAX_EDITS, name.length - 1) ? best[1] : undefined;
}

/** Letters to insert, remove, replace or swap with their neighbour, to make one text of the other. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(replaced, at(i - 1, j) + 1, at(i, j - 1) + 1, swapped));
    }
  }
  return at(a.length, b.length);
}
