// What is shown of a text that comes from outside: values of options, names of files, contents of rows. It may hold a
// secret that was pasted into the wrong place, or characters that steer a terminal.

/** So many bytes in hex are taken for a key, or for a part of one. */
const SECRET_HEX = /[0-9a-f]{32,}/gi;
/** A run of base64, standard or for URLs, that is long enough for 15 bytes: a secret of 16 that lost a character. */
const BASE64_RUN = /[\w+/-]{20,}={0,2}/g;
/** Of so many characters that form no words, a run of base64 is taken for a secret. */
const SECRET_CHARACTERS = 8;
/** A word in lower, upper or camel case, perhaps with a number. Options, variables and paths are named by such. */
const WORD = /^(?:[A-Za-z]?[a-z]*(?:[A-Z][a-z]{2,})*|[A-Z]*)\d*$/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

const MASK = "[masked]";

/**
 * Masks what looks like a secret: 32 or more hex digits, and 16 or more bytes in base64. Names of options and most
 * paths have the alphabet of base64 too; they differ from random bytes in that they consist of words. A random secret
 * without its padding is taken for words once in 2,000 times, one with "==" never. UUIDs name reports and files, and
 * stay, and so does what is `known` to be no secret.
 */
export function masked(text: string, known: readonly string[] = []): string {
  const [first, ...others] = known;
  if (first !== undefined) {
    return text
      .split(first)
      .map((piece) => masked(piece, others))
      .join(first);
  }
  return text
    .replace(BASE64_RUN, (run) => (run.endsWith("==") || charactersOutsideWords(run) >= SECRET_CHARACTERS ? MASK : run))
    .replace(SECRET_HEX, MASK);
}

function charactersOutsideWords(run: string): number {
  const parts = run.replace(UUID, "").split(/[+/_=-]+/);
  return parts.reduce((sum, part) => (WORD.test(part) ? sum : sum + part.length), 0);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for control characters.
const STEERING = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Makes visible what would steer a terminal or forge a line of output: control characters, line breaks, and marks that
 * reverse the direction of text.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (c) => {
    const code = c.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** JSON in which nothing steers a terminal either: what would is escaped as JSON escapes it. */
export function escapedJson(value: unknown): string {
  return JSON.stringify(value).replace(STEERING, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** An untrusted text as it is shown. What is `known` to be no secret stays. */
export function shown(text: string, known: readonly string[] = []): string {
  return printable(masked(text, known));
}

/** The text in at most `length` characters. Mask it first: a part of a secret no longer looks like one. */
export function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

/** An untrusted value in quotes, cut so that something pasted by mistake does not fill the screen. */
export function quoted(text: string): string {
  return JSON.stringify(clip(masked(text), 41));
}
