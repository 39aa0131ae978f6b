// What an operator can put right: one sentence that says what is wrong, and a hint where there is something to do. The
// command prints the two, and ends with status 1. Never a secret, and never a peer's address.

export class OperatorError extends Error {
  override readonly name = "OperatorError";
  /** What to do about it. */
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}
