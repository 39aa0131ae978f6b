// How many columns of a terminal a text takes: CJK characters and emoji take two, marks that join others none.

import { eastAsianWidth } from "get-east-asian-width";

/** What a reader sees as one character, though it may be several code points: a letter with marks, a joined emoji. */
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const charactersOf = (text: string): string[] => Array.from(segmenter.segment(text), ({ segment }) => segment);

/** An emoji by itself, or by the selector U+FE0F after it. */
const EMOJI = /\p{Emoji_Presentation}|\uFE0F/u;
/** Code points that stand on no column of their own. */
const ZERO_WIDTH = /^(?:\p{Default_Ignorable_Code_Point}|\p{Control}|\p{Format}|\p{Mark}|\p{Surrogate})+/u;

/** The columns of one character. */
function columnsOf(character: string): number {
  if (EMOJI.test(character)) return 2;
  const [first] = character.replace(ZERO_WIDTH, "");
  return first === undefined ? 0 : eastAsianWidth(first.codePointAt(0) as number);
}

/** The columns that a text without line breaks takes. */
export function displayWidth(text: string): number {
  // Most texts, and much faster.
  if (/^[ -~]*$/.test(text)) return text.length;
  return charactersOf(text).reduce((sum, character) => sum + columnsOf(character), 0);
}

/** The text in at most so many columns; one that is longer ends with an ellipsis. */
export function clipColumns(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let [clipped, left] = ["", columns - 1];
  for (const character of charactersOf(text)) {
    left -= columnsOf(character);
    if (left < 0) break;
    clipped += character;
  }
  return `${clipped}…`;
}

/** The text with spaces after it, up to so many columns. */
export function padColumns(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}
