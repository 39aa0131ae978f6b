// What visitors are asked, and how a report holds their answers: one field for each yes/no question, then the bits of
// the number, most significant first.

export interface Question {
  /** Names the field where there is little room. */
  readonly short: string;
  readonly text: string;
  /** How many in 100 simulated visitors say yes. */
  readonly yes: number;
}

export const questions: readonly Question[] = [
  { short: "slept well", text: "Did you sleep well last night?", yes: 62 },
  { short: "told a lie", text: "Have you told a lie this week?", yes: 38 },
  { short: "cried", text: "Have you cried this month?", yes: 27 },
  { short: "read terms", text: "Do you read the terms before you accept them?", yes: 9 },
];

/** A number of 4 bits: 0 to 15. */
export const number = { short: "cups", summed: "Cups of coffee or tea yesterday", bits: 4 };
export const MAX_NUMBER: number = 2 ** number.bits - 1;

export const FIELDS: number = questions.length + number.bits;

/** A short name for each field of a report. */
export const fieldNames: readonly string[] = [
  ...questions.map(({ short }) => short),
  ...Array.from({ length: number.bits }, (_, k) => `${number.short}: ${2 ** (number.bits - 1 - k)}s`),
];

export interface Answers {
  readonly yes: readonly boolean[];
  readonly cups: number;
}

/** The cheat of this page: a 2 for the first answer, so that it counts twice. */
export function cheat(fields: readonly number[]): number[] {
  return [2, ...fields.slice(1)];
}

/** The fields of a report, each 0 or 1. */
export function toFields({ yes, cups }: Answers): number[] {
  const bits = Array.from({ length: number.bits }, (_, k) => (cups >> (number.bits - 1 - k)) & 1);
  return [...yes.map(Number), ...bits];
}

/** What totals of fields say: how many said yes to each question, and the sum of all numbers. */
export function readTotals(totals: readonly number[]): { yes: number[]; cups: number } {
  const bits = totals.slice(questions.length);
  return { yes: totals.slice(0, questions.length), cups: bits.reduce((sum, total) => 2 * sum + total, 0) };
}
