// --origins: what the values of a question are called, as prio-processor has it: a JSON array of objects with a name, a
// hash and their index. Labels as for --labels do as well.

import { systemFailure } from "../files/failure.js";
import { readSmallFile } from "../files/small-file.js";
import { usageFailure } from "./exit.js";

/** What a value is called. */
export interface Origin {
  readonly name: string;
  readonly hash: string;
}

/** In bytes: room for the most values that there can be. */
const MAX_ORIGINS = 2 ** 26;

/** The origins in a file, in the order of their indices. Throws a usage failure when it holds anything else. */
export function readOrigins(path: string): Origin[] {
  const text = textOf(path);
  if (!text.trimStart().startsWith("[")) {
    return text.trim() === ""
      ? []
      : text
          .trim()
          .split(/\r?\n/)
          .map((name) => ({ name, hash: "" }));
  }
  const expected = usageFailure(
    `${path}: expected a JSON array of objects with "name", "hash" and "index", or of texts`,
  );
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    throw expected;
  }
  return (entries as unknown[]).map((entry, i) => {
    if (typeof entry === "string") return { name: entry, hash: "" };
    const { name, hash = "", index = i } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof name !== "string" || typeof hash !== "string") throw expected;
    // Whoever sorts or cuts the list would give all totals after that place the wrong name.
    if (index !== i) throw usageFailure(`${path}: entry ${i}: expected index ${i}, got ${JSON.stringify(index)}`);
    return { name, hash };
  });
}

function textOf(path: string): string {
  try {
    const bytes = readSmallFile(path, MAX_ORIGINS);
    if (bytes === null) throw usageFailure(`${path}: expected at most ${MAX_ORIGINS} bytes, got more`);
    return bytes.toString("utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}
