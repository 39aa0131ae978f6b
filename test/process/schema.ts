// The JSON schema of the configuration, made of its shape, and a small validator for it that shares no code with the
// reader.

import { CONFIG_SHAPE } from "../../src/process/config.js";
import { isField, type Shape } from "../../src/process/shape.js";

export type Schema = Readonly<Record<string, unknown>>;

/** The schema of an object of a shape. What is required may come from the environment, so the file may lack it. */
function objectSchema(shape: Shape): Schema {
  const properties = Object.entries(shape).map(([name, entry]) => {
    if (!isField(entry)) return [name, objectSchema(entry)] as const;
    const { type, variable, description, fallback } = entry;
    const described = { description: `${description}. Variable: ${variable}.` };
    return [name, { ...type.schema, ...described, ...(fallback === undefined ? {} : { default: fallback }) }] as const;
  });
  return { type: "object", additionalProperties: false, properties: Object.fromEntries(properties) };
}

/** The text of docs/process.schema.json. */
export function configSchema(): Schema {
  const { properties, ...rest } = objectSchema(CONFIG_SHAPE) as { properties: object };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of `prio process`",
    ...rest,
    properties: { $schema: { type: "string" }, ...properties },
  };
}

/** Whether a value is valid, by the keywords that the schema has. Any other keyword is an error. */
export function isValid(value: unknown, schema: Schema): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`schema: unknown keyword ${keyword}`);
    return check(value, rule as never, schema);
  });
}

const isObject = (x: unknown): x is Record<string, unknown> => typeof x === "object" && x !== null && !Array.isArray(x);

const TYPES: Record<string, (x: unknown) => boolean> = {
  string: (x) => typeof x === "string",
  integer: (x) => Number.isInteger(x),
  number: (x) => typeof x === "number",
  boolean: (x) => typeof x === "boolean",
  array: Array.isArray,
  object: isObject,
};

const KEYWORDS: Record<string, (value: unknown, rule: never, schema: Schema) => boolean> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (x, rule: string) => TYPES[rule]?.(x) === true,
  enum: (x, rule: readonly unknown[]) => rule.includes(x),
  pattern: (x, rule: string) => typeof x !== "string" || new RegExp(rule, "u").test(x),
  minLength: (x, rule: number) => typeof x !== "string" || x.length >= rule,
  minimum: (x, rule: number) => typeof x !== "number" || x >= rule,
  maximum: (x, rule: number) => typeof x !== "number" || x <= rule,
  minItems: (x, rule: number) => !Array.isArray(x) || x.length >= rule,
  maxItems: (x, rule: number) => !Array.isArray(x) || x.length <= rule,
  items: (x, rule: Schema) => !Array.isArray(x) || x.every((item) => isValid(item, rule)),
  required: (x, rule: readonly string[]) => !isObject(x) || rule.every((name) => name in x),
  properties: (x, rule: Record<string, Schema>) =>
    !isObject(x) || Object.entries(rule).every(([name, inner]) => !(name in x) || isValid(x[name], inner)),
  additionalProperties: (x, rule: boolean, schema) =>
    rule || !isObject(x) || Object.keys(x).every((name) => name in (schema["properties"] as object)),
  oneOf: (x, rule: readonly Schema[]) => rule.filter((inner) => isValid(x, inner)).length === 1,
};
