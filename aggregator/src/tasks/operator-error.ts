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

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EEXIST: "there is a file of this name",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  ENOSPC: "no space left",
  EROFS: "read-only file system",
  EADDRINUSE: "another program uses it",
  ENOTFOUND: "there is no such host",
  EADDRNOTAVAIL: "this machine does not have the address",
};

/** What the system's error says, in a few words; undefined for any other error. */
export function systemReason(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  return code !== undefined && /^E[A-Z]+$/.test(code) ? (SYSTEM_WORDS[code] ?? code) : undefined;
}
