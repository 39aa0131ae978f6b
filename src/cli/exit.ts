// How a run ends: the exit codes, and the failures that have a code of their own.

import { Failure } from "../files/failure.js";
import { AnotherRun, LockLost } from "../process/run-lock.js";
import { ConfigFailure } from "../process/shape.js";

/** The exit codes of docs/cli.md. A signal gives 128 plus its number, as in a shell. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  someLeftOut: 3,
  noRows: 4,
  tooManyLeftOut: 5,
  incomplete: 6,
  anotherRun: 7,
  notInTime: 8,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** The command line is wrong, or an environment variable that stands in for an option. */
export class UsageFailure extends Failure {}

export function usageFailure(message: string, hint?: string): UsageFailure {
  return new UsageFailure(message, hint);
}

/** The exit code of a run that ends with this failure. */
export function exitCodeOf(failure: Failure): number {
  if (failure instanceof UsageFailure || failure instanceof ConfigFailure) return EXIT.usage;
  return failure instanceof AnotherRun || failure instanceof LockLost ? EXIT.anotherRun : EXIT.failed;
}
