// The values of a command's options: from the command line, or else from an environment variable of the option's name
// (WIRE.md section 7).

import { PrioError } from "../index.js";
import { usageFailure } from "./exit.js";
import { quoted } from "./untrusted-text.js";

/** `--batch-id` → `BATCH_ID`. */
export function environmentName(option: string): string {
  return option.toUpperCase().replaceAll("-", "_");
}

/** Options by their names: a value, several of an option that may come again, or true for one without a value. */
export type OptionValues = ReadonlyMap<string, string | readonly string[] | true>;

/** The options of one run. The command line goes first; an empty variable counts as none, as in Python's click. */
export class Options {
  readonly #values: OptionValues;
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(values: OptionValues, env: Readonly<Record<string, string | undefined>>) {
    this.#values = values;
    this.#env = env;
  }

  /** The same options with other values; undefined leaves an option out. */
  replacing(values: Readonly<Record<string, string | undefined>>): Options {
    const replaced = new Map(this.#values);
    const env = { ...this.#env };
    for (const [option, value] of Object.entries(values)) {
      delete env[environmentName(option)];
      if (value === undefined) replaced.delete(option);
      else replaced.set(option, value);
    }
    return new Options(replaced, env);
  }

  /** The value, or undefined when neither the command line nor the environment has one. */
  text(option: string): string | undefined {
    return this.texts(option).at(-1);
  }

  /** All values of an option that may come more than once. */
  texts(option: string): readonly string[] {
    const value = this.#values.get(option);
    if (value !== undefined && value !== true) return typeof value === "string" ? [value] : value;
    const text = this.#env[environmentName(option)];
    return text ? [text] : [];
  }

  /** The value on the command line: for options whose names are too common for a variable. */
  given(option: string): string | undefined {
    const value = this.#values.get(option);
    return typeof value === "string" ? value : undefined;
  }

  /** Whether an option without a value is there. */
  flag(option: string): boolean {
    return this.#values.get(option) === true;
  }

  /** Whether the value is on the command line, where every user of the machine can read it. */
  isOnCommandLine(option: string): boolean {
    return this.#values.has(option);
  }

  /** The value. Throws a usage failure when there is none. */
  required(option: string): string {
    this.require(option);
    return this.text(option) as string;
  }

  /** Throws a usage failure that names every option that is missing. */
  require(...options: readonly string[]): void {
    const missing = options.filter((option) => this.text(option) === undefined);
    if (missing.length === 0) return;
    const names = missing.map((option) => `--${option}`).join(", ");
    throw usageFailure(
      `missing option${missing.length > 1 ? "s" : ""} ${names}`,
      `an environment variable serves as well: ${missing.map(environmentName).join(", ")}`,
    );
  }

  /** The value as an integer. Throws a usage failure when it is none, or less than `min`. */
  integer(option: string, min: number): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const x = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(x >= min)) throw usageFailure(`--${option}: expected an integer of at least ${min}, got ${quoted(text)}`);
    return x;
  }

  /** The value as one of the choices. Throws a usage failure when it is another. */
  choice<T extends string>(option: string, choices: readonly T[]): T | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    return requireChoice(`--${option}`, text, choices);
  }
}

/** A text as one of the choices. Throws a usage failure when it is another. */
export function requireChoice<T extends string>(subject: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((x) => x === text);
  const listed = choices.join(", ").replace(/, ([^,]*)$/, " or $1");
  if (choice === undefined) throw usageFailure(`${subject}: expected ${listed}, got ${quoted(text)}`);
  return choice;
}

/** Makes something of an option's value; an error of the library becomes a usage failure that names the option. */
export function parseOption<T>(option: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof PrioError ? usageFailure(`--${option}: ${error.message}`) : error;
  }
}

/** Refuses a second "-": standard input can be read only once, and standard output holds one stream of rows. */
export function requireOneDash(options: Options, ...names: readonly string[]): void {
  const dashed = names.filter((option) => options.text(option) === "-");
  if (dashed.length > 1)
    throw usageFailure(`only one of ${dashed.map((option) => `--${option}`).join(" and ")} can be -`);
}

/** Refuses "-" where there must be a file or a directory: standard input holds rows, and nothing else. */
export function requireNoDash(options: Options, ...names: readonly string[]): void {
  const dashed = names.find((option) => options.texts(option).includes("-"));
  if (dashed === undefined) return;
  throw usageFailure(
    `--${dashed} cannot be -`,
    "for a file or directory named -, give ./-; for a pipe, give /dev/stdin",
  );
}
