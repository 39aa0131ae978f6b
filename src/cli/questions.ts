// Questions whose values are spread over several batches, as Firefox's are: the batches and so on hold the
// values of question X, one after the other.

import type { SizedBatch } from "./data-config.js";
import { usageFailure } from "./exit.js";

/** Where the values of a batch are among those of its question. */
export interface QuestionPart {
  readonly question: string;
  /** Its number, from 0. */
  readonly part: number;
  readonly offset: number;
  readonly count: number;
  readonly precision: number | undefined;
}

/**
 * The part of a question that each batch is, in the order of the questions. A batch without a number at its end is a
 * question of its own. Throws a usage failure when a question lacks a part; `path` is the file of the batches.
 */
export function questionParts(batches: readonly SizedBatch[], path: string): ReadonlyMap<string, QuestionPart> {
  const questions = new Map<string, { readonly number: number; readonly batch: SizedBatch }[]>();
  for (const batch of batches) {
    const [, question = batch.batchId, digits = "0"] = /^(.+)-(\d{1,6})$/s.exec(batch.batchId) ?? [];
    questions.set(question, [...(questions.get(question) ?? []), { number: Number(digits), batch }]);
  }
  const parts = new Map<string, QuestionPart>();
  for (const [question, found] of questions) {
    let offset = 0;
    found.sort((a, b) => a.number - b.number);
    for (const [part, { number, batch }] of found.entries()) {
      const { batchId, count, precision } = batch;
      if (number !== part) {
        const missing = JSON.stringify(`${question}-${part}`);
        throw usageFailure(
          number < part
            ? `${path}: ${JSON.stringify(batchId)} is part ${number} of a question that has one already`
            : `${path}: batch ${JSON.stringify(batchId)} is there, and ${missing} is not`,
          "the number at the end of a batch id says where its values come among those of the question",
        );
      }
      parts.set(batchId, { question, part, offset, count, precision });
      offset += count;
    }
  }
  return parts;
}
